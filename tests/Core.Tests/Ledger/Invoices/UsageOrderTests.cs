using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Invoices;
using Amalgam.Core.Ledger.Pricing;
using Amalgam.Core.Workloads;
using Xunit;

namespace Core.Tests.Ledger.Invoices;

/// <summary>Usage that comes twice, late or in another order, and usage at the very instants at which something changes.</summary>
public sealed class UsageOrderTests
{
    private const long Hour = 3_600_000;

    [Fact]
    public void A_request_that_comes_twice_is_charged_once_and_the_second_record_is_refused()
    {
        var cloud = new BilledCloud();
        cloud.Ask("acme-lab", 100, 0, 10);
        var (charge, before) = (cloud.Records[^1].Event, Total(cloud));
        Assert.Throws<InvalidOperationException>(() => cloud.Record(charge));
        Assert.Equal(before, Total(cloud));
    }

    [Fact]
    public void A_lease_slice_that_comes_twice_is_found_where_it_stands()
    {
        var cloud = new BilledCloud();
        cloud.Start("acme-lab", 0);
        cloud.NowMs += Hour;
        cloud.Meter();
        cloud.NowMs += Hour;
        cloud.Meter();
        var forged = cloud.Records.Append(cloud.Records[^1] with { Sequence = cloud.Records[^1].Sequence + 1 });
        Assert.Contains("was charged to", LedgerProof.Of(forged).Wrong!.Value.Why, StringComparison.Ordinal);
    }

    /// <summary>Two leases metered in one order or the other, often or once: the same bill to the nano-unit, also under a price by monthly quantity.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_order_in_which_leases_are_metered_changes_no_bill(bool tiered)
    {
        long Bill(bool turned, int step)
        {
            var cloud = new BilledCloud();
            cloud.Tiers(null, 1_234_567_891, tiered ? [new PriceTier(3, 987_654_321), new PriceTier(9, 123_456_789)] : []);
            var (first, second) = (cloud.Start("acme-lab", 0), cloud.Start("acme-web", 1, 2));
            for (var at = 0; at < 12; at += step)
            {
                cloud.NowMs += step * Hour;
                cloud.Meter(lease => lease.Id == (turned ? second : first));
                cloud.Meter(lease => lease.Id == (turned ? first : second));
            }

            return Total(cloud);
        }

        Assert.Equal(Bill(false, 1), Bill(true, 1));
        Assert.Equal(Bill(false, 1), Bill(false, 12));
        Assert.Equal(Bill(false, 3), Bill(true, 2));
    }

    [Fact]
    public void The_last_millisecond_of_a_month_is_on_its_invoice_and_the_first_of_the_next_is_not()
    {
        var cloud = new BilledCloud { NowMs = BilledCloud.At(2026, 11, 1) - 1 };
        cloud.Ask("acme-lab", 1_000_000, 0, 0);
        cloud.NowMs++;
        cloud.Ask("acme-lab", 3_000_000, 0, 0);
        cloud.NowMs++;
        cloud.Invoice(2026, 10);
        var line = Assert.Single(cloud.State.Invoices.Invoices.Single().Invoice.Lines, line => line.Meter == Meter.InputTokens);
        Assert.Equal((1_000_000, 123_456_789), (line.Quantity, line.AmountNano));
    }

    [Fact]
    public void A_lease_over_the_turn_of_the_month_is_cut_at_the_millisecond()
    {
        var cloud = new BilledCloud { NowMs = BilledCloud.At(2026, 11, 1) - 1 };
        cloud.Start("acme-lab", 0);
        cloud.NowMs += 2;
        cloud.Invoice(2026, 10);
        Assert.Equal(1000, cloud.State.Invoices.Invoices.Single().Invoice.Lines.Single(line => line.Meter == Meter.DeviceHours).Quantity);
    }

    [Fact]
    public void A_price_holds_from_its_first_millisecond_on()
    {
        var cloud = new BilledCloud();
        var begin = cloud.NowMs + Hour;
        cloud.Record(new PriceSet(new Price { Version = 3, Kind = PriceKind.DeviceHour, Subject = "h100", FromMs = begin, AnnouncedMs = cloud.NowMs, DeviceHourNano = 1 }));
        Assert.Equal((1, 3), (cloud.State.Tariffs.Device("acme-lab", "h100", begin - 1).Version, cloud.State.Tariffs.Device("acme-lab", "h100", begin).Version));
    }

    /// <summary>February 2028 has 29 days; all of them are on its invoice, and the month of a tier ends with the last.</summary>
    [Fact]
    public void A_leap_day_belongs_to_its_month()
    {
        var cloud = new BilledCloud { NowMs = BilledCloud.At(2028, 2, 1) };
        cloud.Tiers(null, 1_000_000_000, new PriceTier(29 * 24, 5_000_000_000));
        cloud.Start("acme-lab", 0);
        cloud.NowMs = BilledCloud.At(2028, 3, 2);
        cloud.Invoice(2028, 2);
        var line = cloud.State.Invoices.Invoices.Single().Invoice.Lines.Single(line => line.Meter == Meter.DeviceHours);
        Assert.Equal((29 * 24 * Rating.PricedQuantity(Meter.DeviceHours), 29 * 24 * 1_000_000_000L), (line.Quantity, line.AmountNano));
        Assert.Equal(BilledCloud.At(2028, 3, 1), line.LastMs);
    }

