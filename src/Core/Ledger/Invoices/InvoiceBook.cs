using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;

namespace Amalgam.Core.Ledger.Invoices;

/// <summary>All documents that were ever issued, and what is on one already.</summary>
public sealed class InvoiceBook
{
    private readonly List<IssuedInvoice> _invoices = [];
    private readonly List<IssuedCreditNote> _notes = [];
    private readonly Dictionary<BillKey, BillAmount> _invoiced = [];
    private readonly Dictionary<BillKey, List<(int Invoice, BillAmount Amount)>> _parts = [];
    private readonly HashSet<(string ContractId, long MonthMs)> _credited = [];

    public IReadOnlyList<IssuedInvoice> Invoices => _invoices;

    public IReadOnlyList<IssuedCreditNote> CreditNotes => _notes;

    public int NextNumber => _invoices.Count + _notes.Count + 1;

    public IssuedInvoice? Find(int number) => _invoices.Find(issued => issued.Invoice.Number == number);

    public IssuedCreditNote? FindNote(int number) => _notes.Find(issued => issued.Note.Number == number);

    public IEnumerable<CreditNote> NotesOf(int invoice) => _notes.Where(issued => issued.Note.InvoiceNumber == invoice).Select(issued => issued.Note);

    /// <summary>Sold until now on which invoice: the last one of exactly this customer.</summary>
    public Invoice? LastOf(string customer) => _invoices.FindLast(issued => issued.Invoice.Customer == customer)?.Invoice;

    /// <summary>Is the service level's credit for this month on an invoice already?</summary>
    public bool HasCredited(string contractId, long monthMs) => _credited.Contains((contractId, monthMs));

    /// <summary>On which invoices a day's line stands, with how much of it.</summary>
    public IReadOnlyList<(int Invoice, BillAmount Amount)> PartsOf(BillKey key) => _parts.TryGetValue(key, out var parts) ? parts : [];

    /// <summary>What of one day's line is on no invoice yet.</summary>
    public BillAmount Open(BillKey key, BillAmount charged)
    {
        var before = _invoiced.GetValueOrDefault(key);
        return charged with { Quantity = charged.Quantity - before.Quantity, AmountNano = charged.AmountNano - before.AmountNano, Count = charged.Count - before.Count };
    }

    /// <summary>Lines of a subtree before an instant that are on no invoice yet, in no particular order.</summary>
    public IEnumerable<(BillKey Key, BillAmount Amount)> OpenLines(CloudState state, string customer, long toMs)
    {
        foreach (var (key, charged) in state.Bill.Lines)
        {
            if (key.Day < toMs / BillBook.DayMs && state.Units.IsPathWithin(key.Path, customer))
            {
                var open = Open(key, charged);
                if (open.Quantity != 0 || open.AmountNano != 0)
                {
                    yield return (key, open);
                }
            }
        }
    }

    public void Apply(JournalRecord record, CloudState state)
    {
        switch (record.Event)
        {
            case InvoiceIssued issued:
                Expect(record, issued.Invoice.Number);
                foreach (var (key, open) in OpenLines(state, issued.Invoice.Customer, issued.Invoice.ToMs).ToList())
                {
                    _invoiced[key] = state.Bill[key];
                    Part(key).Add((issued.Invoice.Number, open));
                    state.Priced.Invoice(key, issued.Invoice.Number);
                }

                _credited.UnionWith(issued.Invoice.Lines.Where(line => line.Kind == InvoiceLineKind.ServiceCredit).Select(line => (line.WorkloadId, line.FirstMs)));
                _invoices.Add(new IssuedInvoice(issued.Invoice, issued.Sha256, record.Sequence));
                break;
            case CreditNoteIssued credited:
                Expect(record, credited.Note.Number);
                _notes.Add(new IssuedCreditNote(credited.Note, credited.Sha256, record.Sequence));
                break;
        }
    }

    private List<(int, BillAmount)> Part(BillKey key) => _parts.TryGetValue(key, out var parts) ? parts : _parts[key] = [];

    private void Expect(JournalRecord record, int number)
    {
        if (number != NextNumber)
        {
            throw new InvalidOperationException($"journal record {record.Sequence} issues document {number} where {NextNumber} comes next");
        }
    }
}

/// <param name="Sequence">Of the record that issued it: it rests on all records before.</param>
public sealed record IssuedInvoice(Invoice Invoice, string Sha256, long Sequence);

public sealed record IssuedCreditNote(CreditNote Note, string Sha256, long Sequence);
