using System.Collections.Immutable;
using Amalgam.Core.Allocation;
using Amalgam.Core.Ledger;
using Amalgam.Core.Workloads;

namespace Amalgam.Simulation.Journal;

/// <summary>What a cloud was asked for and what it had, from its journal, without what its rules made of it. Times in Unix milliseconds.</summary>
internal sealed record RecordedDemand
{
    public required long FromMs { get; init; }

    public required long ToMs { get; init; }

    /// <summary>In order of time.</summary>
    public required ImmutableArray<RecordedChange> Changes { get; init; }

    /// <summary>In order of submission.</summary>
    public required ImmutableArray<DemandedWorkload> Workloads { get; init; }

    public required PriceBook Prices { get; init; }

    public required string Currency { get; init; }

    /// <summary>How long workloads really waited, from submission to the first lease; those that never got one, to the end.</summary>
    public required Tally Waited { get; init; }

    /// <summary>Every unit there ever was.</summary>
    public required ImmutableSortedSet<string> Units { get; init; }

    /// <summary>Every chip class there ever was.</summary>
    public required ImmutableSortedSet<string> Classes { get; init; }
}

/// <param name="WorkMs">Of a job: what it took, in milliseconds at full speed; null = it runs until it is stopped, or to the end of the journal.</param>
/// <param name="WorkAssumed">It had not ended yet when the journal did, so its work is what was declared, or the median of its unit.</param>
internal sealed record DemandedWorkload(string Id, WorkloadSpec Spec, long SubmittedMs, long? WorkMs, bool WorkAssumed);

internal abstract record RecordedChange(long AtMs)
{
    public sealed record Nodes(long AtMs, ImmutableArray<NodeState> Now) : RecordedChange(AtMs);

    public sealed record Units(long AtMs, ImmutableArray<UnitState> Now) : RecordedChange(AtMs);

    public sealed record Submitted(long AtMs, string Id) : RecordedChange(AtMs);

    public sealed record Rated(long AtMs, string Id, ImmutableArray<ClassSpeed> Speeds) : RecordedChange(AtMs);

    public sealed record Scaled(long AtMs, string Id, int Wanted) : RecordedChange(AtMs);

    public sealed record Stopped(long AtMs, string Id) : RecordedChange(AtMs);
}
