using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Contracts;
using Amalgam.Core.Ledger.Pricing;
using Xunit;
using static Core.Tests.Ledger.Pricing.PricedCloud;

namespace Core.Tests.Ledger.Pricing;

public sealed class RaterTests
{
    private readonly PricedCloud _cloud = new();

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void The_sum_of_slices_does_not_depend_on_how_a_span_is_cut(int seed)
    {
        var random = new Random(seed);
        _cloud.Price(1_234_567_891, 0);
        _cloud.Price(987_654_321, 7 * Hour);
        _cloud.Sign(Contract("acme", 0, 3 * Hour, new PriceTerms(PriceTermsKind.Discount, ShareMillionths: 777_777)));
        _cloud.Price(1_500_000_007, 0, unit: "birch", tiers: new PriceTier(5, 1_100_000_003));
        foreach (var unit in new[] { "acme-lab", "birch", "core" })
        {
            var lease = Lease(unit, 13, 10 * Hour, 3);
            var whole = _cloud.Rater().Slices(lease, long.MaxValue).Sum(slice => slice.AmountNano);

            var (rater, sum) = (_cloud.Rater(), 0L);
            for (var at = lease.FromMs; at < lease.ToMs;)
            {
                at += random.Next(1, 1_000_000);
                var slices = rater.Slices(lease, at).ToList();
                sum += slices.Sum(slice => slice.AmountNano);
                lease = lease with { ChargedToMs = slices[^1].ToMs };
                Assert.All(slices, slice => Assert.Equal(0, slice.Entries.Sum(entry => entry.AmountNano)));
            }

            Assert.True(whole == sum, $"seed {seed}, {unit}: {whole} in one slice, {sum} in many");
        }
    }

    [Fact]
    public void Slices_are_cut_where_the_price_changes_for_that_unit_and_nowhere_else()
    {
        _cloud.Price(100, 0);
        _cloud.Sign(Contract("acme", 0, 100 * Hour, new PriceTerms(PriceTermsKind.Fixed, 50)));
        _cloud.Price(200, 2 * Hour);

        Assert.Single(_cloud.Rater().Slices(Lease("acme", 0, 4 * Hour), long.MaxValue));
        Assert.Equal([1, 2], _cloud.Rater().Slices(Lease("core", 0, 4 * Hour), long.MaxValue).Select(slice => slice.PriceVersion));
    }

    [Fact]
    public void A_tier_begins_where_the_month_of_the_payer_has_used_its_quantity()
    {
        _cloud.Price(2_000_000_000, 0, tiers: new PriceTier(10, 1_000_000_000));
        var rater = _cloud.Rater();

        var first = rater.Slices(Lease("acme", December, December + (6 * Hour)), long.MaxValue).Sum(slice => slice.AmountNano);
        var second = rater.Slices(Lease("acme-lab", December, December + (6 * Hour)), long.MaxValue).Sum(slice => slice.AmountNano);
        var other = rater.Slices(Lease("birch", December, December + (6 * Hour)), long.MaxValue).Sum(slice => slice.AmountNano);
        var january = rater.Slices(Lease("acme", December + (31 * Day), December + (31 * Day) + Hour), long.MaxValue).Sum(slice => slice.AmountNano);

        Assert.Equal([12_000_000_000, 10_000_000_000, 12_000_000_000, 2_000_000_000], new[] { first, second, other, january });
    }

    [Theory, InlineData(11), InlineData(12), InlineData(13)]
    public void The_order_in_which_a_months_usage_is_recorded_does_not_change_its_sum(int seed)
    {
        var random = new Random(seed);
        _cloud.Price(1_999_999_999, 0, tiers: [new PriceTier(3, 1_333_333_333), new PriceTier(9, 777_777_777)]);
        _cloud.Prices.Add(new Price
        {
            Version = 2, Kind = PriceKind.Tokens, Subject = "m", FromMs = 0, InputNano = 333_333_333, CachedInputNano = 33_333_333, OutputNano = 1_777_777_777,
            Tiers = [new PriceTier(1, InputNano: 222_222_222, CachedInputNano: 22_222_222, OutputNano: 999_999_999)],
        });
        var leases = Enumerable.Range(0, 40).Select(at => Lease("acme", December + random.Next(1, 1000), December + random.Next(1001, 3_000_000), random.Next(1, 4), $"l{at}")).ToList();
        var requests = Enumerable.Range(0, 200).Select(_ => new TokensUsed("acme", "m", "h100", December + random.Next(1, 1_000_000), random.Next(30_000), random.Next(9_000), random.Next(20_000))).ToList();

        long Sum()
        {
            var rater = _cloud.Rater();
            random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(leases));
            random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(requests));
            return leases.SelectMany(lease => rater.Slices(lease, long.MaxValue)).Sum(slice => slice.AmountNano) + requests.Sum(request => rater.Rate(request).AmountNano);
        }

        var (once, again) = (Sum(), Sum());
        Assert.True(once == again, $"seed {seed}: {once} in one order, {again} in another");
    }

    [Fact]
    public void A_commitment_is_used_first_and_what_is_beyond_costs_the_price_in_force()
    {
        _cloud.Price(2_000_000_000, 0);
        _cloud.Commitments.Add(new Commitment
        {
            Id = "q1", Unit = "acme", ChipClass = "h100", DeviceHours = 10, DeviceHourNano = 1_500_000_000, FromMs = December, ToMs = December + (31 * Day),
        });

        var slice = Assert.Single(_cloud.Rater().Slices(Lease("acme-lab", December, December + (14 * Hour)), long.MaxValue));

        Assert.Equal((10 * 1_500_000_000L) + (4 * 2_000_000_000L), slice.AmountNano);
        Assert.Equal(14 * 3_600_000_000L, slice.Counted![0].Quantity);
        Assert.Equal("commitment q1: the first 10 device-hours of a month at 1.50, beyond them list price 1", slice.Rule);
    }

    [Fact]
    public void A_line_at_the_list_price_says_nothing_more_so_that_the_journal_stays_small_and_old_journals_still_read()
    {
        _cloud.Price(100, 0);
        var slice = Assert.Single(_cloud.Rater().Slices(Lease("core", 0, Hour), long.MaxValue));
        Assert.Null(slice.Rule);
        Assert.Null(slice.ContractId);

        var old =
            """
            {"at":5,"by":{"name":"loop/metering"},"event":{"type":"lease-charged","slice":{"leaseId":"l1","workloadId":"w1","unit":"core","chipClass":"h100","fromMs":0,"toMs":60000,
            "milliDevices":1000,"priceVersion":1,"amountNano":16,"entries":[{"account":"unit/core","amountNano":16}],"simulated":false,"item":"h100"}}}
            """u8;
        var read = Assert.IsType<LeaseCharged>(JournalJson.Read(1, old).Event);
        Assert.Equal((16, null, null), (read.Slice.AmountNano, read.Slice.Rule, read.Slice.LeaseFromMs));
    }
}
