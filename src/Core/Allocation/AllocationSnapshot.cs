using System.Collections.Immutable;

namespace Amalgam.Core.Allocation;

/// <summary>Everything that one cycle may know. Same snapshot, same plan, on every machine.</summary>
public sealed record AllocationSnapshot
{
    /// <summary>The instant of the cycle, in milliseconds since whatever epoch the caller keeps to.</summary>
    public required long NowMs { get; init; }

    public ImmutableArray<NodeState> Nodes { get; init; } = [];

    /// <summary>In order of creation. A unit whose parent is null is a root; several roots are siblings.</summary>
    public ImmutableArray<UnitState> Units { get; init; } = [];

    /// <summary>Running and waiting ones alike, in order of creation. One without any lease is waiting.</summary>
    public ImmutableArray<WorkloadState> Workloads { get; init; } = [];

    public ImmutableArray<MemberLease> Leases { get; init; } = [];

    public AllocationSettings Settings { get; init; } = AllocationSettings.Default;

    public AllocationHistory History { get; init; } = AllocationHistory.Empty;

    /// <summary>Placement weighs by it what a place could still earn for others.</summary>
    public TypicalWork Typical { get; init; } = TypicalWork.Unknown;
}

/// <summary>One machine with equal devices of one class.</summary>
public sealed record NodeState
{
    public required string Name { get; init; }

    /// <summary>The physical machine, where several nodes are parts of one; topology only.</summary>
    public string? Machine { get; init; }

    public required string ChipClass { get; init; }

    public required int Devices { get; init; }

    /// <summary>Memory of each device, in MiB; 0 = not accounted for.</summary>
    public long MemoryMiB { get; init; }

    public string? Rack { get; init; }

    /// <summary>CPU of the whole node, in thousandths of a core; 0 = not a constraint.</summary>
    public long CpuMilli { get; init; }

    /// <summary>RAM of the whole node, in MiB; 0 = not a constraint.</summary>
    public long RamMiB { get; init; }

    /// <summary>False while the whole node is lost or in maintenance.</summary>
    public bool Healthy { get; init; } = true;

    /// <summary>Indices of single devices that are broken; usually empty.</summary>
    public ImmutableArray<int> UnhealthyDevices { get; init; } = [];
}

/// <summary>One node of the organisation tree. Workloads live in leaves.</summary>
public sealed record UnitState
{
    public required string Name { get; init; }

    public string? Parent { get; init; }

    /// <summary>Claim on what nobody is guaranteed, relative to the siblings; 0 = exactly the guarantee.</summary>
    public double Weight { get; init; } = 1;

    public ChipAmounts Guarantee { get; init; } = ChipAmounts.None;

    /// <summary>Guaranteed as these very devices (contracts); comes on top of nothing: the guarantee is the larger of both.</summary>
    public ChipAmounts Firm { get; init; } = ChipAmounts.None;

    /// <summary>A class that is not named has no limit.</summary>
    public ChipAmounts Limit { get; init; } = ChipAmounts.None;

    /// <summary>How long a lease of this unit is safe from reclaim; null = as the parent says, 0 at the root.</summary>
    public long? MinRuntimeMs { get; init; }

    /// <summary>How long a workload may be overtaken before devices are gathered for it; null = as the parent says, never at the root.</summary>
    public long? MaxWaitMs { get; init; }
}

public enum WorkloadKind
{
    /// <summary>Runs to completion; its members start together.</summary>
    Job,

    /// <summary>Replicas that start and stop one by one.</summary>
    Service,
}

public sealed record WorkloadState
{
    public required string Id { get; init; }

    /// <summary>For sentences that people read.</summary>
    public required string Name { get; init; }

    public required string Unit { get; init; }

    public WorkloadKind Kind { get; init; } = WorkloadKind.Job;

    /// <summary>Gang members, or replicas wanted.</summary>
    public int Members { get; init; } = 1;

    /// <summary>The least number of members a job can run with; null = all of them (a service: 1).</summary>
    public int? ElasticMin { get; init; }

    /// <summary>Per member: below 1000 a share of one device, otherwise whole devices of one node; 0 = CPU and RAM beside the devices only.</summary>
    public long DevicesMilli { get; init; } = 1000;

    /// <summary>What each device of a member must have free, in MiB.</summary>
    public long MemoryMiB { get; init; }

    /// <summary>CPU per member, in thousandths of a core.</summary>
    public long CpuMilli { get; init; }

    /// <summary>RAM per member, in MiB.</summary>
    public long RamMiB { get; init; }

    /// <summary>Speed by chip class in millionths of the speed on the best class; a class not named, or 0, cannot run it.</summary>
    public required ImmutableArray<ClassSpeed> Speeds { get; init; }

    public int Priority { get; init; }

    public bool Preemptible { get; init; } = true;

    /// <summary>Can carry on later from where it was stopped; only such a job is re-ordered at the end of a lease term.</summary>
    public bool Resumable { get; init; }

