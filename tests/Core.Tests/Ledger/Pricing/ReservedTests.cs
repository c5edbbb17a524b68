using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Contracts;
using Amalgam.Core.Ledger.Pricing;
using Xunit;
using static Core.Tests.Ledger.Pricing.PricedCloud;

namespace Core.Tests.Ledger.Pricing;

public sealed class ReservedTests
{
    private readonly PricedCloud _cloud = new();
    private readonly ReservedBook _book = new();

    [Fact]
    public void What_is_reserved_and_not_used_is_charged_to_the_millisecond()
    {
        _cloud.Price(1_000_000_000, 0);
        Sign(Contract("acme", 0, 100 * Hour, new PriceTerms(PriceTermsKind.Fixed, 500_000_000)));
        _book.Started(Lease("acme-lab", Hour, null, 3, "l1"));
        _book.Ended("l1", 3 * Hour);
        _book.Started(Lease("core", 0, null, 3, "l2"));

        var due = Charge(4 * Hour);

        Assert.Equal([(0L, Hour, 4000L), (Hour, 3 * Hour, 1000L), (3 * Hour, 4 * Hour, 4000L)], due.Select(idle => (idle.FromMs, idle.ToMs, idle.MilliDevices)));
        Assert.Equal((4 + 2 + 4) * 500_000_000L, due.Sum(idle => idle.AmountNano));
        Assert.All(due, idle => Assert.Equal(0, idle.Entries.Sum(entry => entry.AmountNano)));
        Assert.Empty(Charge(4 * Hour));
    }

    /// <summary>After days without a turn of the meter each day has its own span, so that a month's invoice has its own days.</summary>
    [Fact]
    public void A_span_over_midnight_is_cut_there_and_the_sum_stays()
    {
        _cloud.Price(1_234_567_891, 0);
        Sign(Contract("acme", 0, 100 * Hour));

        var due = Charge((50 * Hour) + 7);

        Assert.Equal([(0L, 24 * Hour), (24 * Hour, 48 * Hour), (48 * Hour, (50 * Hour) + 7)], due.Select(idle => (idle.FromMs, idle.ToMs)));
        Assert.Equal((long)((Int128)((50 * Hour) + 7) * 4000 * 1_234_567_891 / 3_600_000_000), due.Sum(idle => idle.AmountNano));
    }

    [Fact]
    public void The_same_time_of_a_contract_cannot_be_charged_twice()
    {
        _cloud.Price(1_000_000_000, 0);
        Sign(Contract("acme", 0, 100 * Hour));
        var due = Charge(Hour);

        Assert.Throws<InvalidOperationException>(() => _book.Apply(due[0]));
    }

    [Fact]
    public void A_lease_fills_the_contract_of_the_nearest_unit_first_and_spills_to_the_one_above()
    {
        _cloud.Price(1_000_000_000, 0);
        Sign(Contract("acme", 0, 100 * Hour));
        Sign(Contract("acme-lab", 0, 100 * Hour));
        _book.Started(Lease("acme-lab", 0, null, 6));

        Assert.Equal([("c-acme", 2000L), ("c-acme-lab", 0L)], Charge(Hour).Select(idle => (idle.ContractId, idle.MilliDevices)).Order());
    }

    [Theory, InlineData(21), InlineData(22), InlineData(23)]
    public void The_sum_does_not_depend_on_how_often_it_is_charged(int seed)
    {
        long Total(int step)
        {
            var random = new Random(seed);
            var (cloud, book, sum) = (new PricedCloud(), new ReservedBook(), 0L);
            cloud.Price(1_234_567_891, 0);
            cloud.Price(3_333_333_333, 5 * Hour + 17);
            foreach (var unit in new[] { "acme", "acme-lab" })
            {
                var contract = Contract(unit, random.Next(5000), 9 * Hour) with { Reserved = true, MilliDevices = 3500 };
                cloud.Sign(contract);
                book.Signed(contract, 0);
            }

            var turns = new Random(step);
            var starts = Enumerable.Range(0, 30).Select(at => (At: random.NextInt64(10 * Hour), Devices: random.Next(1, 3), Long: random.NextInt64(2 * Hour), Id: $"l{at}")).OrderBy(lease => lease.At).ToList();
            var events = starts.SelectMany(lease => new[] { (lease.At, lease, true), (lease.At + lease.Long, lease, false) }).OrderBy(happening => happening.Item1).ToList();
            long next = turns.Next(1, step);
            foreach (var (at, lease, begins) in events.Append((20 * Hour, default, false)))
            {
                for (; next <= at; next += turns.Next(1, step))
                {
                    foreach (var idle in book.Due(cloud.Contracts, cloud.Units, cloud.Tariffs, next).ToList())
                    {
                        book.Apply(idle);
                        sum += idle.AmountNano;
                    }
                }

                if (begins)
                {
                    book.Started(Lease("acme-lab", at, null, lease.Devices, lease.Id));
                }
                else if (lease.Id is not null)
                {
                    book.Ended(lease.Id, at);
                }
            }

            return sum;
        }

        var (often, seldom) = (Total(200_000), Total(9_000_000));
        Assert.True(often == seldom && often > 0, $"seed {seed}: {often} charged often, {seldom} charged seldom");
    }

    private void Sign(Contract contract)
    {
        var reserved = contract with { Reserved = true };
        _cloud.Sign(reserved);
        _book.Signed(reserved, 0);
    }

    private List<ReservedIdleCharged> Charge(long nowMs)
    {
        var due = _book.Due(_cloud.Contracts, _cloud.Units, _cloud.Tariffs, nowMs).ToList();
        due.ForEach(_book.Apply);
        return due;
    }
}
