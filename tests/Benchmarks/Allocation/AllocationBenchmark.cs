using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Amalgam.Core.Allocation;

namespace Amalgam.Benchmarks.Allocation;

/// <summary>A full cycle from nothing, and a cycle after one event on a full cloud, by size, with the growth from step to step.</summary>
public static class AllocationBenchmark
{
    private static readonly (int Devices, int Pending)[] Sizes =
        [(1_000, 1_000), (1_000, 100_000), (10_000, 100_000), (100_000, 100_000), (100_000, 1_000_000)];

    /// <param name="args">The greatest number of devices and of waiting workloads to measure; none = all sizes.</param>
    public static int Run(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        var most = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : int.MaxValue;
        var mostPending = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : int.MaxValue;
        Measure(Cloud(1_000, 1_000), out _);
        Console.WriteLine("devices pending units | full cycle ms MiB | after one event ms MiB");
        foreach (var (devices, pending) in Sizes.Where(size => size.Devices <= most && size.Pending <= mostPending))
        {
            var snapshot = Cloud(devices, pending);
            var full = Measure(snapshot, out var plan);
            var running = CarriedOut(snapshot, plan);
            var gone = running.Leases[running.Leases.Length / 2].WorkloadId;
            var single = Measure(
                running with
                {
                    Workloads = [.. running.Workloads.Where(workload => workload.Id != gone)],
                    Leases = [.. running.Leases.Where(lease => lease.WorkloadId != gone)],
                },
                out _);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{devices,7} {pending,7} {snapshot.Units.Length,5} | {full.Ms,10:0} {full.MiB,6:0} | {single.Ms,10:0} {single.MiB,6:0}"));
        }

        return 0;
    }

    private static (double Ms, double MiB) Measure(AllocationSnapshot snapshot, out AllocationPlan plan)
    {
        var bytes = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        plan = Allocator.Plan(snapshot);
        return (watch.Elapsed.TotalMilliseconds, (GC.GetAllocatedBytesForCurrentThread() - bytes) / 1048576.0);
    }

    /// <summary>Nodes of eight devices in three classes; a tree six deep; three kinds of work in each leaf.</summary>
    private static AllocationSnapshot Cloud(int devices, int pending)
    {
        string[] chips = ["h100", "l40s", "mi300x"];
        var leaves = new List<string>();
        var units = ImmutableArray.CreateBuilder<UnitState>();
        units.Add(new UnitState { Name = "root" });
        var level = new List<string> { "root" };
        var fanOut = devices >= 10_000 ? 4 : 2;
        for (var depth = 1; depth <= 5; depth++)
        {
            var next = new List<string>();
            foreach (var parent in level.Where(_ => units.Count < 1_000))
            {
                for (var child = 0; child < fanOut; child++)
                {
                    next.Add($"{parent}.{child}");
                    units.Add(new UnitState { Name = next[^1], Parent = parent, Weight = 1 + (child % 3) });
                }
            }

            level = next.Count > 0 ? next : level;
        }

        leaves.AddRange(level);
        var workloads = Enumerable.Range(0, pending + (devices / 2)).Select(number => new WorkloadState
        {
            Id = $"w{number}",
            Name = $"w{number}",
            Unit = leaves[number % leaves.Count],
            Members = (number / leaves.Count) % 5 == 0 ? 4 : 1,
            DevicesMilli = (number / leaves.Count) % 7 == 0 ? 500 : 1000,
            Speeds = [new ClassSpeed("h100", 1_000_000), new ClassSpeed("l40s", 400_000 + (200_000 * ((number / leaves.Count) % 3))), new ClassSpeed("mi300x", 800_000)],
            SubmittedMs = number,
        });
        return new AllocationSnapshot
        {
            NowMs = 10_000_000,
            Nodes = [.. Enumerable.Range(0, devices / 8).Select(number => new NodeState { Name = $"n{number}", ChipClass = chips[number % 3], Devices = 8, Rack = $"r{number / 32}" })],
            Units = units.ToImmutable(),
            Workloads = [.. workloads],
        };
    }

    private static AllocationSnapshot CarriedOut(AllocationSnapshot snapshot, AllocationPlan plan) => snapshot with
    {
        NowMs = snapshot.NowMs + 1000,
        History = plan.History,
        Leases = [.. plan.Decisions.OfType<StartDecision>().SelectMany(start => start.Members.Select(member => new MemberLease
        {
            WorkloadId = start.WorkloadId, Member = member.Member, Node = member.Node, Devices = member.Devices,
            MilliPerDevice = member.MilliPerDevice, SinceMs = snapshot.NowMs,
        }))],
    };
}
