using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;

namespace Amalgam.Core.Ledger.Invoices;

/// <summary>What an offline walk over a journal found.</summary>
/// <param name="Wrong">Number of the first record that is wrong, and why; null when all is right.</param>
public sealed record LedgerReport(long Records, long Charges, int Invoices, int CreditNotes, (long Sequence, string Why)? Wrong);

/// <summary>
/// Proves a ledger from its records alone: every charge is rated again (reserved, committed and idle ones from the leases and books before them), every booking balances, every
/// invoice and credit note is composed again and must come out the same byte for byte. Whether the records themselves are whole is what the hash chain proves.
/// </summary>
public sealed class LedgerProof
{
    private readonly CloudState _state = new();
    private long _charges;

    /// <summary>The state after the records walked so far.</summary>
    public CloudState State => _state;

    public static LedgerReport Of(IEnumerable<JournalRecord> records)
    {
        var proof = new LedgerProof();
        foreach (var record in records)
        {
            if (proof.Next(record) is { } why)
            {
                return proof.Report((record.Sequence, why));
            }
        }

        return proof.Report(null);
    }

    /// <summary>Checks a record against all before it, then adds it. What is wrong with it, one line; null when nothing is.</summary>
    public string? Next(JournalRecord record)
    {
        if ((ChargeCheck.Of(_state, record) ?? Document(record)) is { } wrong)
        {
            return wrong;
        }

        _charges += record.Event is LeaseCharged or TokensCharged or ReservedIdleCharged or CommitmentShortfallCharged or IdleDevicesShared ? 1 : 0;
        try
        {
            _state.Apply(record);
            return null;
        }
        catch (Exception impossible) when (impossible is InvalidOperationException or KeyNotFoundException or FormatException or OverflowException or ArgumentException)
        {
            return $"it cannot follow the records before it: {impossible.Message}";
        }
    }

    private string? Document(JournalRecord record) => record.Event switch
    {
        InvoiceIssued issued => Signed($"invoice {issued.Invoice.Number}", InvoiceJson.Write(issued.Invoice), issued.Sha256)
            ?? Same(issued.Invoice, Invoicing.Compose(_state, issued.Invoice.Customer, issued.Invoice.FromMs, issued.Invoice.ToMs, issued.Invoice.IssuedMs)) ?? AddsUp(issued.Invoice),
        CreditNoteIssued credited => Signed($"credit note {credited.Note.Number}", InvoiceJson.Write(credited.Note), credited.Sha256) ?? Within(credited.Note),
        _ => null,
    };

    private static string? Signed(string what, byte[] document, string sha256) =>
        InvoiceJson.Sha256(document) != sha256 ? $"{what} does not have the SHA-256 that was recorded with it" : null;

    /// <summary>Byte for byte; the first line that differs is named.</summary>
    private static string? Same(Invoice issued, Invoice again)
    {
        if (InvoiceJson.Write(issued).AsSpan().SequenceEqual(InvoiceJson.Write(again)))
        {
            return null;
        }

        for (var at = 0; at < Math.Max(issued.Lines.Length, again.Lines.Length); at++)
        {
            var (written, computed) = (issued.Lines.ElementAtOrDefault(at), again.Lines.ElementAtOrDefault(at));
            if (written != computed)
            {
                return $"invoice {issued.Number} is not what the charges before it come to: line {at + 1} says {Words(written)}, and they come to {Words(computed)}";
            }
        }

        return $"invoice {issued.Number} is not what the charges before it come to: its lines are, and its head or its total is not";
    }

    private static string Words(InvoiceLine? line) => line is null ? "nothing" : $"{Nano.Format(line.AmountNano)} ({line.Unit} {line.Item} {line.Meter?.ToString() ?? line.Kind.ToString()})";

    private static string? AddsUp(Invoice invoice) =>
        invoice.Lines.Sum(line => line.AmountNano) == invoice.TotalNano ? null : $"the lines of invoice {invoice.Number} do not add up to its total";

    private string? Within(CreditNote note)
    {
        if (_state.Invoices.Find(note.InvoiceNumber) is not { } issued)
        {
            return $"credit note {note.Number} is for invoice {note.InvoiceNumber}, which was not issued before it";
        }

        return note.Lines.IsDefaultOrEmpty || note.Lines.Sum(line => line.AmountNano) != note.TotalNano ? $"the lines of credit note {note.Number} do not add up to its total"
            : note.TotalNano > Crediting.Left(_state.Invoices, issued.Invoice) ? $"credit note {note.Number} gives back more than is left of invoice {note.InvoiceNumber}"
            : Composed(issued.Invoice, note) ? null
            : $"credit note {note.Number} is none that could be made of invoice {note.InvoiceNumber} and the credit notes before it";
    }

    /// <summary>What to give back a person decided: all that is left, an amount of the whole, or of one line. The rest follows.</summary>
    private bool Composed(Invoice invoice, CreditNote note)
    {
        var written = InvoiceJson.Write(note);
        return new (int? Line, long? AmountNano)[] { (null, null), (null, note.TotalNano), (note.Lines[0].InvoiceLine, note.Lines[0].AmountNano), (note.Lines[0].InvoiceLine, null) }
            .Any(asked => Crediting.Compose(_state, invoice, asked.Line, asked.AmountNano, note.Why, note.IssuedMs) is { Refusal: null, Value: { } again } && written.AsSpan().SequenceEqual(InvoiceJson.Write(again)));
    }

    private LedgerReport Report((long, string)? wrong) => new(_state.LastSequence, _charges, _state.Invoices.Invoices.Count, _state.Invoices.CreditNotes.Count, wrong);
}
