using System.Collections.Immutable;
using Amalgam.ControlPlane.Loops;
using Amalgam.Core.Allocation;
using Amalgam.Core.Allocation.Laws;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Units;
using Amalgam.Core.Workloads;
using Core.Tests.Simulation.Journal;
using Xunit;

namespace Core.Tests.Allocation;

/// <summary>One planted bug for each law that every plan of the live cloud is held to before it is carried out.</summary>
public sealed class PlanGuardTests
{
    private readonly RecordedCloud _cloud = new();

    public PlanGuardTests()
    {
        _cloud.Node("n1", "a", 4, broken: 3);
        _cloud.Unit("x", 1, ("a", 1));
        _cloud.Unit("y");
    }

    [Fact]
    public void What_the_allocator_plans_passes()
    {
        Submit("x", 1);
        Submit("y", 2);
        _cloud.Plan();
        Submit("x", 1, preemptible: false);
        Assert.Empty(PlanGuard.Check(Allocator.Plan(AllocationInput.Of(_cloud.State, AllocationHistory.Empty, 0)), _cloud.State, _cloud.Devices()));
    }

    [Fact]
    public void L1_a_device_that_somebody_holds_is_not_given_out_again()
    {
        Submit("y", 1);
        _cloud.Plan();
        Refused(Law.L1, Start(Submit("x", 1), 0));
    }

    [Fact]
    public void L1_a_device_is_not_given_out_twice_in_one_plan() => Refused(Law.L1, Start(Submit("x", 1), 1), Start(Submit("y", 1), 1));

    [Fact]
    public void L1_a_broken_device_is_not_given_out() => Refused(Law.L1, Start(Submit("x", 1), 3));

    [Fact]
    public void L1_a_node_that_is_not_there_holds_nothing() =>
        Refused(Law.L1, new StartDecision(Submit("x", 1), "a", [new MemberPlacement(0, "n9", [0], 1000)]));

    [Fact]
    public void L2_half_a_gang_does_not_begin() => Refused(Law.L2, Start(Submit("y", 1, members: 2), 0));

    [Fact]
    public void L3_no_unit_goes_above_its_limit_nor_does_its_family()
    {
        _cloud.Add(new UnitSet(new Unit { Name = "z", Parent = "y" }));
        _cloud.Add(new UnitSet(new Unit { Name = "y", Parent = "root", Limit = ImmutableSortedDictionary<string, long>.Empty.Add("a", 1000) }));
        Refused(Law.L3, Start(Submit("z", 1), 0), Start(Submit("z", 1), 1));
    }

    [Fact]
    public void L11_what_cannot_be_taken_back_stays_within_the_guarantee()
    {
        var first = Submit("x", 1, preemptible: false);
        Assert.Empty(Check(Start(first, 0)));
        _cloud.Plan();
        Refused(Law.L11, Start(Submit("x", 1, preemptible: false), 1));
        Refused(Law.L11, Start(Submit("y", 1, preemptible: false), 1));
    }

    [Fact]
    public void The_full_look_counts_a_plan_that_the_whole_cloud_would_not_have_led_to()
    {
        Submit("x", 1);
        var snapshot = AllocationInput.Of(_cloud.State, AllocationHistory.Empty, 0);
        var inspection = new PlanInspection();
        Assert.True(inspection.IsDue);
        Assert.Empty(inspection.Check(snapshot, Allocator.Plan(snapshot)));
        var other = Allocator.Plan(snapshot) with { Decisions = [Start(snapshot.Workloads[0].Id, 2)] };
        Assert.Equal(Law.L12, Assert.Single(inspection.Check(snapshot, other)).Law);
        Assert.Equal(2, inspection.Checked);
    }

    private string Submit(string unit, int devices, int members = 1, bool preemptible = true)
    {
        var id = $"w{_cloud.State.NextWorkload}";
        var spec = new WorkloadSpec { Name = id, Unit = unit, DevicesMilli = devices * 1000L, Members = members, Preemptible = preemptible, Job = new JobSpec { Command = ["work"] } };
        _cloud.Add(new WorkloadSubmitted(id, spec), new WorkloadsFitted([id], [new ClassSpeed("a", 1_000_000)]));
        return id;
    }

    private static StartDecision Start(string id, int device) => new(id, "a", [new MemberPlacement(0, "n1", [device], 1000)]);

    private void Refused(Law law, params AllocationDecision[] decisions) => Assert.Contains(Check(decisions), violation => violation.Law == law);

    private IReadOnlyList<LawViolation> Check(params AllocationDecision[] decisions) =>
        PlanGuard.Check(new AllocationPlan { AtMs = 0, Decisions = [.. decisions] }, _cloud.State, _cloud.Devices());
}