    /// <summary>A clock that is set back makes no slice: the next one begins where the last ended.</summary>
    [Fact]
    public void A_clock_that_jumps_back_and_on_charges_no_time_twice()
    {
        var cloud = new BilledCloud();
        var (begin, lease) = (cloud.NowMs, cloud.Start("acme-lab", 0));
        foreach (var at in (long[])[5, 2, 4, 9, 1, 10])
        {
            cloud.NowMs = begin + (at * Hour);
            cloud.Meter();
        }

        Assert.Equal(10 * Rating.PricedQuantity(Meter.DeviceHours), cloud.State.Bill.Lines.Sum(line => line.Value.Quantity));
        Assert.Equal(begin + (10 * Hour), cloud.State.Lease(lease)!.ChargedToMs);
        Assert.Null(LedgerProof.Of(cloud.Records).Wrong);
    }

    /// <summary>Bought for December and January, ended with January: December is owed, nothing after it is, and the price of January is the list price again.</summary>
    [Fact]
    public void A_commitment_that_was_ended_owes_the_months_before_its_end_alone()
    {
        var cloud = new BilledCloud { NowMs = BilledCloud.At(2026, 11, 10) };
        cloud.Commit("acme", 100, 500_000_000);
        cloud.NowMs = BilledCloud.At(2026, 12, 20);
        cloud.Record(new CommitmentEnded("q1", BilledCloud.At(2027, 1, 1), "test"));
        cloud.NowMs = BilledCloud.At(2027, 3, 2);
        cloud.Meter();
        Assert.Equal([50_000_000_000L], cloud.Records.Select(record => record.Event).OfType<CommitmentShortfallCharged>().Select(unused => unused.AmountNano));
        Assert.Equal(("q1", null), (cloud.State.Tariffs.Device("acme-lab", "h100", BilledCloud.At(2027, 1, 1) - 1).CommitmentId, cloud.State.Tariffs.Device("acme-lab", "h100", BilledCloud.At(2027, 1, 1)).CommitmentId));
        Assert.Null(LedgerProof.Of(cloud.Records).Wrong);
    }

    /// <summary>P6 broken on purpose: what could make an invoice other than the charges before it.</summary>
    [Theory]
    [InlineData("composed at the prices of today")]
    [InlineData("composed without a charge")]
    [InlineData("changed after it was issued")]
    [InlineData("issued again")]
    public void An_invoice_that_is_not_what_was_charged_is_found(string planted)
    {
        var cloud = new BilledCloud();
        cloud.Ask("acme-lab", 1_000_000, 0, 0);
        cloud.Ask("acme-web", 2_000_000, 0, 0);
        cloud.NowMs = BilledCloud.At(2026, 11, 2);
        var invoice = Invoicing.Compose(cloud.State, "acme", BilledCloud.At(2026, 10, 1), BilledCloud.At(2026, 11, 1), cloud.NowMs);
        var (line, sum) = (invoice.Lines[0], invoice.Lines.Sum(line => line.AmountNano));
        invoice = planted switch
        {
            "composed at the prices of today" => invoice with { Lines = invoice.Lines.SetItem(0, line with { UnitPriceNano = line.UnitPriceNano + 1, AmountNano = line.AmountNano + 1 }) },
            "composed without a charge" => invoice with { Lines = invoice.Lines.RemoveAt(0), TotalNano = sum - line.AmountNano },
            _ => invoice,
        };
        cloud.Record(new InvoiceIssued(invoice, InvoiceJson.Sha256(InvoiceJson.Write(invoice)), Invoicing.Entries(invoice)));
        if (planted == "issued again")
        {
            var again = invoice with { Number = 2 };
            cloud.Record(new InvoiceIssued(again, InvoiceJson.Sha256(InvoiceJson.Write(again)), Invoicing.Entries(again)));
        }

        var records = planted != "changed after it was issued" ? cloud.Records
            : [.. cloud.Records.SkipLast(1), cloud.Records[^1] with { Event = new InvoiceIssued(invoice with { DueMs = 0 }, InvoiceJson.Sha256(InvoiceJson.Write(invoice)), []) }];
        var wrong = LedgerProof.Of(records).Wrong;
        Assert.Equal(records[^1].Sequence, wrong?.Sequence);
        Assert.Contains($"invoice {(planted == "issued again" ? 2 : 1)}", wrong!.Value.Why, StringComparison.Ordinal);
    }

    private static long Total(BilledCloud cloud) => cloud.State.Bill.Lines.Sum(line => line.Value.AmountNano);
}
