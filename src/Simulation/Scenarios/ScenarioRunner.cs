using System.Collections.Immutable;
using Amalgam.Core.Allocation;
using Amalgam.Core.Allocation.Laws;

namespace Amalgam.Simulation.Scenarios;

/// <summary>Runs a scenario through the allocator in virtual time, with every law checked after every step.</summary>
public static class ScenarioRunner
{
    /// <summary>Cycles that must change nothing once a plan has been carried out.</summary>
    private const int QuietCycles = 5;

    public static ScenarioResult Run(Scenario scenario) => Run(scenario, Allocator.Plan);

    /// <param name="allocate">The allocator; another one only to see that the laws catch it.</param>
    public static ScenarioResult Run(Scenario scenario, Func<AllocationSnapshot, AllocationPlan> allocate)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        ArgumentNullException.ThrowIfNull(allocate);
        var log = new ScenarioLog();
        var cloud = new VirtualCloud(scenario, log);
        var laws = new LawBook();
        var plan = new AllocationPlan { AtMs = 0 };
        var before = long.MinValue;
        for (long now = 0; now <= scenario.UntilMs; now += scenario.CycleMs)
        {
            var happened = cloud.Advance(before, now);
            var snapshot = cloud.Snapshot(now);
            var woke = plan.NextWakeMs <= now;
            plan = allocate(snapshot);
            Check(laws, snapshot, plan, allocate, happened || woke || before == long.MinValue);
            cloud.CarryOut(plan);
            before = now;
        }

        return new ScenarioResult(scenario, laws, ExpectationCheck.Of(scenario, cloud, plan), log, cloud, plan);
    }

    private static void Check(
        LawBook laws, AllocationSnapshot snapshot, AllocationPlan plan, Func<AllocationSnapshot, AllocationPlan> allocate, bool event_)
    {
        laws.Add(PlanChecker.Check(snapshot, plan));
        if (!event_ && !plan.Decisions.IsEmpty)
        {
            laws.Add(new LawViolation(Law.L6, $"at {snapshot.NowMs / 1000.0:0.###} s nothing had happened, yet: {plan.Decisions[0]}"));
        }

        if (event_)
        {
            laws.Add(PlanReplay.Quiet(snapshot, plan, allocate, QuietCycles));
            laws.Add(PlanReplay.Same(snapshot, plan, allocate));
            laws.Add(PlanReplay.Renamed(snapshot, plan, allocate));
            laws.Add(PlanReplay.Permuted(snapshot, plan, allocate));
        }
    }
}
