using System.Collections.Immutable;
using Amalgam.Core.Cloud;

namespace Amalgam.Core.Ledger.Invoices;

/// <summary>Credit notes: reversals of an invoice, whole or in part, never above what is left of it.</summary>
public static class Crediting
{
    /// <summary>What is left of the invoice after the credit notes so far.</summary>
    public static long Left(InvoiceBook book, Invoice invoice) => invoice.TotalNano - book.NotesOf(invoice.Number).Sum(note => note.TotalNano);

    /// <param name="lineNumber">One line; null = everything that is left.</param>
    /// <param name="amountNano">Of that line, or of the whole invoice; null = all that is left of it.</param>
    public static Outcome<CreditNote> Compose(CloudState state, Invoice invoice, int? lineNumber, long? amountNano, string why, long issuedMs)
    {
        var left = Left(state.Invoices, invoice);
        if (left == 0)
        {
            return new Refusal(RefusalCodes.Conflict, $"nothing is left of invoice {invoice.Number}: it is credited already (`amalgam invoice list`)");
        }

        if (amountNano is { } given && (given <= 0 || given % Currencies.MinorNano(invoice.Currency) != 0))
        {
            return new Refusal(RefusalCodes.Invalid, $"a credit in {invoice.Currency} is above 0 and has at most {Currencies.Decimals(invoice.Currency) ?? 2} decimals, not {Nano.Format(given)}");
        }

        var lines = lineNumber is { } number ? OneLine(state, invoice, number, amountNano, left) : Whole(state, invoice, amountNano, left);
        return lines.Refusal is { } refusal ? refusal : Note(state, invoice, lines.Value, why, issuedMs);
    }

    public static ImmutableArray<Entry> Entries(CreditNote note) => [new Entry($"unit/{note.Customer}", -note.TotalNano), new Entry("income/credits", note.TotalNano)];

    private static CreditNote Note(CloudState state, Invoice invoice, ImmutableArray<CreditLine> lines, string why, long issuedMs) => new()
    {
        Number = state.Invoices.NextNumber, InvoiceNumber = invoice.Number, Customer = invoice.Customer, IssuedMs = issuedMs, Currency = invoice.Currency, Why = why,
        Seller = invoice.Seller, Buyer = invoice.Buyer, Lines = lines, TotalNano = lines.Sum(line => line.AmountNano),
    };

    /// <summary>All that is left of every line, or an amount of the whole without saying which line.</summary>
    private static Outcome<ImmutableArray<CreditLine>> Whole(CloudState state, Invoice invoice, long? amountNano, long left)
    {
        if (amountNano is { } amount)
        {
            return amount <= left
                ? (Outcome<ImmutableArray<CreditLine>>)ImmutableArray.Create(new CreditLine(0, $"of invoice {invoice.Number}", amount))
                : new Refusal(RefusalCodes.Conflict, $"{Nano.Format(amount)} {invoice.Currency} is more than what is left of invoice {invoice.Number}: {Nano.Format(left)}");
        }

        var lines = invoice.Lines.Select(line => new CreditLine(line.Number, What(line), LeftOf(state, invoice, line))).Where(line => line.AmountNano != 0).ToList();
        var rest = left - lines.Sum(line => line.AmountNano);
        if (rest != 0)
        {
            lines.Add(new CreditLine(0, "rounding and earlier credits", rest));
        }

        return lines.ToImmutableArray();
    }

    private static Outcome<ImmutableArray<CreditLine>> OneLine(CloudState state, Invoice invoice, int number, long? amountNano, long left)
    {
        if (invoice.Lines.FirstOrDefault(line => line.Number == number) is not { Kind: not InvoiceLineKind.Rounding } found)
        {
            return new Refusal(RefusalCodes.NotFound, $"invoice {invoice.Number} has no line {number} that could be credited: `amalgam invoice show {invoice.Number}` numbers them");
        }

        var leftOfLine = LeftOf(state, invoice, found);
        var amount = amountNano ?? leftOfLine;
        if (leftOfLine <= 0 || amount > leftOfLine)
        {
            return new Refusal(
                RefusalCodes.Conflict, $"of line {number} of invoice {invoice.Number} {Nano.Format(Math.Max(0, leftOfLine))} {invoice.Currency} is left, less than {Nano.Format(amount)}");
        }

        // Rounded as the invoice was, and never beyond what is left of it.
        var total = Math.Min(Currencies.Round(amount, invoice.Currency), left);
        var line = new CreditLine(number, What(found), amount);
        return total == 0 ? new Refusal(RefusalCodes.Conflict, $"line {number} of invoice {invoice.Number} is {Nano.Format(amount)} {invoice.Currency}: less than the smallest amount that can be paid")
            : total == amount ? ImmutableArray.Create(line)
            : ImmutableArray.Create(line, new CreditLine(0, "rounding", total - amount));
    }

    private static long LeftOf(CloudState state, Invoice invoice, InvoiceLine line) =>
        line.AmountNano - state.Invoices.NotesOf(invoice.Number).SelectMany(note => note.Lines).Where(credited => credited.InvoiceLine == line.Number).Sum(credited => credited.AmountNano);

    private static string What(InvoiceLine line) => line.Kind == InvoiceLineKind.Rounding ? "rounding" : $"{line.Workload} {line.Item} {line.Meter}".Trim();
}
