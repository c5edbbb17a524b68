using Amalgam.Core.Allocation;

namespace Amalgam.Simulation.Scenarios;

public sealed record ExpectationOutcome(string What, bool Held, string Detail);

/// <summary>Compares the state at the end with what the file expects.</summary>
internal static class ExpectationCheck
{
    public static IReadOnlyList<ExpectationOutcome> Of(Scenario scenario, VirtualCloud cloud, AllocationPlan plan)
    {
        var expect = scenario.Expect;
        var found = new List<ExpectationOutcome>();
        var byName = cloud.Workloads.ToDictionary(workload => workload.Described.State.Name, StringComparer.Ordinal);
        var reasons = plan.Pending.ToDictionary(pending => pending.WorkloadId, pending => PendingReasons.Code(pending.Reason), StringComparer.Ordinal);
        foreach (var name in expect.Running)
        {
            var workload = byName[name];
            found.Add(new($"{name} is running", workload.Running, workload.Running ? "" : Instead(workload, reasons)));
        }

        found.AddRange(expect.Evicted.Select(name => new ExpectationOutcome($"{name} was evicted", byName[name].WasEvicted, "")));
        found.AddRange(expect.NotEvicted.Select(name => new ExpectationOutcome($"{name} was not evicted", !byName[name].WasEvicted, "")));
        foreach (var (name, reason) in expect.Pending)
        {
            var actual = reasons.GetValueOrDefault(byName[name].Id);
            found.Add(new($"{name} waits for {reason}", string.Equals(actual, reason, StringComparison.Ordinal),
                actual is null ? "it does not wait" : $"it waits for {actual}"));
        }

        var held = Holdings.Of(cloud);
        AddAmounts(found, "allocated", expect.Allocated, (unit, chip) => held.Of(unit, chip), static (have, want) => have == want);
        AddAmounts(found, "allocated at least", expect.AllocatedAtLeast, (unit, chip) => held.Of(unit, chip), static (have, want) => have >= want);
        var targets = plan.Targets.ToDictionary(target => (target.Unit, target.ChipClass), target => target.Milli);
        AddAmounts(found, "target", expect.Targets, (unit, chip) => targets.GetValueOrDefault((unit, chip)), Close);
        var shortfalls = plan.Shortfalls.GroupBy(missing => (missing.Unit, missing.ChipClass))
            .ToDictionary(group => group.Key, group => group.Sum(missing => missing.PromisedMilli - missing.CoveredMilli));
        AddAmounts(found, "shortfall", expect.Shortfall, (unit, chip) => shortfalls.GetValueOrDefault((unit, chip)), Close);
        return found;
    }

    private static string Instead(VirtualWorkload workload, Dictionary<string, string> reasons) =>
        workload.Finished ? "it has finished" : reasons.TryGetValue(workload.Id, out var reason) ? $"it waits for {reason}" : "it is not there yet";

    // Solutions over several classes are proved to within one percent.
    private static bool Close(long have, long want) => Math.Abs(have - want) <= Math.Max(1, want / 100);

    private static void AddAmounts(
        List<ExpectationOutcome> found, string what, IEnumerable<KeyValuePair<string, ChipAmounts>> expected,
        Func<string, string, long> actual, Func<long, long, bool> holds)
    {
        foreach (var (unit, amounts) in expected)
        {
            foreach (var (chip, want) in amounts.Entries)
            {
                var have = actual(unit, chip);
                found.Add(new($"{what} of {unit}: {want / 1000.0:0.###} {chip}", holds(have, want), $"it is {have / 1000.0:0.###}"));
            }
        }
    }
}
