using System.Globalization;
using Amalgam.Core.Allocation;

namespace Amalgam.Benchmarks.Allocation;

/// <summary>One line for each event: what it cost, what was decided, and how far the targets of units moved. For a profiler, and to see churn.</summary>
internal static class EventTrace
{
    public static void Run(string kind, int devices, int pending, int events)
    {
        var cloud = BenchClouds.Mixed(devices, pending);
        _ = BenchClouds.Tree(devices >= 10_000 ? 4 : 2, out var leaves);
        var run = new EventRun(cloud);
        run.Settle();
        AllocationPlan? before = null;
        run.Planned = plan =>
        {
            Console.WriteLine($"  {What(plan)}; {Moved(before, plan)}");
            before = plan;
        };
        for (var i = 0; i < events; i++)
        {
            run.Reset();
            var number = i;
            run.Step(kind switch
            {
                "submit" => state => state.Put(BenchClouds.MixedWork(cloud.Workloads.Length + number, leaves), cloud.Workloads.Length + number),
                "finish" => state => run.Finish(run.Running.ElementAt(number * 7), state),
                _ => state => run.Lose(number, state),
            });
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{kind} {i}: {run.CpuMs:0.0} ms of processor, {run.MiBEach:0.0} MiB"));
        }
    }

    private static string What(AllocationPlan plan) => string.Join(", ", plan.Decisions.GroupBy(decision => decision switch
    {
        StartDecision => "start",
        EvictDecision evict => $"evict ({evict.Reason})",
        MoveDecision => "move",
        _ => "resize",
    }).Select(group => $"{group.Key} {group.Count()}"));

    private static string Moved(AllocationPlan? before, AllocationPlan plan)
    {
        var prices = string.Join(' ', plan.Prices.Select(price => price.Millionths));
        if (before is null)
        {
            return $"prices {prices}";
        }

        var moved = plan.Targets.Zip(before.Targets, (now, was) => Math.Abs(now.Milli - was.Milli)).Where(milli => milli > 0).ToList();
        return $"prices {prices}, targets moved {moved.Count}, by half a device {moved.Count(milli => milli >= 500)}";
    }
}
