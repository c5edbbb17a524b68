namespace Amalgam.ControlPlane.Ports;

/// <summary>
/// What starts and stops members on real machines. Commands are idempotent and carry the lease's generation: a generation older than the last
/// one seen for a lease is refused. The engine keeps what it started alive when the control plane dies, and finds it again.
/// </summary>
public interface IEngine
{
    /// <summary>The engine's name in node names and explanations, for instance `local`.</summary>
    string Name { get; }

    /// <summary>Whether a node of this name is one of its own, also while it cannot be seen.</summary>
    bool Owns(string node) => node.StartsWith(Name + "/", StringComparison.Ordinal);

    /// <summary>How many starts, each of another lease, it takes at the same time.</summary>
    int StartsAtOnce => 1;

    /// <summary>Nodes and devices that exist now. A device that is gone is reported unhealthy, with the reason.</summary>
    ValueTask<EngineInventory> InventoryAsync(CancellationToken cancel);

    /// <summary>Carries out one command. Done twice it does nothing the second time. Throws <see cref="EngineException"/> with one clear line.</summary>
    ValueTask ApplyAsync(EngineCommand command, CancellationToken cancel);

    /// <summary>Every member the engine knows: running, and exited until it is forgotten by <see cref="ForgetMember"/>.</summary>
    ValueTask<IReadOnlyList<MemberObservation>> ObserveAsync(CancellationToken cancel);
}

/// <summary>The output of members, live and kept.</summary>
public interface IMemberLogs
{
    /// <summary>
    /// Lines of one lease's standard output and error in the order they were written. With <paramref name="follow"/> it goes on until the member has
    /// ended and everything was read. <paramref name="tailLines"/> null = from the beginning. Empty for a lease that never started.
    /// </summary>
    IAsyncEnumerable<LogLine> ReadAsync(string leaseId, bool follow, int? tailLines, CancellationToken cancel);
}

public sealed record LogLine(string Stream, string Text);

public sealed class EngineException(string message, Exception? inner = null) : Exception(message, inner);
