using System.Diagnostics;
using System.Globalization;
using Amalgam.Core.Allocation;

namespace Amalgam.Benchmarks.Allocation;

/// <summary>
/// `benchmarks allocation [DEVICES [PENDING]]` or `benchmarks allocation trace submit|finish|lose DEVICES PENDING EVENTS`: a full cycle from nothing and single events on a full cloud, by size; then the shapes
/// that others are measured on. The yardstick in the same run is what nobody can go below who looks at every workload once: ids into a
/// hash table, workloads in order of age.
/// </summary>
public static class AllocationBenchmark
{
    private const int Events = 11;

    private static readonly (int Devices, int Pending)[] Sizes =
        [(1_000, 1_000), (1_000, 100_000), (10_000, 1_000), (10_000, 100_000), (100_000, 1_000), (100_000, 100_000), (100_000, 1_000_000)];

    /// <param name="args">The greatest number of devices and of waiting workloads to measure; none = all sizes and shapes.</param>
    public static int Run(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        if (args is ["trace", var kind, var devices, var pending, var events])
        {
            EventTrace.Run(kind, int.Parse(devices, CultureInfo.InvariantCulture), int.Parse(pending, CultureInfo.InvariantCulture), int.Parse(events, CultureInfo.InvariantCulture));
            return 0;
        }

        var most = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : int.MaxValue;
        var mostPending = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : int.MaxValue;
        BySize(1_000, 1_000, silent: true);
        Console.WriteLine("Full cycle: milliseconds wall/processor, MiB allocated, times the yardstick. One event: median of 11, worst, milliseconds of processor; MiB; decisions.");
        Console.WriteLine("devices pending units |    full cpu ms    MiB  ratio | submit ms  worst   MiB  dec | finish ms  worst   MiB  dec | lost node ms  worst   MiB   dec");
        foreach (var size in Sizes.Where(size => size.Devices <= most && size.Pending <= mostPending))
        {
            BySize(size.Devices, size.Pending, silent: false);
        }

        if (args.Length == 0)
        {
            OtherShapes.Run();
        }

        return 0;
    }

    private static void BySize(int devices, int pending, bool silent)
    {
        var cloud = BenchClouds.Mixed(devices, pending);
        var yardstick = Timed(() => Yardstick(cloud)).CpuMs;
        var full = Timed(() => Allocator.Plan(cloud));
        var run = new EventRun(cloud);
        run.Settle();
        _ = BenchClouds.Tree(devices >= 10_000 ? 4 : 2, out var leaves);
        var next = cloud.Workloads.Length;
        var submit = Each(run, _ => state => state.Put(BenchClouds.MixedWork(next, leaves), next++));
        var finish = Each(run, i => state => run.Finish(run.Running.ElementAt(i * 7), state));
        var lost = Each(run, i => state => run.Lose(i, state));
        if (!silent)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{devices,7} {pending,7} {cloud.Units.Length,5} | {full.Ms,7:0} {full.CpuMs,6:0} {full.MiB,6:0} {full.CpuMs / yardstick,6:0.0} | {submit} | {finish} | {lost}"));
        }
    }

    private static string Each(EventRun run, Func<int, Action<AllocatorState>> happens)
    {
        run.Settle();
        for (var i = 0; i < Events; i++)
        {
            run.Step(happens(i));
        }

        return string.Create(CultureInfo.InvariantCulture, $"{run.MedianMs,9:0.00} {run.WorstMs,6:0} {run.MiBEach,5:0.0} {run.Decisions / (double)Events,4:0}");
    }

    private static object Yardstick(AllocationSnapshot cloud)
    {
        var byId = new Dictionary<string, WorkloadState>(cloud.Workloads.Length, StringComparer.Ordinal);
        foreach (var workload in cloud.Workloads)
        {
            byId.Add(workload.Id, workload);
        }

        var order = cloud.Workloads.ToArray();
        Array.Sort(order, static (a, b) => a.SubmittedMs.CompareTo(b.SubmittedMs));
        return (byId, order);
    }

    public static (double Ms, double CpuMs, double MiB) Timed(Func<object> work)
    {
        GC.Collect();
        var bytes = GC.GetAllocatedBytesForCurrentThread();
        var cpu = Environment.CpuUsage.TotalTime;
        var watch = Stopwatch.StartNew();
        GC.KeepAlive(work());
        return (watch.Elapsed.TotalMilliseconds, (Environment.CpuUsage.TotalTime - cpu).TotalMilliseconds, (GC.GetAllocatedBytesForCurrentThread() - bytes) / 1048576.0);
    }
}
