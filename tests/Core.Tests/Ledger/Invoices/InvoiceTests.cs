using System.Collections.Immutable;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Invoices;
using Xunit;

namespace Core.Tests.Ledger.Invoices;

/// <summary>P5, P6 and P7 of the ledger: balanced, the same again to the byte, adding up to the nano-unit.</summary>
public sealed class InvoiceTests
{
    private static readonly int Seeds = Environment.GetEnvironmentVariable("AMALGAM_LONG") == "1" ? 2000 : 40;

    [Fact]
    public void Every_invoice_composed_again_from_the_journal_is_the_same_to_the_byte()
    {
        var invoices = 0;
        for (var seed = 1; seed <= Seeds; seed++)
        {
            var cloud = BilledCloud.Random(seed, seed % 3 == 0 ? "JPY" : seed % 3 == 1 ? "EUR" : "KWD");
            var report = LedgerProof.Of(cloud.Records);
            Assert.True(report.Wrong is null, $"seed {seed}: record {report.Wrong?.Sequence}: {report.Wrong?.Why}");
            invoices += report.Invoices;
        }

        Assert.True(invoices >= Seeds * 3, $"only {invoices} invoices were proved");
    }

    [Fact]
    public void Lines_add_up_to_their_invoice_and_every_charge_is_on_exactly_one_invoice_or_still_open()
    {
        for (var seed = 1; seed <= Seeds; seed++)
        {
            var state = BilledCloud.Random(seed).State;
            Assert.All(state.Invoices.Invoices, issued =>
            {
                Assert.Equal(issued.Invoice.TotalNano, issued.Invoice.Lines.Sum(line => line.AmountNano));
                Assert.Equal(0, issued.Invoice.TotalNano % Currencies.MinorNano("EUR"));
                Assert.All(issued.Invoice.Lines.Where(line => line.Kind == InvoiceLineKind.Rounding), line => Assert.True(Math.Abs(line.AmountNano) * 2 <= Currencies.MinorNano("EUR")));
            });
            var invoiced = state.Invoices.Invoices.SelectMany(issued => issued.Invoice.Lines).Where(line => line.Meter is not null).Sum(line => line.AmountNano);
            var open = state.Invoices.OpenLines(state, "group", long.MaxValue).Sum(line => line.Amount.AmountNano);
            Assert.True(state.Bill.Lines.Sum(line => line.Value.AmountNano) == invoiced + open, $"seed {seed}: charges are not the sum of what is invoiced and what is open");
            Assert.Equal(Enumerable.Range(1, state.Invoices.NextNumber - 1), state.Invoices.Invoices.Select(issued => issued.Invoice.Number).Concat(state.Invoices.CreditNotes.Select(issued => issued.Note.Number)).Order());
        }
    }

    [Fact]
    public void Every_line_is_the_sum_of_the_requests_and_leases_that_its_trace_names()
    {
        for (var seed = 1; seed <= 10; seed++)
        {
            var cloud = BilledCloud.Random(seed);
            foreach (var issued in cloud.State.Invoices.Invoices)
            {
                var found = InvoiceTrace.Of(cloud.Records, issued.Invoice.Number, out var wrong);
                Assert.True(wrong is null, $"seed {seed}, invoice {issued.Invoice.Number}: {wrong}");
                Assert.All(found!.Value.Charges, charge => Assert.True(charge.Line > 0 && charge.Sequence < issued.Sequence));
            }
        }
    }

    [Fact]
    public void One_nano_unit_more_on_any_charge_or_line_is_found_at_its_record()
    {
        var kinds = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var seed = 7; seed < 11; seed++)
        {
            var cloud = BilledCloud.Random(seed);
            // Some of every kind: most records are lease slices.
            var places = Enumerable.Range(0, cloud.Records.Count).Where(at => Forged(cloud.Records[at].Event) != cloud.Records[at].Event).GroupBy(at => cloud.Records[at].Event.GetType())
                .SelectMany(kind => kind.Where((_, number) => number % Math.Max(1, kind.Count() / 4) == 0));
            foreach (var at in places)
            {
                List<JournalRecord> forged = [.. cloud.Records];
                forged[at] = forged[at] with { Event = Forged(forged[at].Event) };
                var report = LedgerProof.Of(forged);
                Assert.True(report.Wrong?.Sequence == forged[at].Sequence, $"seed {seed}: record {forged[at].Sequence} was forged, and {report.Wrong} was found");
                var kind = forged[at].Event.GetType().Name;
                kinds[kind] = kinds.GetValueOrDefault(kind) + 1;
            }
        }

