using System.Collections.Immutable;
using Amalgam.Contracts;
using Amalgam.Core.Allocation;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Contracts;
using Xunit;

namespace Core.Tests.Ledger.Contracts;

public sealed class ContractRiskTests
{
    private static readonly ImmutableSortedDictionary<string, long> Nothing = ImmutableSortedDictionary<string, long>.Empty;

    [Fact]
    public void With_the_supply_that_is_there_every_promise_is_kept() => Assert.Empty(Ask(Promising(), Nothing, Nothing).Broken);

    [Fact]
    public void Promises_are_short_in_proportion_and_the_credit_is_what_the_service_level_says()
    {
        // 10 devices, half lost: 5 for promises of 6 and 2, so 1/4 and 3/4 of the missing 3.
        var report = Ask(Promising(), Nothing.Add("h100", 500_000), Nothing, months: 1);
        Assert.Equal([("c1", 2250L), ("c2", 750L)], report.Broken.Select(broken => (broken.Contract.Id, broken.ShortMilli)));
        var december = 31 * 24;
        Assert.Equal(Expected(2.25m * december, 6m * december), report.Broken[0].CreditNano);
        Assert.Equal(0, report.Broken[1].CreditNano);
    }

    [Fact]
    public void Moves_go_to_devices_that_nobody_is_promised_cheapest_work_first_and_are_never_given_twice()
    {
        var cloud = Promising();
        cloud.Node("l1", "l40s", 4);
        cloud.Node("a1", "ascend-910b", 2);
        cloud.Add(
            new PriceSet(new Price { Version = 1, Kind = PriceKind.DeviceHour, Subject = "l40s", FromMs = 0, DeviceHourNano = Nano.Parse("0.50")!.Value }),
            new PriceSet(new Price { Version = 2, Kind = PriceKind.DeviceHour, Subject = "ascend-910b", FromMs = 0, DeviceHourNano = Nano.Parse("3.00")!.Value }));
        Assert.Null(cloud.Sign("b", 1, "2026-12-01", "2028-01-01", chip: "l40s"));
        var report = Ask(cloud, Nothing.Add("h100", 500_000), Nothing, speeds: [new("h100", 1_000_000), new("l40s", 500_000), new("ascend-910b", 1_000_000)]);

        // Free: 3 l40s at half the speed make up for 1.5 of the 2.25 missing; the rest and c2 go to the two others.
        var (first, second) = (report.Broken[0], report.Broken[1]);
        Assert.Equal([("l40s", 1500L, 3000L), ("ascend-910b", 750L, 1000L)], first.Moves.Select(move => (move.ChipClass, move.MilliDevices, move.NeededMilli)));
        Assert.Equal((Nano.Parse("3.75"), Nano.Parse("1.50")), (first.Moves[0].HourNano, first.Moves[0].HourThereNano));
        Assert.Equal([("ascend-910b", 750L, 1000L)], second.Moves.Select(move => (move.ChipClass, move.MilliDevices, move.NeededMilli)));
        Assert.Equal((0L, 0L), (first.UncoveredMilli, second.UncoveredMilli));
    }

    [Fact]
    public void Without_free_devices_elsewhere_it_says_that_no_move_helps()
    {
        var broken = Ask(Promising(), Nothing.Add("h100", 500_000), Nothing).Broken;
        Assert.All(broken, promise => Assert.Equal((0, promise.ShortMilli), (promise.Moves.Length, promise.UncoveredMilli)));
    }

    [Fact]
    public void Failures_break_a_promise_from_the_month_in_which_the_stock_falls_below_it_and_an_order_repairs_it()
    {
        var cloud = Promising();
        var short_ = Ask(cloud, Nothing, Nothing.Add("h100", 600_000)).Classes.Single(chip => chip.ChipClass == "h100").ShortFromMs;
        Assert.InRange(short_!.Value, SupplyCloud.At("2027-04-01"), SupplyCloud.At("2027-07-01"));
        Assert.Null(cloud.Receive("h100", 10));
        Assert.Null(cloud.Receive("h100", 20, "2027-02-01"));
        Assert.Empty(Ask(cloud, Nothing, Nothing.Add("h100", 600_000)).Broken);
    }

    private static long Expected(decimal missing, decimal asked) => (long)((missing - (asked * 0.01m)) * 2.50m * 2 * Nano.PerUnit);

    private static RiskReport Ask(SupplyCloud cloud, ImmutableSortedDictionary<string, long> lose, ImmutableSortedDictionary<string, long> failing, int months = 12, params ClassSpeed[] speeds) =>
        ContractRisk.Of(cloud.State, new RiskQuestion(cloud.NowMs, months, lose, failing), _ => [.. speeds]);

    private static SupplyCloud Promising()
    {
        var cloud = new SupplyCloud();
        cloud.Node("n1", "h100", 10);
        cloud.Unit("a");
        cloud.Unit("b");
        Assert.Null(cloud.Sign("a", 6, "2026-12-01", "2028-12-01", level: new ServiceTerms(99, 200), price: "2.50"));
        Assert.Null(cloud.Sign("b", 2, "2026-12-01", "2028-12-01"));
        return cloud;
    }
}
