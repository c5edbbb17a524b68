namespace Amalgam.Contracts;

/// <summary>GET /api/v1/nodes: equal devices of one class on one machine, and who holds each.</summary>
public sealed record NodeView
{
    public required string Name { get; init; }

    public required string Engine { get; init; }

    public required string Machine { get; init; }

    public required string ChipClass { get; init; }

    public string? Rack { get; init; }

    public long MemoryMiBPerDevice { get; init; }

    public bool Simulated { get; init; }

    public IReadOnlyList<DeviceView> Devices { get; set; } = [];
}

/// <summary>GET /api/v1/holdings: the devices of one class that are in the same hands, counted. A pool of thousands is a few lines.</summary>
/// <param name="State">`held`, `idle` or `lost`.</param>
/// <param name="Unit">Of `held`: who holds most of each; null = units that the key does not see.</param>
/// <param name="Devices">Whole devices, also where only a part of one is leased.</param>
/// <param name="Leased">How much of them is leased, in devices.</param>
/// <param name="Problem">Of `lost`: why the first of them is not healthy.</param>
public sealed record HoldingView(string ChipClass, string State, string? Unit, int Devices, decimal Leased, string? Problem);

/// <param name="Problem">Why it is not healthy.</param>
/// <param name="Holders">Open leases on it; null = none.</param>
public sealed record DeviceView(int Index, bool Healthy, string? Problem, IReadOnlyList<HolderView>? Holders);

/// <param name="Unit">Null = a unit that the key does not see; then the workload and the lease are not told either.</param>
/// <param name="Share">Of the device, more than 0 and at most 1.</param>
public sealed record HolderView(string? Unit, string? Workload, string? Lease, decimal Share);

/// <summary>GET /api/v1/queue: what is open in the key's subtree, counted, and what waits longest.</summary>
public sealed record QueueView
{
    public int Waiting { get; init; }

    public int Starting { get; init; }

    public int Running { get; init; }

    /// <summary>Services without a replica because nobody asks.</summary>
    public int Asleep { get; init; }

    public int Stopping { get; init; }

    /// <summary>Of the waiting ones, the most frequent first.</summary>
    public IReadOnlyList<QueueReasonView> Reasons { get; set; } = [];

    /// <summary>Waiting ones, the longest wait first, at most as many as were asked for.</summary>
    public IReadOnlyList<WorkloadView> Longest { get; set; } = [];
}

/// <param name="Reason">From the closed list, or `planned-next` for what no cycle has looked at yet.</param>
public sealed record QueueReasonView(string Reason, int Workloads, DateTimeOffset Oldest);

/// <summary>GET /api/v1/changes</summary>
/// <param name="Sequence">The last record of the journal.</param>
public sealed record ChangesView(long Sequence);
