using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Invoices;
using Amalgam.Core.Ledger.Sharing;
using Core.Tests.Ledger.Invoices;
using Xunit;

namespace Core.Tests.Ledger.Sharing;

/// <summary>Idle devices that are charged to who carries them: shares add up to the pool, stand on bills and invoices, and are charged once.</summary>
public sealed class ChargeBackTests
{
    private const long Hour = 3_600_000;

    [Fact]
    public void The_shares_of_every_day_add_up_to_the_pool_to_the_nano_unit_whatever_happened_on_it()
    {
        var days = 0;
        for (var seed = 1; seed <= 30; seed++)
        {
            var cloud = BilledCloud.Random(seed);
            foreach (var shared in cloud.Records.Select(record => record.Event).OfType<IdleDevicesShared>())
            {
                days++;
                // As the journal ended: nothing that came later changed the day.
                var pool = PoolShares.OfDay(cloud.State, shared.ChipClass, shared.Day);
                var idle = pool.Where(share => share.Kind == ShareKind.UnsoldIdle).ToList();
                Assert.Equal((idle.Sum(share => share.Quantity), idle.Sum(share => share.AmountNano)), (shared.Shares.Sum(share => share.Quantity), shared.Shares.Sum(share => share.AmountNano)));
                var cost = PoolShares.Cost(pool.Sum(share => share.Quantity), PoolShares.ListPrice(cloud.State, shared.ChipClass, shared.Day)!.DeviceHourNano);
                Assert.True(cost == pool.Sum(share => share.AmountNano), $"seed {seed}, day {shared.Day}: the shares come to {pool.Sum(share => share.AmountNano)} of {cost}");
                Assert.Equal(0, shared.Entries.Sum(entry => entry.AmountNano));
                Assert.Equal(shared.Shares.Where(share => share.Path != "group").Sum(share => share.AmountNano), shared.Entries.Where(entry => entry.AmountNano > 0).Sum(entry => entry.AmountNano));
            }
        }

        Assert.True(days > 300, $"only {days} days were charged back");
    }

    [Fact]
    public void What_is_charged_back_stands_on_exactly_one_invoice_as_lines_of_its_own()
    {
        for (var seed = 1; seed <= 30; seed++)
        {
            var cloud = BilledCloud.Random(seed);
            var charged = cloud.Records.Select(record => record.Event).OfType<IdleDevicesShared>().SelectMany(shared => shared.Shares).Where(share => share.Path != "group").Sum(share => share.AmountNano);
            var lines = cloud.State.Invoices.Invoices.SelectMany(issued => issued.Invoice.Lines).Where(line => line.Meter == Meter.IdleShareDeviceHours).ToList();
            var open = cloud.State.Invoices.OpenLines(cloud.State, "group", long.MaxValue).Where(line => line.Key.Meter == Meter.IdleShareDeviceHours).Sum(line => line.Amount.AmountNano);
            Assert.True(charged == lines.Sum(line => line.AmountNano) + open, $"seed {seed}: {charged} was charged, {lines.Sum(line => line.AmountNano)} is invoiced and {open} is open");
        }
    }

    /// <summary>Eight devices at 1.00 an hour, four used by acme-lab and two by birch-ml all day: two stand idle, 48 device-hours, shared two to one.</summary>
    [Fact]
    public void A_day_is_charged_when_it_is_over_and_everything_used_on_it_is_written()
    {
        var cloud = Used(new IdlePolicy(IdleRule.Use, Begin, ChargeBack: true));
        cloud.NowMs = Begin + (24 * Hour) - 1;
        Assert.Empty(cloud.State.Idle.Due(cloud.State, cloud.NowMs));
        cloud.NowMs = Begin + (24 * Hour);
        Assert.Empty(cloud.State.Idle.Due(cloud.State, cloud.NowMs));
        cloud.Meter();

        var shared = Assert.Single(cloud.Records.Select(record => record.Event).OfType<IdleDevicesShared>());
        Assert.Equal([("group/acme/acme-lab", 32_000_000_000L), ("group/birch/birch-ml", 16_000_000_000L)], shared.Shares.Select(share => (share.Path, share.AmountNano)));
        Assert.Empty(cloud.State.Idle.Due(cloud.State, cloud.NowMs));
        Assert.Throws<InvalidOperationException>(() => cloud.Record(shared));
    }

    [Fact]
    public void A_policy_that_only_shows_shares_charges_nobody()
    {
        var cloud = Used(new IdlePolicy(IdleRule.Use, Begin));
        cloud.NowMs = Begin + (30 * Hour);
        cloud.Meter();
        Assert.DoesNotContain(cloud.State.Bill.Lines, line => line.Key.Meter == Meter.IdleShareDeviceHours);
        Assert.Contains(PoolShares.OfDay(cloud.State, "h100", (int)(Begin / BilledCloud.Day)), share => share.Kind == ShareKind.UnsoldIdle && share.AmountNano > 0);
    }

    [Fact]
    public void Days_before_the_policy_and_after_it_are_not_charged()
    {
        var cloud = Used(new IdlePolicy(IdleRule.Use, Begin + BilledCloud.Day, ChargeBack: true));
        cloud.Record(new IdlePolicySet(new IdlePolicy(IdleRule.Use, Begin + (3 * BilledCloud.Day))));
        cloud.NowMs = Begin + (5 * BilledCloud.Day) + 1;
        cloud.Meter();
        cloud.Meter();
        Assert.Equal([1, 2], cloud.Records.Select(record => record.Event).OfType<IdleDevicesShared>().Select(shared => shared.Day - (int)(Begin / BilledCloud.Day)));
    }

    [Fact]
    public void The_charge_comes_from_the_record_that_a_line_is_opened_to()
    {
        var cloud = Used(new IdlePolicy(IdleRule.Use, Begin, ChargeBack: true));
        cloud.NowMs = BilledCloud.At(2026, 11, 1) + Hour;
        cloud.Invoice(2026, 10);
        cloud.Invoice(2026, 10);
        foreach (var issued in cloud.State.Invoices.Invoices)
        {
            var found = InvoiceTrace.Of(cloud.Records, issued.Invoice.Number, out var wrong);
            Assert.Null(wrong);
            var line = issued.Invoice.Lines.Single(line => line.Meter == Meter.IdleShareDeviceHours);
            Assert.Equal("idle devices of the pool, shared by use", line.Rule);
            Assert.Equal(line.AmountNano, found!.Value.Charges.Where(charge => charge.Line == line.Number).Sum(charge => charge.AmountNano));
        }
    }

    private static readonly long Begin = BilledCloud.At(2026, 10, 20);

    private static BilledCloud Used(IdlePolicy policy)
    {
        var cloud = new BilledCloud { NowMs = Begin };
        cloud.Price(Amalgam.Core.Ledger.PriceKind.DeviceHour, "h100", 1_000_000_000);
        cloud.Record(new IdlePolicySet(policy));
        cloud.Start("acme-lab", 0, 1, 2, 3);
        cloud.Start("birch-ml", 4, 5);
        return cloud;
    }
}
