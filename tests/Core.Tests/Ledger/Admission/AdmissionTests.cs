using System.Collections.Immutable;
using Amalgam.Core.Allocation;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Admission;
using Amalgam.Core.Units;
using Xunit;

namespace Core.Tests.Ledger.Admission;

public sealed class AdmissionTests
{
    private static readonly AdmissionRule Closed = new() { Name = "closed", Class = new ClassConditions { Names = ["h100"] }, Message = "kept for others" };

    [Fact]
    public void New_use_is_refused_with_the_rule_and_the_alternative_and_what_runs_stays()
    {
        var cloud = Cloud();
        cloud.Add(Price(1, "h100", "2.50"), Price(2, "l40s", "0.80"));
        var running = cloud.Submit("old", 2, "h100");
        cloud.Plan();
        cloud.NowMs += SupplyCloud.Hour;
        cloud.Add(new RuleAdded(Closed));
        var waiting = cloud.Submit("new", 1, "h100");
        cloud.NowMs += SupplyCloud.Hour;
        cloud.Plan();
        Assert.True(cloud.Runs(running));
        var pending = Assert.Single(cloud.Last!.Pending);
        Assert.Equal((waiting, PendingReason.Admission), (pending.WorkloadId, pending.Reason));
        Assert.Contains("the rule closed keeps new from h100: kept for others", pending.Detail, StringComparison.OrdinalIgnoreCase);

        var elsewhere = cloud.Submit("new", 1, "h100", "l40s");
        cloud.Plan();
        Assert.Equal("l40s", Assert.Single(cloud.State.OpenLeasesOf(elsewhere)).ChipClass);
        var answer = AdmissionAnswer.Of(cloud.State, AdmissionView.Of(cloud.State, cloud.NowMs)!, "new", "h100", [new("h100", 1_000_000), new("l40s", 400_000)], cloud.NowMs)!;
        Assert.Equal("use l40s, about 40 % of the speed, at 0.80 USD per device-hour instead of 2.50", answer.WhatHelps);
        cloud.Add(new RuleRemoved("closed"));
        cloud.Plan();
        Assert.True(cloud.Runs(waiting));
    }

    [Fact]
    public void A_rule_holds_from_its_first_instant_to_its_last_and_the_planner_wakes_for_both()
    {
        var cloud = Cloud();
        var (from, to) = (SupplyCloud.At("2028-02-29"), SupplyCloud.At("2028-03-01"));
        cloud.Add(new RuleAdded(Closed with { FromMs = from, ToMs = to }));
        Assert.Equal([false, true, true, false], new[] { from - 1, from, to - 1, to }.Select(at => AdmissionView.Of(cloud.State, at)?.RefusedBy("new", "h100") is not null));
        Assert.Equal(from, AllocationInput.NextChangeMs(cloud.State, cloud.NowMs, null));
        Assert.Equal(to, AllocationInput.NextChangeMs(cloud.State, from, null));
    }

    [Fact]
    public void Who_used_the_class_before_the_rule_began_may_begin_again_and_who_came_later_may_not()
    {
        var cloud = Cloud();
        cloud.Finish(Started(cloud, "old"));
        cloud.NowMs += SupplyCloud.Day;
        cloud.Add(new RuleAdded(Closed with { Unit = new UnitConditions { UsesClass = false } }));
        Assert.Null(Refused(cloud, "old"));
        Assert.Null(Refused(cloud, "old-lab"));
        Assert.NotNull(Refused(cloud, "new"));
    }

    [Fact]
    public void A_contract_of_the_unit_or_one_above_it_opens_the_class_while_it_is_in_force()
    {
        var cloud = Cloud();
        cloud.Add(new RuleAdded(Closed with { Unit = new UnitConditions { Contract = false } }));
        Assert.Null(cloud.Sign("old", 2, "2026-12-01", "2027-01-01"));
        Assert.Null(Refused(cloud, "old-lab"));
        Assert.NotNull(Refused(cloud, "new"));
        cloud.NowMs = SupplyCloud.At("2027-01-01");
        Assert.NotNull(Refused(cloud, "old-lab"));
    }

    [Fact]
    public void Breadth_counts_the_kinds_of_use_of_the_whole_customer_in_the_last_90_days()
    {
        var cloud = Cloud();
        cloud.Add(new RuleAdded(Closed with { Unit = new UnitConditions { BreadthBelow = 2 } }));
        cloud.State.Use.Note("old-lab", "l40s", UseKind.Jobs, cloud.NowMs);
        Assert.NotNull(Refused(cloud, "old"));
        cloud.State.Use.Note("old", "l40s", UseKind.Tokens, cloud.NowMs + SupplyCloud.Day);
        Assert.Null(Refused(cloud, "old"));
        Assert.Equal(0, AdmissionView.Of(cloud.State, cloud.NowMs)!.Breadth("new"));
        cloud.NowMs += 90 * SupplyCloud.Day;
        Assert.Null(Refused(cloud, "old"));
        cloud.NowMs += 1;
        Assert.NotNull(Refused(cloud, "old"));
    }