        Assert.Equal(7, kinds.Count);
    }

    [Fact]
    public void What_becomes_known_after_its_month_was_invoiced_stands_on_the_next_invoice_with_its_own_days()
    {
        var cloud = new BilledCloud();
        var lease = cloud.Start("acme-lab", 0);
        cloud.NowMs = BilledCloud.At(2026, 10, 31);
        cloud.Ask("acme-lab", 1000, 0, 1000);
        cloud.NowMs = BilledCloud.At(2026, 11, 2);
        // The lease is not metered: October is invoiced with what was known of it.
        var first = Invoicing.Compose(cloud.State, "acme", BilledCloud.At(2026, 10, 1), BilledCloud.At(2026, 11, 1), cloud.NowMs);
        cloud.Record(new InvoiceIssued(first, InvoiceJson.Sha256(InvoiceJson.Write(first)), Invoicing.Entries(first)));
        cloud.NowMs = BilledCloud.At(2026, 12, 1);
        cloud.End(lease);
        cloud.Invoice(2026, 11);

        var second = cloud.State.Invoices.Invoices[^1].Invoice;
        var late = Assert.Single(second.Lines, line => line.Kind == InvoiceLineKind.Late);
        Assert.Equal((BilledCloud.At(2026, 10, 1), BilledCloud.At(2026, 11, 1)), (late.FirstMs, late.LastMs));
        Assert.Equal(31L * BilledCloud.Day * 1000, late.Quantity);
        Assert.DoesNotContain(second.Lines, line => line.Meter == Meter.InputTokens);
        Assert.Null(LedgerProof.Of(cloud.Records).Wrong);
    }

    [Fact]
    public void Credit_notes_never_give_back_more_than_the_invoice()
    {
        for (var seed = 1; seed <= Seeds; seed++)
        {
            var cloud = BilledCloud.Random(seed);
            foreach (var invoice in cloud.State.Invoices.Invoices.Select(issued => issued.Invoice).ToList())
            {
                Assert.True(Crediting.Left(cloud.State.Invoices, invoice) >= 0, $"seed {seed}: more than invoice {invoice.Number} was given back");
                cloud.Credit(invoice.Number, null, null);
                Assert.Equal(0, Crediting.Left(cloud.State.Invoices, invoice));
                Assert.Null(cloud.Credit(invoice.Number, null, null));
            }

            Assert.Null(LedgerProof.Of(cloud.Records).Wrong);
        }
    }

    [Theory]
    [InlineData("JPY", 1_499_999_999, 1_000_000_000, "1")]
    [InlineData("JPY", 1_500_000_000, 2_000_000_000, "2")]
    [InlineData("EUR", 1_005_000_000, 1_010_000_000, "1.01")]
    [InlineData("EUR", -1_005_000_000, -1_010_000_000, "-1.01")]
    [InlineData("EUR", 1_004_999_999, 1_000_000_000, "1.00")]
    [InlineData("KWD", 1_000_500_000, 1_001_000_000, "1.001")]
    [InlineData("KWD", 1_000_499_999, 1_000_000_000, "1.000")]
    public void Totals_are_rounded_once_to_the_smallest_unit_of_the_currency(string currency, long exactNano, long roundedNano, string shown)
    {
        Assert.Equal(roundedNano, Currencies.Round(exactNano, currency));
        Assert.Equal(shown, Currencies.Format(roundedNano, currency));
    }

    [Theory]
    [InlineData("EUX")]
    [InlineData("eur")]
    [InlineData("XAU")]
    [InlineData("")]
    public void A_currency_that_nobody_pays_in_is_refused_in_one_line(string code) => Assert.DoesNotContain('\n', Currencies.Check(code)!.Message);

    private static JournalEvent Forged(JournalEvent fact) => fact switch
    {
        LeaseCharged charged => new LeaseCharged(charged.Slice with { AmountNano = charged.Slice.AmountNano + 1, Entries = More(charged.Slice.Entries) }),
        TokensCharged charged => charged with { OutputNano = charged.OutputNano + 1, Entries = More(charged.Entries) },
        ReservedIdleCharged idle => idle with { AmountNano = idle.AmountNano + 1, Entries = More(idle.Entries) },
        CommitmentShortfallCharged unused => unused with { AmountNano = unused.AmountNano + 1, Entries = More(unused.Entries) },
        IdleDevicesShared { Shares: [var share, ..] } shared =>
            shared with { Shares = shared.Shares.SetItem(0, share with { AmountNano = share.AmountNano + 1 }), Entries = shared.Entries.IsEmpty ? [] : More(shared.Entries) },
        InvoiceIssued issued => Signed(issued with { Invoice = issued.Invoice with { Lines = issued.Invoice.Lines.SetItem(0, issued.Invoice.Lines[0] with { AmountNano = issued.Invoice.Lines[0].AmountNano + 1 }) } }),
        CreditNoteIssued credited => Signed(credited with { Note = credited.Note with { Lines = credited.Note.Lines.SetItem(0, credited.Note.Lines[0] with { What = "more" }) } }),
        _ => fact,
    };

    /// <summary>A forger who knows that entries balance.</summary>
    private static ImmutableArray<Entry> More(ImmutableArray<Entry> entries) =>
        entries.SetItem(0, entries[0] with { AmountNano = entries[0].AmountNano + 1 }).SetItem(entries.Length - 1, entries[^1] with { AmountNano = entries[^1].AmountNano - 1 });

    /// <summary>And that documents are hashed.</summary>
    private static InvoiceIssued Signed(InvoiceIssued issued) => issued with { Sha256 = InvoiceJson.Sha256(InvoiceJson.Write(issued.Invoice)) };

    private static CreditNoteIssued Signed(CreditNoteIssued credited) => credited with { Sha256 = InvoiceJson.Sha256(InvoiceJson.Write(credited.Note)) };
}
