using System.Globalization;
using Amalgam.Core.Allocation;

namespace Amalgam.Benchmarks.Allocation;

/// <summary>Shapes that queue managers and schedulers are measured on. Theirs do I/O for each of them, so only the order of magnitude compares.</summary>
internal static class OtherShapes
{
    public static void Run()
    {
        Queues(15_000);
        Pods(5_000, 10_000);
        Gangs(4_000);
    }

    // All are there at the start; each runs 1 to 5 seconds of virtual time; a plan at every instant at which one ends.
    private static void Queues(int workloads)
    {
        var run = new EventRun(BenchClouds.Queues(workloads));
        var ends = new SortedDictionary<long, List<string>>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var (now, admitted, plans) = (0L, 0, 0);
        List<string> ended = [];
        do
        {
            admitted += run.Step(state => ended.ForEach(id => run.Finish(id, state)));
            plans++;
            foreach (var id in run.Running.Where(seen.Add))
            {
                var end = now + 1000 + (1000 * (int.Parse(id.AsSpan(1), CultureInfo.InvariantCulture) % 5));
                (ends.TryGetValue(end, out var list) ? list : ends[end] = []).Add(id);
            }

            ended = [];
            if (ends.Count > 0)
            {
                (now, ended) = (ends.First().Key, ends.First().Value);
                ends.Remove(now);
            }
        }
        while (ended.Count > 0);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{workloads} workloads, 30 queues in 5 groups: {admitted} admitted in {plans} plans, {run.CpuMs:0} ms of processor ({run.TotalMs:0} ms wall) = {admitted / run.CpuMs * 1000:0} a second (a Kubernetes queue manager: 43)"));
    }

    private static void Pods(int nodes, int pods)
    {
        var batch = new EventRun(BenchClouds.Pods(nodes, pods));
        var placed = batch.Step(_ => { });
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{nodes} nodes, {pods} pods in one plan: {placed} in {batch.CpuMs:0} ms of processor ({batch.TotalMs:0} ms wall) = {placed / batch.CpuMs * 1000:0} a second (a Kubernetes scheduler's gate: 680)"));
        var single = new EventRun(BenchClouds.Pods(nodes, 0));
        for (var i = 0; i < pods; i++)
        {
            var number = i;
            single.Step(state => state.Put(BenchClouds.Pod(number), number));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{nodes} nodes, {pods} pods one by one, a plan for each: {single.Decisions} in {single.CpuMs:0} ms of processor ({single.TotalMs:0} ms wall) = {single.Decisions / single.CpuMs * 1000:0} a second, median {single.MedianMs:0.000} ms, worst {single.WorstMs:0.0} ms"));
    }

    private static void Gangs(int workloads)
    {
        // In turns, so that both see the same machine; the first of each warms up.
        (double Hopeless, EventRun Run)[] runs = [(0, new(BenchClouds.Gangs(workloads, 0))), (0.1, new(BenchClouds.Gangs(workloads, 0.1)))];
        foreach (var (_, run) in runs)
        {
            run.Settle();
        }

        for (var i = 0; i < 400; i++)
        {
            foreach (var (_, run) in runs)
            {
                if (run.Running.Count > 0)
                {
                    run.Step(state => run.Finish(run.Running.First(), state));
                }
            }
        }

        var (without, with) = (runs[0].Run, runs[1].Run);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"512 nodes, gangs of 500 among {workloads} workloads, an end and a plan each: median {without.MedianMs:0.00} ms; with 10 % that can never be scheduled {with.MedianMs:0.00} ms = {with.MedianMs / without.MedianMs:0.00} times"));
    }
}
