using System.CommandLine;
using System.Globalization;
using Amalgam.ControlPlane.Ports;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Invoices;
using Amalgam.Hosting;
using Amalgam.Storage;

namespace Amalgam.Cli;

/// <summary>`invoice verify N`: from the journal alone, also from a copy of it and without any cloud.</summary>
internal static class InvoiceProofVerb
{
    private static readonly Argument<int> Number = new("number") { Description = "of the invoice" };

    public static Command Verify()
    {
        var data = Verbs.Text("--data", "data directory (else the default one)");
        var journal = Verbs.Text("--journal", "a journal file by itself, for instance out of a backup");
        var at = Verbs.Text("--store", StoreChoice.Help);
        var line = Verbs.Number("--line", "also print every request and lease behind this line");
        var json = Verbs.Json();
        return Verbs.Local("verify", "compute an invoice again from every request and lease in the journal; needs no cloud", (parsed, _) =>
        {
            var path = parsed.GetValue(journal);
            var from = path is not null ? new SqliteStore(path)
                : parsed.GetValue(at) is { } asked ? StoreChoice.Postgres(asked)
                : StoreChoice.Of(parsed.GetValue(data) ?? Credentials.DefaultDataDirectory, null);
            return Task.FromResult(Prove(from, parsed.GetValue(Number), parsed.GetValue(line), parsed.GetValue(json)));
        }, Number, data, at, journal, line, json);
    }

    private static int Prove(IJournalStore store, int number, int? line, bool json)
    {
        try
        {
            if (!store.HoldsCloud())
            {
                throw new CommandException($"there is no journal at {store.Name}: give --data DIR of a cloud, or --journal FILE");
            }

            if (InvoiceTrace.Of(store.Read(), number, out var wrong) is not { } found)
            {
                throw new CommandException($"the journal {store.Name} has no invoice {number}");
            }

            if (wrong is not null)
            {
                throw new CommandException($"invoice {number} cannot be proved: {wrong}");
            }

            Print(found.Invoice, found.Charges, line, json);
            return 0;
        }
        catch (JournalException damaged)
        {
            throw new CommandException(damaged.Message);
        }
    }

    private static void Print(Invoice invoice, IReadOnlyList<TracedCharge> charges, int? only, bool json)
    {
        var bytes = InvoiceJson.Write(invoice);
        if (json)
        {
            Console.WriteLine($$"""{"invoice":{{invoice.Number}},"proved":true,"lines":{{invoice.Lines.Length}},"charges":{{charges.Count}},"bytes":{{bytes.Length}},"sha256":"{{InvoiceJson.Sha256(bytes)}}","total":"{{Currencies.Format(invoice.TotalNano, invoice.Currency)}}","currency":"{{invoice.Currency}}"}""");
            return;
        }

        Console.WriteLine($"invoice {invoice.Number} is proved: {invoice.Lines.Length} lines from {charges.Count} charges, every one rated again; composed again it is the same {bytes.Length} bytes");
        Console.WriteLine($"sha256 {InvoiceJson.Sha256(bytes)}, total {Currencies.Format(invoice.TotalNano, invoice.Currency)} {invoice.Currency}");
        if (only is not { } number)
        {
            return;
        }

        var line = invoice.Lines.FirstOrDefault(line => line.Number == number) ?? throw new CommandException($"invoice {invoice.Number} has no line {number}");
        var table = new Table("RECORD", "REQUEST OR LEASE", "FROM", "TO", line.Meter?.IsTokens() == false ? "DEVICE-HOURS" : "TOKENS", "PRICE V", invoice.Currency);
        foreach (var charge in charges.Where(charge => charge.Line == number))
        {
            table.Add(
                charge.Sequence.ToString(CultureInfo.InvariantCulture), charge.Id, Instant(charge.FromMs), Instant(charge.ToMs),
                line.Meter?.IsTokens() == false ? (charge.Quantity / 3_600_000_000m).ToString("0.000000", CultureInfo.InvariantCulture) : charge.Quantity.ToString(CultureInfo.InvariantCulture),
                charge.PriceVersion.ToString(CultureInfo.InvariantCulture), Nano.Format(charge.AmountNano));
        }

        Console.WriteLine();
        table.Print(Console.Out, line.Kind == InvoiceLineKind.Rounding ? "the rounding line has no charges behind it" : "no charges");
    }

    private static string Instant(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
