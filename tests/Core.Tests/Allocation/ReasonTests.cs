using Amalgam.Core.Allocation;
using Xunit;

namespace Core.Tests.Allocation;

/// <summary>What people read: why somebody lost devices, why somebody waits.</summary>
public sealed class ReasonTests
{
    [Fact]
    public void An_eviction_that_restores_a_guarantee_says_so()
    {
        var cloud = Cloud(2, Unit("x") with { Guarantee = Devices(1) }, Unit("y")) with
        {
            Workloads = [Job("a", "x"), Job("b", "y"), Job("c", "y")], Leases = [Lease("b", 0), Lease("c", 1)],
        };
        var evicted = Assert.Single(Allocator.Plan(cloud).Decisions.OfType<EvictDecision>());
        Assert.Equal(("a", EvictionReason.Guarantee), (evicted.BeneficiaryId, evicted.Reason));
    }

    [Fact]
    public void An_eviction_for_a_share_beyond_any_guarantee_says_share()
    {
        var cloud = Cloud(2, Unit("x"), Unit("y")) with { Workloads = [Job("a", "x"), Job("b", "y"), Job("c", "y")], Leases = [Lease("b", 0), Lease("c", 1)] };
        Assert.Equal(EvictionReason.Share, Assert.Single(Allocator.Plan(cloud).Decisions.OfType<EvictDecision>()).Reason);
    }

    [Fact]
    public void A_spent_budget_ends_preemptible_work_and_says_refused()
    {
        ClassRefusal spent = new("chip", RefusalKind.Budget, "The budget is spent.", "Raise it.");
        var cloud = Cloud(2, Unit("x")) with
        {
            Workloads = [Job("a", "x") with { Refusals = [spent] }, Job("b", "x") with { Refusals = [spent with { Kind = RefusalKind.Admission }] }],
            Leases = [Lease("a", 0), Lease("b", 1)],
        };
        var plan = Allocator.Plan(cloud);
        var evicted = Assert.IsType<EvictDecision>(Assert.Single(plan.Decisions));
        Assert.Equal(("a", null, EvictionReason.Refused), (evicted.WorkloadId, evicted.BeneficiaryId, evicted.Reason));
        Assert.Equal((PendingReason.Budget, "Raise it."), (plan.Pending.First().Reason, plan.Pending.First().SmallestChange));
    }

    [Fact]
    public void A_gang_larger_than_the_stock_is_told_how_many_members_would_fit()
    {
        var waits = Waiting(Job("a", "x") with { Members = 6 });
        Assert.Equal("Its 6 members need 1 device of chip each; all chip nodes, were they empty, would hold 4 of them.", waits.Detail);
        Assert.Equal("Ask for at most 4 members, or add chip nodes.", waits.SmallestChange);
    }

    [Fact]
    public void CPU_is_named_only_where_it_was_asked_for()
    {
        var waits = Waiting(Job("a", "x") with { CpuMilli = 9000 });
        Assert.Equal("It needs 1 device of chip with 9 CPU cores on one node; no node has that together.", waits.Detail);
        Assert.Equal("Ask for less beside each device, or add a larger chip node.", waits.SmallestChange);
    }

    [Fact]
    public void A_limit_in_the_way_is_told_as_a_call_too_and_with_it_the_work_starts()
    {
        var cloud = Cloud(4, Unit("x") with { Limit = Devices(1) }) with { Workloads = [Job("a", "x") with { Members = 3 }] };
        var waits = Assert.Single(Allocator.Plan(cloud).Pending);
        Assert.Equal(new LimitRaise("x", "chip", 3000), waits.Remedy);
        var raised = Allocator.Plan(cloud with { Units = [Unit("x") with { Limit = Devices(3) }] });
        Assert.Empty(raised.Pending);
        Assert.Equal("a", Assert.Single(raised.Decisions.OfType<StartDecision>()).WorkloadId);
    }

    [Fact]
    public void What_no_call_can_change_has_no_remedy()
    {
        Assert.Null(Waiting(Job("a", "x") with { Members = 6 }).Remedy);
        var held = Assert.Single(Allocator.Plan(Cloud(4, Unit("x")) with { Workloads = [Job("a", "x") with { Held = true }] }).Pending);
        Assert.Equal((PendingReason.Held, null), (held.Reason, held.Remedy));
    }

    private static PendingWorkload Waiting(WorkloadState workload)
    {
        var waits = Allocator.Plan(Cloud(4, Unit("x")) with { Workloads = [workload] }).Pending.First();
        Assert.Equal(PendingReason.TooLarge, waits.Reason);
        return waits;
    }

    private static AllocationSnapshot Cloud(int devices, params UnitState[] units) => new()
    {
        NowMs = 10_000, Nodes = [new NodeState { Name = "node", ChipClass = "chip", Devices = devices, CpuMilli = 8000 }], Units = [.. units],
    };

    private static UnitState Unit(string name) => new() { Name = name };

    private static WorkloadState Job(string id, string unit) => new() { Id = id, Name = id, Unit = unit, Speeds = [new ClassSpeed("chip", 1_000_000)] };

    private static MemberLease Lease(string workload, int device) => new() { WorkloadId = workload, Node = "node", Devices = [device], SinceMs = 1000 };

    private static ChipAmounts Devices(int count) => ChipAmounts.Of(("chip", count * 1000L));
}