    /// <summary>Time between checkpoints; null = none, all work since the start is lost when evicted.</summary>
    public long? CheckpointEveryMs { get; init; }

    /// <summary>Overrides the unit's; null = as the unit says.</summary>
    public long? MaxWaitMs { get; init; }

    /// <summary>Members may sit on different chip classes.</summary>
    public bool Mixed { get; init; }

    /// <summary>Held back by a person.</summary>
    public bool Held { get; init; }

    /// <summary>What policies and budgets decided before the cycle, per class.</summary>
    public ImmutableArray<ClassRefusal> Refusals { get; init; } = [];

    /// <summary>What the user says it takes, in milliseconds at speed 1; null = not said.</summary>
    public long? DeclaredMs { get; init; }

    /// <summary>Work done so far, in milliseconds at speed 1.</summary>
    public long AttainedMs { get; init; }

    public long SubmittedMs { get; init; }

    /// <summary>When it last lost its devices; null = it has waited since it was submitted. Patience is counted from here.</summary>
    public long? WaitingSinceMs { get; init; }
}

/// <summary>Speed on a class, in millionths of the speed on the best class.</summary>
public readonly record struct ClassSpeed(string ChipClass, int Millionths);

public enum RefusalKind
{
    Admission,
    Budget,
}

/// <summary>A class that a workload may not use now. <paramref name="ChipClass"/> null = no class at all.</summary>
public sealed record ClassRefusal(string? ChipClass, RefusalKind Kind, string Detail, string SmallestChange);

/// <summary>Devices held by one member of a workload.</summary>
public sealed record MemberLease
{
    public required string WorkloadId { get; init; }

    public int Member { get; init; }

    public required string Node { get; init; }

    public required ImmutableArray<int> Devices { get; init; }

    /// <summary>Of each of these devices.</summary>
    public long MilliPerDevice { get; init; } = 1000;

    public required long SinceMs { get; init; }

    /// <summary>Fencing number: the caller counts it up at every start and an engine refuses an older one.</summary>
    public long Generation { get; init; }

    /// <summary>
    /// Already told to end (evicted, drained) but not ended. The planner counts its devices as free and may give them away;
    /// whoever carries the plan out starts nothing on a device before the lease on it has ended.
    /// </summary>
    public bool Ending { get; init; }
}

public sealed record AllocationSettings
{
    public static AllocationSettings Default { get; } = new();

    /// <summary>A running workload that can resume may be re-ordered against waiting ones after this time.</summary>
    public long LeaseTermMs { get; init; } = 360_000;

    /// <summary>Half-life of debts by class; a class not named takes one week while it is scarce and none while it is abundant; 0 = no memory.</summary>
    public ChipAmounts HalfLifeMs { get; init; } = ChipAmounts.None;

    /// <summary>Re-place running workloads to make room for waiting gangs.</summary>
    public bool Moves { get; init; } = true;
}

/// <summary>What units are owed, carried from plan to plan. Debts exist between units, never between workloads.</summary>
public sealed record AllocationHistory(long AsOfMs, ImmutableArray<UnitDebt> Debts)
{
    public static AllocationHistory Empty { get; } = new(0, []);

    /// <summary>The debts that this history has and the other has not, or has otherwise; what is no longer owed as a debt of nothing.</summary>
    public AllocationHistory Since(AllocationHistory before)
    {
        ArgumentNullException.ThrowIfNull(before);
        var known = before.Debts.ToDictionary(debt => (debt.Unit, debt.ChipClass));
        var changed = Debts.Where(debt => !known.Remove((debt.Unit, debt.ChipClass), out var was) || was != debt).ToList();
        changed.AddRange(known.Values.Select(gone => gone with { MilliDeviceMs = 0, RateMilli = 0 }));
        return new(AsOfMs, [.. changed]);
    }

    /// <summary>The other way round: the debts before with these put in their place.</summary>
    public AllocationHistory Over(AllocationHistory before)
    {
        ArgumentNullException.ThrowIfNull(before);
        var debts = before.Debts.ToDictionary(debt => (debt.Unit, debt.ChipClass));
        foreach (var debt in Debts)
        {
            if (debt is { MilliDeviceMs: 0, RateMilli: 0 })
            {
                debts.Remove((debt.Unit, debt.ChipClass));
            }
            else
            {
                debts[(debt.Unit, debt.ChipClass)] = debt;
            }
        }

        return new(AsOfMs, [.. debts.Values]);
    }
}

/// <summary>What a unit got less (positive) or more (negative) than its target.</summary>
/// <param name="MilliDeviceMs">Milli-device-milliseconds owed when the debt was written.</param>
/// <param name="RateMilli">Milli-devices by which it has been short since.</param>
/// <param name="SinceMs">When the debt was written; null = with the history. One whose rate stays the same stays as it is written.</param>
public readonly record struct UnitDebt(string Unit, string ChipClass, long MilliDeviceMs, long RateMilli, long? SinceMs = null);
