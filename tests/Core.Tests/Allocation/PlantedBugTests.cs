using Amalgam.Core.Allocation;
using Amalgam.Core.Allocation.Laws;
using Xunit;

namespace Core.Tests.Allocation;

/// <summary>One wrong plan for each law, to see that the checker is awake.</summary>
public sealed class PlantedBugTests
{
    [Fact]
    public void L1_a_device_given_out_twice_is_caught() => Caught(
        Law.L1, Cloud(2, Unit("x")) with { Workloads = [Job("a", "x"), Job("b", "x")] }, Start("a", (0, 0)), Start("b", (0, 0)));

    [Fact]
    public void L2_half_a_gang_is_caught() => Caught(
        Law.L2, Cloud(2, Unit("x")) with { Workloads = [Job("a", "x") with { Members = 2 }] }, Start("a", (0, 0)));

    [Fact]
    public void L3_a_unit_above_its_limit_is_caught() => Caught(
        Law.L3, Cloud(2, Unit("x") with { Limit = Devices(0) }) with { Workloads = [Job("a", "x")] }, Start("a", (0, 0)));

    [Fact]
    public void L4_a_borrower_on_guaranteed_devices_is_caught() => Caught(
        Law.L4,
        Cloud(1, Unit("x") with { Guarantee = Devices(1) }, Unit("y")) with { Workloads = [Job("a", "x"), Job("b", "y")], Leases = [Lease("b", 0)] });

    [Fact]
    public void L4b_a_unit_left_below_its_target_is_caught() => Caught(
        Law.L4b,
        Cloud(2, Unit("x"), Unit("y")) with { Workloads = [Job("a", "x"), Job("b", "y"), Job("c", "y")], Leases = [Lease("b", 0), Lease("c", 1)] });

    [Fact]
    public void L5_an_eviction_without_need_is_caught() => Caught(
        Law.L5, Cloud(2, Unit("x"), Unit("y")) with { Workloads = [Job("a", "x"), Job("b", "y")], Leases = [Lease("b", 0)] },
        new EvictDecision("b", "a", EvictionReason.Share), Start("a", (0, 1)));

    [Fact]
    public void L6_a_plan_that_turns_equals_around_is_caught()
    {
        var snapshot = Cloud(1, Unit("x")) with { Workloads = [Job("a", "x"), Job("b", "x")] };
        var found = PlanReplay.Quiet(snapshot, TurnAround(snapshot), TurnAround, 5);
        Assert.Contains(found, violation => violation.Law == Law.L6);
    }

    [Fact]
    public void L7_a_guaranteed_lease_taken_by_a_borrower_is_caught() => Caught(
        Law.L7,
        Cloud(1, Unit("x"), Unit("y") with { Guarantee = Devices(1) }) with { Workloads = [Job("a", "x"), Job("b", "y")], Leases = [Lease("b", 0)] },
        new EvictDecision("b", "a", EvictionReason.Share), Start("a", (0, 0)));

    [Fact]
    public void L8_a_workload_that_waits_without_a_reason_is_caught()
    {
        var snapshot = Cloud(1, Unit("x")) with { Workloads = [Job("a", "x") with { Held = true }] };
        var plan = Allocator.Plan(snapshot) with { Pending = [] };
        Assert.Contains(PlanChecker.Check(snapshot, plan), violation => violation.Law == Law.L8);
    }

    [Fact]
    public void L9_an_order_by_name_is_caught()
    {
        var snapshot = Cloud(1, Unit("x")) with { Workloads = [Job("a", "x"), Job("b", "x")] };
        Assert.Contains(PlanReplay.Renamed(snapshot, ByName(snapshot), ByName), violation => violation.Law == Law.L9);
    }

    [Fact]
    public void L9_a_target_by_order_of_creation_is_caught()
    {
        var snapshot = Cloud(1, Unit("x"), Unit("y")) with { Workloads = [Job("a", "x"), Job("b", "y")] };
        Assert.Contains(PlanReplay.Permuted(snapshot, FirstTakesAll(snapshot), FirstTakesAll), violation => violation.Law == Law.L9);
        Assert.Empty(PlanReplay.Permuted(snapshot, Allocator.Plan(snapshot), Allocator.Plan));
    }

    private static AllocationPlan FirstTakesAll(AllocationSnapshot snapshot) =>
        Allocator.Plan(snapshot) with { Targets = [.. snapshot.Units.Select((unit, at) => new UnitTarget(unit.Name, "chip", at == 0 ? 1000 : 0))] };

