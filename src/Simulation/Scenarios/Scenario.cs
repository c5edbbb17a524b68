using System.Collections.Immutable;
using Amalgam.Core.Allocation;

namespace Amalgam.Simulation.Scenarios;

/// <summary>A situation with what is expected of it, as read from one file. Times in milliseconds of virtual time.</summary>
public sealed record Scenario
{
    public required string Name { get; init; }

    public required ImmutableArray<NodeState> Nodes { get; init; }

    public required ImmutableArray<UnitState> Units { get; init; }

    public required ImmutableArray<ScenarioWorkload> Workloads { get; init; }

    public ImmutableArray<ScenarioEvent> Events { get; init; } = [];

    public long CycleMs { get; init; } = 1000;

    public long UntilMs { get; init; }

    public AllocationSettings Settings { get; init; } = AllocationSettings.Default;

    public ScenarioExpectations Expect { get; init; } = new();

    /// <summary>Allowed, but worth saying.</summary>
    public ImmutableArray<string> Notes { get; init; } = [];
}

/// <param name="WorkMs">Milliseconds at speed 1 after which it ends, unknown to the allocator; null = runs on.</param>
/// <param name="Running">Where it runs when the scenario begins; null = it is submitted.</param>
public sealed record ScenarioWorkload(WorkloadState State, long? WorkMs, ScenarioRunning? Running);

public sealed record ScenarioRunning(long SinceMs, ImmutableArray<string> On);

public abstract record ScenarioEvent(long AtMs)
{
    public sealed record Finish(long AtMs, string Workload) : ScenarioEvent(AtMs);

    public sealed record Lose(long AtMs, string Node) : ScenarioEvent(AtMs);

    public sealed record Restore(long AtMs, string Node) : ScenarioEvent(AtMs);

    /// <param name="Change">Sets the fields that the file names and leaves the others.</param>
    public sealed record SetUnit(long AtMs, string Unit, Func<UnitState, UnitState> Change) : ScenarioEvent(AtMs);

    /// <summary>From now on a policy or a budget says no to the work of a unit and of those below it.</summary>
    public sealed record Refuse(long AtMs, string Unit, ClassRefusal Refusal) : ScenarioEvent(AtMs);

    /// <summary>What was refused is allowed again. <paramref name="ChipClass"/> null = every class.</summary>
    public sealed record Allow(long AtMs, string Unit, string? ChipClass) : ScenarioEvent(AtMs);
}

public sealed record ScenarioExpectations
{
    public ImmutableArray<string> Running { get; init; } = [];

    public ImmutableArray<string> Evicted { get; init; } = [];

    public ImmutableArray<string> NotEvicted { get; init; } = [];

    public ImmutableArray<KeyValuePair<string, string>> Pending { get; init; } = [];

    public ImmutableArray<KeyValuePair<string, ChipAmounts>> Allocated { get; init; } = [];

    public ImmutableArray<KeyValuePair<string, ChipAmounts>> AllocatedAtLeast { get; init; } = [];

    public ImmutableArray<KeyValuePair<string, ChipAmounts>> Targets { get; init; } = [];

    public ImmutableArray<KeyValuePair<string, ChipAmounts>> Shortfall { get; init; } = [];
}
