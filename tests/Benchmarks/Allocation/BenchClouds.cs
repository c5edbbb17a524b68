using System.Collections.Immutable;
using Amalgam.Core.Allocation;

namespace Amalgam.Benchmarks.Allocation;

/// <summary>The clouds that are measured. All numbers follow from a counter: every run sees the same ones.</summary>
internal static class BenchClouds
{
    private static readonly string[] Chips = ["h100", "l40s", "mi300x"];

    /// <summary>Nodes of eight devices in three classes; a tree six deep, up to 1,000 units; a dozen kinds of work in each leaf.</summary>
    public static AllocationSnapshot Mixed(int devices, int pending)
    {
        var units = Tree(devices >= 10_000 ? 4 : 2, out var leaves);
        return new AllocationSnapshot
        {
            NowMs = 10_000_000,
            Nodes = Nodes(devices / 8, 8, number => Chips[number % 3]),
            Units = units,
            Workloads = [.. Enumerable.Range(0, pending + (devices / 2)).Select(number => MixedWork(number, leaves))],
        };
    }

    public static WorkloadState MixedWork(int number, IReadOnlyList<string> leaves) => new()
    {
        Id = $"w{number}",
        Name = $"w{number}",
        Unit = leaves[number % leaves.Count],
        Members = (number / leaves.Count) % 5 == 0 ? 4 : 1,
        DevicesMilli = (number / leaves.Count) % 7 == 0 ? 500 : 1000,
        Speeds = Speeds[(number / leaves.Count) % 3],
        SubmittedMs = number,
    };

    /// <summary>Five groups of six queues with a quota each; of every ten workloads seven take 1 device, two 5, one 20.</summary>
    public static AllocationSnapshot Queues(int workloads)
    {
        var units = ImmutableArray.CreateBuilder<UnitState>();
        for (var group = 0; group < 5; group++)
        {
            units.Add(new UnitState { Name = $"g{group}" });
            units.AddRange(Enumerable.Range(0, 6).Select(queue => new UnitState
            {
                Name = $"g{group}q{queue}", Parent = $"g{group}", Guarantee = ChipAmounts.Of(("cpu", 20_000)), Limit = ChipAmounts.Of(("cpu", 120_000)),
            }));
        }

        return new AllocationSnapshot
        {
            NowMs = 0,
            Nodes = Nodes(30, 20, _ => "cpu"),
            Units = units.ToImmutable(),
            Workloads = [.. Enumerable.Range(0, workloads).Select(number => Plain($"w{number}", $"g{number % 5}q{number / 5 % 6}", "cpu", number / 30 % 10) with { SubmittedMs = number })],
        };
    }

    /// <summary>Nodes of four processors; pods take a tenth of one.</summary>
    public static AllocationSnapshot Pods(int nodes, int pods) => new()
    {
        NowMs = 0,
        Nodes = Nodes(nodes, 4, _ => "cpu"),
        Units = [new UnitState { Name = "root" }],
        Workloads = [.. Enumerable.Range(0, pods).Select(Pod)],
    };

    public static WorkloadState Pod(int number) => Plain($"w{number}", "root", "cpu", 0) with { DevicesMilli = 100, SubmittedMs = number };

    /// <summary>512 nodes; gangs of 500 and single members; <paramref name="hopeless"/> of all can never be scheduled.</summary>
    public static AllocationSnapshot Gangs(int workloads, double hopeless)
    {
        var units = Tree(4, out var leaves);
        var extra = (int)(workloads * hopeless);
        return new AllocationSnapshot
        {
            NowMs = 0,
            Nodes = Nodes(512, 8, _ => "h100"),
            Units = units,
            Workloads =
            [
                .. Enumerable.Range(0, workloads).Select(number => Plain($"w{number}", leaves[number % leaves.Count], "h100", 0) with { Members = number % 50 == 0 ? 500 : 1, SubmittedMs = number }),
                .. Enumerable.Range(workloads, extra).Select(number => Plain($"w{number}", leaves[number % leaves.Count], "h100", 0) with { DevicesMilli = 16_000, Members = 1 + (number % 40), SubmittedMs = number - workloads }),
            ],
        };
    }

    public static ImmutableArray<UnitState> Tree(int fanOut, out List<string> leaves)
    {
        var units = ImmutableArray.CreateBuilder<UnitState>();
        units.Add(new UnitState { Name = "root" });
        var level = new List<string> { "root" };
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

        var inner = units.Select(unit => unit.Parent).ToHashSet();
        leaves = [.. units.Select(unit => unit.Name).Where(name => !inner.Contains(name))];
        return units.ToImmutable();
    }

    private static readonly ImmutableArray<ClassSpeed>[] Speeds = [.. Enumerable.Range(0, 3).Select(kind => ImmutableArray.Create(
        new ClassSpeed("h100", 1_000_000), new ClassSpeed("l40s", 400_000 + (200_000 * kind)), new ClassSpeed("mi300x", 800_000)))];

    private static ImmutableArray<NodeState> Nodes(int count, int devices, Func<int, string> chip) =>
        [.. Enumerable.Range(0, count).Select(number => new NodeState { Name = $"n{number}", ChipClass = chip(number), Devices = devices, Rack = $"r{number / 32}" })];

    private static WorkloadState Plain(string id, string unit, string chip, int tenth) => new()
    {
        Id = id, Name = id, Unit = unit, DevicesMilli = tenth < 7 ? 1_000 : tenth < 9 ? 5_000 : 20_000, Speeds = [new ClassSpeed(chip, 1_000_000)],
    };
}
