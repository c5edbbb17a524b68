using System.Collections.Immutable;
using System.Text.Json;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Sharing;
using Amalgam.Core.Units;
using Amalgam.Simulation;
using Core.Tests.Ledger.Invoices;
using Xunit;

namespace Core.Tests.Ledger.Reorganisation;

/// <summary>Units move; history does not.</summary>
public sealed class ReorganisationTests
{
    [Fact]
    public void A_move_and_its_reverse_leave_the_whole_state_as_it_was_and_every_charge_where_it_was_used()
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            var cloud = BilledCloud.Random(seed);
            cloud.Meter();
            var (before, bill) = (Everything(cloud.State), cloud.State.Bill.Lines.ToDictionary());
            var parent = cloud.State.Units.Find("acme-web")!.Parent!;
            cloud.Move("acme-web", parent == "acme" ? "birch" : "acme");
            Assert.NotEqual(before, Everything(cloud.State));
            cloud.Move("acme-web", parent);
            Assert.True(before == Everything(cloud.State), $"seed {seed}: the reverse move left something behind");
            Assert.Equal(bill, cloud.State.Bill.Lines.ToDictionary());
        }
    }

    [Fact]
    public void What_was_used_before_a_move_stays_on_the_bill_of_the_old_place_to_the_millisecond()
    {
        var cloud = new BilledCloud();
        cloud.Start("acme-web", 0);
        var instant = cloud.NowMs + (36 * 3_600_000L) + 1;
        cloud.Record(new UnitMoveScheduled(new UnitMove("m1", "acme-web", "birch", instant, "k1")));
        // Metering comes late: it must cut where the move takes effect.
        cloud.NowMs = instant + 5000;
        cloud.Meter();
        var slices = cloud.Records.Select(record => record.Event).OfType<LeaseCharged>().Select(charged => charged.Slice).ToList();
        Assert.Contains(slices, slice => slice.ToMs == instant);
        Assert.Contains(slices, slice => slice.FromMs == instant);
    }

    [Fact]
    public void Moves_wait_in_the_order_of_their_dates_and_are_due_at_their_instant()
    {
        var cloud = new BilledCloud();
        cloud.Record(new UnitMoveScheduled(new UnitMove("m1", "acme-web", "birch", cloud.NowMs + 200, "k1")));
        cloud.Record(new UnitMoveScheduled(new UnitMove("m2", "birch-ml", "acme", cloud.NowMs + 100, "k1")));
        Assert.Equal(["m2", "m1"], cloud.State.Moves.Pending.Select(move => move.Id));
        Assert.Null(cloud.State.Moves.Due(cloud.NowMs + 99));
        Assert.Equal("m2", cloud.State.Moves.Due(cloud.NowMs + 100)!.Id);
        cloud.Record(new UnitMoveCancelled("m2", "test"));
        Assert.Equal(cloud.NowMs + 200, cloud.State.Moves.NextAfter(cloud.NowMs));
    }

    [Theory]
    [InlineData("acme", "acme", "itself")]
    [InlineData("acme", "acme-lab", "below itself")]
    [InlineData("group", "acme", "is the root")]
    [InlineData("acme-lab", "acme", "already")]
    [InlineData("acme-lab", "nowhere", "no unit")]
    public void A_move_that_cannot_be_is_refused_in_one_line(string unit, string parent, string said)
    {
        var refusal = MoveBook.Check(new BilledCloud().State, unit, parent);
        Assert.Contains(said, refusal!.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
    }

    [Fact]
    public void The_preview_names_places_shares_guarantees_limits_and_facts_before_and_after()
    {
        var cloud = new BilledCloud();
        cloud.Record(new UnitSet(new Unit { Name = "birch", Parent = "group", Guarantee = Amount(1000), Limit = Amount(2000), Facts = ImmutableSortedDictionary<string, string>.Empty.Add("segment", "gold") }));
        cloud.Record(new UnitSet(new Unit { Name = "acme-web", Parent = "acme", Guarantee = Amount(3000) }));
        var effects = MovePreview.Of(cloud.State, "acme-web", "birch", cloud.NowMs);
        Assert.Contains(new MoveEffect("acme-web", "place", "group/acme/acme-web", "group/birch/acme-web"), effects);
        Assert.Contains(new MoveEffect("birch", "guaranteed below, h100", "0 of 1", "3 of 1, over-committed by 2"), effects);
        Assert.Contains(new MoveEffect("acme-web", "limit h100", "none", "2 by birch"), effects);
        Assert.Contains(new MoveEffect("acme-web", "fact segment", "none", "gold"), effects);
        Assert.DoesNotContain(effects, effect => effect.Unit == "birch-ml" && effect.What == "place");
    }

    [Fact]
    public void Shares_add_up_to_the_whole_whatever_the_weights()
    {
        var random = new SeededSequence(3);
        for (var at = 0; at < 5000; at++)
        {
            var weights = Enumerable.Range(0, 1 + random.Next(9)).Select(_ => (long)random.Next(1000)).ToList();
            var whole = (long)random.Next(int.MaxValue);
            var shares = LargestRemainder.Split(whole, weights);
            Assert.Equal(weights.Sum() == 0 ? 0 : whole, shares.Sum());
            Assert.All(shares, share => Assert.True(share >= 0));
        }
    }

    [Theory]
    [InlineData(IdleRule.House)]
    [InlineData(IdleRule.Use)]
    [InlineData(IdleRule.Guarantee)]
    [InlineData(IdleRule.Holder)]
    public void Every_device_second_of_the_pool_is_carried_by_somebody_and_the_shares_add_up_to_its_cost(IdleRule rule)
    {
        for (var seed = 1; seed <= 10; seed++)
        {
            var cloud = BilledCloud.Random(seed);
            cloud.Meter();
            cloud.Record(new UnitSet(cloud.State.Units.Find("acme")! with { Guarantee = Amount(4000) }));
            var today = cloud.NowMs / BilledCloud.Day * BilledCloud.Day;
            cloud.Record(new IdlePolicySet(new IdlePolicy(rule, today)));
            cloud.NowMs = today + (3 * BilledCloud.Day);
            cloud.Meter();
            var shares = PoolShares.Of(cloud.State, cloud.State.Bill.Lines.ToDictionary(), [], today, cloud.NowMs, cloud.NowMs);
            foreach (var day in shares.GroupBy(share => share.Day))
            {
                Assert.Equal(8 * 1000 * BilledCloud.Day, day.Sum(share => share.Quantity));
                var price = cloud.State.Prices.At(PriceKind.DeviceHour, "h100", day.Key * BilledCloud.Day)!.DeviceHourNano;
                Assert.Equal(PoolShares.Cost(8 * 1000 * BilledCloud.Day, price), day.Sum(share => share.AmountNano));
            }

            var used = cloud.State.Bill.Lines.Where(line => line.Key.Meter == Meter.DeviceHours && line.Key.Day >= today / BilledCloud.Day).Sum(line => line.Value.Quantity);
            Assert.Equal(used, shares.Where(share => share.Kind == ShareKind.Used).Sum(share => share.Quantity));
        }
    }

    private static ImmutableSortedDictionary<string, long> Amount(long milli) => ImmutableSortedDictionary<string, long>.Empty.Add("h100", milli);

    /// <summary>All that decisions rest on. Not in it: how many records there were, and where units stood before.</summary>
    private static string Everything(CloudState state) => JsonSerializer.Serialize(new
    {
        Units = state.Units.InOrder, Facts = state.Units.InOrder.Select(unit => state.Units.Facts(unit.Name)), Paths = state.Units.InOrder.Select(unit => state.Units.Path(unit.Name)), Prices = state.Prices.All,
        Contracts = state.Contracts.All, state.Keys, state.Workloads, Leases = state.OpenLeases, Budgets = state.Budgets.All, state.Nodes, Moves = state.Moves.Pending, state.Currency,
        Invoices = state.Invoices.Invoices.Select(issued => issued.Sha256), Notes = state.Invoices.CreditNotes.Select(issued => issued.Sha256),
        Tariffs = state.Units.InOrder.Select(unit => state.Tariffs.Device(unit.Name, "h100", state.LastAtMs).Rates),
    });
}
