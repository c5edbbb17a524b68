using System.Collections.Immutable;

namespace Amalgam.Core.Allocation;

/// <summary>The outcome of a cycle. It says everything: whoever carries it out has no choices left.</summary>
public sealed record AllocationPlan
{
    public required long AtMs { get; init; }

    /// <summary>In the order in which they are to be carried out.</summary>
    public ImmutableArray<AllocationDecision> Decisions { get; init; } = [];

    /// <summary>Every workload that holds nothing afterwards, in the order of the snapshot.</summary>
    public PendingCollection Pending { get; init; } = [];

    /// <summary>What each unit should hold now, for every unit of the tree that has any.</summary>
    public ImmutableArray<UnitTarget> Targets { get; init; } = [];

    public ImmutableArray<ChipPrice> Prices { get; init; } = [];

    /// <summary>The certificate: 1 - exp(-(dual - primal) / sum of weights); 0 = proved best.</summary>
    public double Gap { get; init; }

    /// <summary>By how much the healthy stock falls short of a promise. Empty in good times.</summary>
    public ImmutableArray<UnitShortfall> Shortfalls { get; init; } = [];

    public AllocationHistory History { get; init; } = AllocationHistory.Empty;

    /// <summary>Plan again at this instant even if nothing happens (a lease term ends, a shield falls); null = never.</summary>
    public long? NextWakeMs { get; init; }
}

public abstract record AllocationDecision(string WorkloadId);

/// <summary>The whole gang begins.</summary>
/// <param name="ChipClass">Where all its members sit; for a workload that says mixed, the class of the first.</param>
public sealed record StartDecision(string WorkloadId, string ChipClass, ImmutableArray<MemberPlacement> Members)
    : AllocationDecision(WorkloadId);

/// <summary>The whole workload ends its leases and waits again.</summary>
/// <param name="BeneficiaryId">For whom; null where nobody in particular gains (a node was lost, a limit was lowered).</param>
public sealed record EvictDecision(string WorkloadId, string? BeneficiaryId, EvictionReason Reason)
    : AllocationDecision(WorkloadId);

/// <summary>The same number of members, some on other devices. <paramref name="Members"/>: all, as they are afterwards.</summary>
public sealed record MoveDecision(string WorkloadId, ImmutableArray<MemberPlacement> Members, string? BeneficiaryId)
    : AllocationDecision(WorkloadId);

/// <summary>More or fewer members, at least the minimum. <paramref name="Members"/>: all, as they are afterwards.</summary>
public sealed record ResizeDecision(string WorkloadId, ImmutableArray<MemberPlacement> Members, string? BeneficiaryId)
    : AllocationDecision(WorkloadId);

public sealed record MemberPlacement(int Member, string Node, ImmutableArray<int> Devices, long MilliPerDevice);

public enum EvictionReason
{
    /// <summary>Another unit asks for what it is guaranteed.</summary>
    Guarantee,

    /// <summary>Another unit is below its target and this one above.</summary>
    Share,

    /// <summary>A workload of the same unit has a higher priority.</summary>
    Priority,

    /// <summary>The lease term is over and a workload of the same unit comes first in the order.</summary>
    Term,

    /// <summary>A limit was lowered.</summary>
    Limit,

    /// <summary>Its devices are no longer there.</summary>
    Lost,

    /// <summary>A person holds it, or a policy or budget no longer lets it run.</summary>
    Refused,
}

/// <summary>The closed list, in order of precedence.</summary>
public enum PendingReason
{
    Held,
    Admission,
    NoSuchChip,
    TooLarge,
    Limit,
    Budget,
    GuaranteeOnly,
    Gathering,
    Share,
    Fragmented,
    Capacity,
}

/// <param name="Detail">One sentence for people: why it waits.</param>
/// <param name="SmallestChange">One sentence for people: the least that would start it.</param>
/// <param name="PlannedStartMs">Where devices are being gathered and the end of those in the way is known.</param>
public sealed record PendingWorkload(
    string WorkloadId, PendingReason Reason, string Detail, string SmallestChange, long? PlannedStartMs)
{
    /// <summary>The smallest change where it is one that a call can make at once; null where somebody must add, end or wait for something.</summary>
    public LimitRaise? Remedy { get; init; }
}

/// <summary>A unit's limit of one class that, were it <paramref name="Milli"/>, would no longer be in the way.</summary>
public sealed record LimitRaise(string Unit, string ChipClass, long Milli);

public readonly record struct UnitTarget(string Unit, string ChipClass, long Milli);

/// <summary>Scarcity price of a class: what one more device of it would be worth, in millionths; 0 = abundant.</summary>
public readonly record struct ChipPrice(string ChipClass, long Millionths);

public sealed record UnitShortfall(string Unit, string ChipClass, long PromisedMilli, long CoveredMilli, bool Firm);
