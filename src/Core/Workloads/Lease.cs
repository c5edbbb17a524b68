using System.Collections.Immutable;

namespace Amalgam.Core.Workloads;

/// <summary>Devices held by one member of a workload from one instant to another. Everything that is metered comes from leases.</summary>
public sealed record Lease
{
    public required string Id { get; init; }

    public required string WorkloadId { get; init; }

    public required string Unit { get; init; }

    public required int Member { get; init; }

    public required string Node { get; init; }

    public required string ChipClass { get; init; }

    public required ImmutableArray<int> Devices { get; init; }

    public long MilliPerDevice { get; init; } = 1000;

    /// <summary>On a node that does not exist; shown wherever a person sees it, the bill included.</summary>
    public bool Simulated { get; init; }

    /// <summary>Catalogue id of the runtime that the replica uses; null for jobs.</summary>
    public string? Runtime { get; init; }

    public required long FromMs { get; init; }

    /// <summary>Told to end at this instant; it still holds its devices.</summary>
    public long? EndingMs { get; init; }

    /// <summary>Why it was told to end.</summary>
    public LeaseEnd? EndingBecause { get; init; }

    public long? ToMs { get; init; }

    public LeaseEnd? EndedBecause { get; init; }

    /// <summary>Of the member; null while it runs and for one that was lost.</summary>
    public int? ExitCode { get; init; }

    /// <summary>One line for a person.</summary>
    public string? Detail { get; init; }

    /// <summary>Charged up to here (exclusive).</summary>
    public long ChargedToMs { get; init; }

    /// <summary>Fencing number of the engine's commands; grows with the journal.</summary>
    public long Generation { get; init; }

    public long MilliDevices => Devices.Length * MilliPerDevice;

    public bool IsOpen => ToMs is null;
}

public enum LeaseEnd
{
    /// <summary>The member ended by itself.</summary>
    Finished,

    /// <summary>A person stopped the workload.</summary>
    Stopped,

    /// <summary>The time limit of the job was over.</summary>
    TimeLimit,

    /// <summary>Fewer replicas are wanted.</summary>
    ScaledDown,

    /// <summary>Somebody with a better claim needed the devices.</summary>
    Evicted,

    /// <summary>A gang member ended, so the others must.</summary>
    GangEnded,

    /// <summary>The cloud was stopped.</summary>
    CloudStopped,

    /// <summary>The member vanished: node or process lost.</summary>
    Lost,

    /// <summary>It could not be started.</summary>
    FailedToStart,

    /// <summary>A replica that no longer answered.</summary>
    Unhealthy,

    /// <summary>A hard budget has no more to set aside for it.</summary>
    Budget,

    /// <summary>The engine's own scheduler did not give the devices, or gave them to others: the workload waits for a new plan.</summary>
    TakenBack,
}