    [Fact]
    public void L10_an_idle_device_beside_a_waiting_job_is_caught() => Caught(
        Law.L10, Cloud(1, Unit("x")) with { Workloads = [Job("a", "x")] });

    [Fact]
    public void L11_firm_work_beyond_the_guarantee_is_caught() => Caught(
        Law.L11, Cloud(1, Unit("x")) with { Workloads = [Job("a", "x") with { Preemptible = false }] }, Start("a", (0, 0)));

    [Fact]
    public void L12_a_plan_that_changes_from_one_call_to_the_next_is_caught()
    {
        var snapshot = Cloud(2, Unit("x")) with { Workloads = [Job("a", "x")] };
        var calls = 0;
        AllocationPlan Fickle(AllocationSnapshot given) => Plan(given, Start("a", (0, calls++ % 2)));
        Assert.Contains(PlanReplay.Same(snapshot, Fickle(snapshot), Fickle), violation => violation.Law == Law.L12);
    }

    [Fact]
    public void The_allocator_itself_is_lawful_on_all_of_these()
    {
        var snapshot = Cloud(2, Unit("x") with { Guarantee = Devices(1) }, Unit("y")) with
        {
            Workloads = [Job("a", "x"), Job("b", "y"), Job("c", "y")], Leases = [Lease("b", 0), Lease("c", 1)],
        };
        var plan = Allocator.Plan(snapshot);
        Assert.Empty(PlanChecker.Check(snapshot, plan));
        Assert.Equal(["EvictDecision c", "StartDecision a"], plan.Decisions.Select(decision => $"{decision.GetType().Name} {decision.WorkloadId}"));
    }

    private static void Caught(Law law, AllocationSnapshot snapshot, params AllocationDecision[] decisions)
    {
        var found = PlanChecker.Check(snapshot, Plan(snapshot, decisions));
        Assert.Contains(found, violation => violation.Law == law);
    }

    /// <summary>Targets and reasons as they should be, decisions as given.</summary>
    private static AllocationPlan Plan(AllocationSnapshot snapshot, params AllocationDecision[] decisions)
    {
        var begun = decisions.OfType<StartDecision>().Select(start => start.WorkloadId)
            .Concat(snapshot.Leases.Select(lease => lease.WorkloadId))
            .Except(decisions.OfType<EvictDecision>().Select(evict => evict.WorkloadId)).ToHashSet(StringComparer.Ordinal);
        return Allocator.Plan(snapshot) with
        {
            Decisions = [.. decisions],
            Pending = [.. snapshot.Workloads.Where(workload => !begun.Contains(workload.Id)).Select(workload =>
                new PendingWorkload(workload.Id, PendingReason.Capacity, "It waits.", "Less of it.", null))],
        };
    }

    private static AllocationPlan TurnAround(AllocationSnapshot snapshot)
    {
        var running = snapshot.Leases.Select(lease => lease.WorkloadId).FirstOrDefault();
        var next = running == "a" ? "b" : "a";
        return running is null ? Plan(snapshot, Start(next, (0, 0))) : Plan(snapshot, new EvictDecision(running, next, EvictionReason.Term), Start(next, (0, 0)));
    }

    private static AllocationPlan ByName(AllocationSnapshot snapshot)
    {
        var first = snapshot.Workloads.Select(workload => workload.Id).Order(StringComparer.Ordinal).First();
        return Plan(snapshot, new StartDecision(first, "chip", [new MemberPlacement(0, snapshot.Nodes[0].Name, [0], 1000)]));
    }

    private static AllocationSnapshot Cloud(int devices, params UnitState[] units) => new()
    {
        NowMs = 10_000,
        Nodes = [new NodeState { Name = "node", ChipClass = "chip", Devices = devices }],
        Units = [.. units],
    };

    private static UnitState Unit(string name) => new() { Name = name };

    private static WorkloadState Job(string id, string unit) =>
        new() { Id = id, Name = id, Unit = unit, Speeds = [new ClassSpeed("chip", 1_000_000)] };

    private static MemberLease Lease(string workload, int device) =>
        new() { WorkloadId = workload, Node = "node", Devices = [device], SinceMs = 1000 };

    private static StartDecision Start(string workload, params (int Member, int Device)[] members) =>
        new(workload, "chip", [.. members.Select(member => new MemberPlacement(member.Member, "node", [member.Device], 1000))]);

    private static ChipAmounts Devices(int count) => ChipAmounts.Of(("chip", count * 1000L));
}
