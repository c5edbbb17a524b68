using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;

namespace Amalgam.Core.Ledger.Invoices;

/// <summary>What an offline walk over a journal found.</summary>
/// <param name="Wrong">Number of the first record that is wrong, and why; null when all is right.</param>
public sealed record LedgerReport(long Records, long Charges, int Invoices, int CreditNotes, (long Sequence, string Why)? Wrong);

/// <summary>
/// Proves a ledger from its records alone: every charge is rated again, every booking balances, every invoice and credit note is composed again and must come out the same
/// byte for byte. Whether the records themselves are whole is what the hash chain proves.
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

        _charges += record.Event is LeaseCharged or TokensCharged ? 1 : 0;
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
        InvoiceIssued issued => Same(
            $"invoice {issued.Invoice.Number}", InvoiceJson.Write(issued.Invoice), issued.Sha256,
            InvoiceJson.Write(Invoicing.Compose(_state, issued.Invoice.Customer, issued.Invoice.FromMs, issued.Invoice.ToMs, issued.Invoice.IssuedMs))) ?? AddsUp(issued.Invoice),
        CreditNoteIssued credited => Same($"credit note {credited.Note.Number}", InvoiceJson.Write(credited.Note), credited.Sha256, null) ?? Within(credited.Note),
        _ => null,
    };

    /// <param name="again">The same document, made again from the records before it; null for what a person decided.</param>
    private static string? Same(string what, byte[] document, string sha256, byte[]? again) =>
        InvoiceJson.Sha256(document) != sha256 ? $"{what} does not have the SHA-256 that was recorded with it"
        : again is not null && !again.AsSpan().SequenceEqual(document) ? $"{what} is not what the charges before it come to"
        : null;

    private static string? AddsUp(Invoice invoice) =>
        invoice.Lines.Sum(line => line.AmountNano) == invoice.TotalNano ? null : $"the lines of invoice {invoice.Number} do not add up to its total";

    private string? Within(CreditNote note)
    {
        if (_state.Invoices.Find(note.InvoiceNumber) is not { } issued)
        {
            return $"credit note {note.Number} is for invoice {note.InvoiceNumber}, which was not issued before it";
        }

        return note.Lines.Sum(line => line.AmountNano) != note.TotalNano ? $"the lines of credit note {note.Number} do not add up to its total"
            : note.TotalNano > Crediting.Left(_state.Invoices, issued.Invoice) ? $"credit note {note.Number} gives back more than is left of invoice {note.InvoiceNumber}"
            : null;
    }

    private LedgerReport Report((long, string)? wrong) => new(_state.LastSequence, _charges, _state.Invoices.Invoices.Count, _state.Invoices.CreditNotes.Count, wrong);
}