    [Theory]
    [InlineData("segment", FactTest.OneOf, "internal", false)]
    [InlineData("segment", FactTest.OneOf, "external", true)]
    [InlineData("segment", FactTest.NoneOf, "external", false)]
    [InlineData("region", FactTest.OneOf, "eu", false)]
    [InlineData("region", FactTest.NoneOf, "eu", true)]
    [InlineData("customer-since", FactTest.Since, "2026-11-01", true)]
    [InlineData("customer-since", FactTest.Since, "2026-11-02", false)]
    [InlineData("customer-since", FactTest.Before, "2026-11-01", false)]
    [InlineData("customer-since", FactTest.Before, "2026-11-02", true)]
    public void Facts_are_compared_as_they_are_inherited_and_a_missing_one_meets_only_a_not(string fact, FactTest test, string value, bool refused)
    {
        var cloud = Cloud();
        cloud.Unit("new-lab", "new");
        cloud.Add(new RuleAdded(Closed with { Unit = new UnitConditions { Facts = [new(fact, test, [value])] } }));
        Assert.Equal(refused, Refused(cloud, "new-lab") is not null);
    }

    [Fact]
    public void An_allowing_rule_counts_more_than_any_refusal_and_the_first_refusal_speaks()
    {
        var cloud = Cloud();
        cloud.Add(new RuleAdded(Closed), new RuleAdded(Closed with { Name = "second" }));
        Assert.Equal("closed", Refused(cloud, "new")!.Name);
        cloud.Add(new RuleAdded(Closed with { Name = "friends", Allows = true, Unit = new UnitConditions { Facts = [new("segment", FactTest.OneOf, ["external"])] } }));
        Assert.Null(Refused(cloud, "new"));
        Assert.Equal("closed", Refused(cloud, "old")!.Name);
    }

    [Fact]
    public void A_class_is_scarce_by_its_leased_share_or_by_its_price_either_is_enough()
    {
        var cloud = Cloud();
        cloud.Add(new RuleAdded(Closed with { Class = new ClassConditions { LeasedShareAboveMillionths = 500_000, ScarcityPriceAboveMillionths = 100 } }));
        Started(cloud, "old", 4);
        Assert.Null(Refused(cloud, "new"));
        Started(cloud, "old", 1);
        Assert.NotNull(Refused(cloud, "new"));
        Assert.Null(AdmissionView.Of(cloud.State, cloud.NowMs)!.RefusedBy("new", "l40s"));
        Assert.Null(cloud.State.Admission.News([new ChipPrice("l40s", 100)]));
        var news = cloud.State.Admission.News([new ChipPrice("l40s", 101)]);
        cloud.Add(news!);
        Assert.NotNull(AdmissionView.Of(cloud.State, cloud.NowMs)!.RefusedBy("new", "l40s"));
        Assert.Null(cloud.State.Admission.News([new ChipPrice("l40s", 5000)]));
        Assert.NotNull(cloud.State.Admission.News([]));
    }

    [Fact]
    public void A_class_that_cannot_be_bought_again_is_told_apart()
    {
        var cloud = Cloud();
        cloud.Add(new RuleAdded(Closed with { Class = new ClassConditions { Replenishable = false } }));
        Assert.Null(Refused(cloud, "new"));
        Assert.Null(cloud.Receive("h100", 8, replenishable: false));
        Assert.NotNull(Refused(cloud, "new"));
        Assert.Null(cloud.Receive("h100", 8, replenishable: true));
        Assert.Null(Refused(cloud, "new"));
    }

    [Fact]
    public void A_journal_read_back_gives_the_same_answers()
    {
        var cloud = Cloud();
        cloud.Finish(Started(cloud, "old"));
        cloud.NowMs += 1;
        cloud.Add(
            new RuleAdded(Closed with { Unit = new UnitConditions { UsesClass = false, Facts = [new("segment", FactTest.NoneOf, ["x"])] }, Class = new ClassConditions { Names = ["h100"], LeasedShareAboveMillionths = 0, ScarcityPriceAboveMillionths = 5 } }),
            new ScarcitySeen(ImmutableSortedDictionary<string, long>.Empty.Add("h100", 6)));
        var again = new CloudState();
        foreach (var record in cloud.Records)
        {
            again.Apply(record);
        }

        var answers = AdmissionView.Of(again, cloud.NowMs)!;
        Assert.Null(answers.RefusedBy("old", "h100"));
        Assert.Equal("closed", answers.RefusedBy("new", "h100")!.Name);
    }

    private static AdmissionRule? Refused(SupplyCloud cloud, string unit) => AdmissionView.Of(cloud.State, cloud.NowMs)?.RefusedBy(unit, "h100");

    private static string Started(SupplyCloud cloud, string unit, int devices = 1)
    {
        var id = cloud.Submit(unit == "old" ? "old-lab" : unit, devices, "h100");
        cloud.Plan();
        Assert.True(cloud.Runs(id));
        return id;
    }

    private static PriceSet Price(int version, string chip, string amount) =>
        new(new Price { Version = version, Kind = PriceKind.DeviceHour, Subject = chip, FromMs = 0, DeviceHourNano = Nano.Parse(amount)!.Value });

    private static SupplyCloud Cloud()
    {
        var cloud = new SupplyCloud();
        cloud.Node("n1", "h100", 8);
        cloud.Node("n2", "l40s", 8);
        cloud.Unit("old", "root", ("customer-since", "2020-01-01"));
        cloud.Unit("old-lab", "old");
        cloud.Unit("new", "root", ("customer-since", "2026-11-01"), ("segment", "external"));
        return cloud;
    }
}
