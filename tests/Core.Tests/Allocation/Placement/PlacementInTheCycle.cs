using System.Collections.Immutable;
using Amalgam.Core.Allocation;
using Amalgam.Core.Allocation.Laws;
using Xunit;

namespace Core.Tests.Allocation.Placement;

public sealed class PlacementInTheCycle
{
    private static NodeState Node(string name, string chip = "a", int devices = 8, long cores = 64) =>
        new() { Name = name, ChipClass = chip, Devices = devices, CpuMilli = 1000 * cores, RamMiB = 4096 * cores };

    private static WorkloadState Job(string id, int members = 1, long milli = 1000, long cores = 4, params string[] chips) => new()
    {
        Id = id, Name = id, Unit = "all", Members = members, DevicesMilli = milli, CpuMilli = 1000 * cores, RamMiB = 4096 * cores,
        Speeds = [.. (chips.Length > 0 ? chips : ["a"]).Select(chip => new ClassSpeed(chip, 1_000_000))],
    };

    private static TypicalRequest Typical(long weight, long milli, long cores, params string[] chips) => new(
        milli, 1000 * cores, 4096 * cores, 0, [.. chips.Select(chip => new ClassSpeed(chip, 1_000_000))], weight);

    private static Dictionary<string, string[]> Placed(
        ImmutableArray<NodeState> nodes, TypicalWork typical, ImmutableArray<WorkloadState> workloads, params MemberLease[] leases)
    {
        var snapshot = new AllocationSnapshot
        {
            NowMs = 1000, Nodes = nodes, Units = [new UnitState { Name = "all" }], Workloads = workloads, Leases = [.. leases], Typical = typical,
        };
        var plan = Allocator.Plan(snapshot);
        Assert.Empty(PlanChecker.Check(snapshot, plan));
        return plan.Decisions.OfType<StartDecision>().ToDictionary(start => start.WorkloadId, start => start.Members.Select(member => member.Node).ToArray());
    }

    private static MemberLease Held(string id, string node, params int[] devices) => new() { WorkloadId = id, Node = node, Devices = [.. devices], SinceMs = 0 };

    [Fact]
    public void Work_that_runs_anywhere_leaves_the_class_that_others_cannot_do_without()
    {
        var typical = new TypicalWork([Typical(3, 1000, 4, "a"), Typical(1, 1000, 4, "a", "b")]);
        var placed = Placed([Node("a1"), Node("b1", "b")], typical, [Job("w1", chips: ["a", "b"])]);
        Assert.Equal(["b1"], placed["w1"]);
    }

    [Fact]
    public void Work_without_many_cores_goes_where_no_cores_are_left_for_others()
    {
        var typical = new TypicalWork([Typical(3, 1000, 8, "a"), Typical(1, 1000, 1, "a")]);
        var placed = Placed([Node("rich"), Node("poor", cores: 10)], typical, [Job("w1", cores: 1)]);
        Assert.Equal(["poor"], placed["w1"]);
    }

    [Fact]
    public void A_gang_stays_on_one_node_although_two_open_ones_would_spare_the_empty_one()
    {
        var typical = new TypicalWork([Typical(1, 1000, 4, "a"), Typical(1, 8000, 32, "a")]);
        var placed = Placed(
            [Node("open1"), Node("open2"), Node("empty")], typical, [Job("held1", milli: 6000), Job("held2", milli: 6000), Job("gang", members: 4)],
            Held("held1", "open1", 0, 1, 2, 3, 4, 5), Held("held2", "open2", 0, 1, 2, 3, 4, 5));
        Assert.Equal(["empty", "empty", "empty", "empty"], placed["gang"]);
    }

    [Fact]
    public void Small_work_goes_to_the_tightest_node_and_leaves_the_wide_one_whole()
    {
        var placed = Placed([Node("wide"), Node("tight")], TypicalWork.Unknown, [Job("held", milli: 6000), Job("w1")], Held("held", "tight", 0, 1, 2, 3, 4, 5));
        Assert.Equal(["tight"], placed["w1"]);
    }

    [Fact]
    public void The_order_in_which_nodes_are_listed_changes_no_rest_that_a_placement_leaves()
    {
        ImmutableArray<NodeState> nodes = [Node("n1", cores: 32), Node("n2"), Node("n3", devices: 4), Node("n4", cores: 128), Node("n5", devices: 2)];
        ImmutableArray<WorkloadState> jobs = [.. Enumerable.Range(0, 12).Select(i => Job($"w{i}", milli: i % 3 == 0 ? 500 : 1000 << (i % 2), cores: 1 + (i % 5)))];
        var typical = new TypicalWork([Typical(2, 500, 2, "a"), Typical(3, 1000, 4, "a"), Typical(1, 4000, 16, "a")]);
        var one = Placed(nodes, typical, jobs);
        var other = Placed([.. nodes.Reverse()], typical, jobs);
        Assert.Equal(12, one.Count);
        Assert.All(one, start => Assert.Equal(start.Value, other[start.Key]));
    }

    [Fact]
    public void Work_without_a_device_runs_beside_the_devices_and_takes_them_from_nobody()
    {
        var nodes = ImmutableArray.Create(Node("n1", cores: 16));
        Assert.Equal(["n1"], Placed(nodes, TypicalWork.Unknown, [Job("cores", milli: 0, cores: 12)])["cores"]);
        Assert.Empty(Placed(nodes, TypicalWork.Unknown, [Job("held", cores: 8), Job("cores", milli: 0, cores: 12)], Held("held", "n1", 0)));
    }

    [Fact]
    public void What_is_asked_for_is_learned_at_first_soon_and_later_seldom()
    {
        var demand = new RecentDemand();
        var seen = new HashSet<TypicalWork>(ReferenceEqualityComparer.Instance) { demand.Typical };
        for (var i = 0; i < 1000; i++)
        {
            demand.Ask(Job("w", milli: i % 4 == 0 ? 500 : 1000), 1);
            seen.Add(demand.Typical);
        }
        Assert.InRange(seen.Count, 5, 10);
        Assert.Equal([250 * 64, 750 * 64], demand.Typical.Kinds.Select(kind => kind.Weight * 1000 / demand.Typical.Kinds.Sum(k => k.Weight) * 64).Order());
    }

    [Fact]
    public void What_nobody_asks_for_any_more_is_forgotten()
    {
        var demand = new RecentDemand();
        demand.Ask(Job("old", milli: 500), 8192);
        for (var i = 0; i < 20; i++)
        {
            demand.Ask(Job("new"), 8192);
        }
        Assert.Equal(1000, Assert.Single(demand.Typical.Kinds).DevicesMilli);
    }
}
