using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;

namespace Amalgam.Core.Ledger.Invoices;

/// <summary>One charge behind a line of an invoice.</summary>
/// <param name="Sequence">Of the journal's record.</param>
/// <param name="Id">Request id, or lease id.</param>
/// <param name="Quantity">Milli-device-milliseconds, or tokens.</param>
public sealed record TracedCharge(int Line, long Sequence, string Id, long FromMs, long ToMs, long Quantity, int PriceVersion, long AmountNano);

/// <summary>
/// Every charge behind every line of one invoice, found without the invoice's own figures: those of its customer's subtree, up to the end of its period, that no earlier
/// invoice had. Their sums are then held against the lines.
/// </summary>
public sealed class InvoiceTrace
{
    private readonly Invoice _invoice;
    private readonly List<(BillKey Key, TracedCharge Charge)> _charges = [];

    private InvoiceTrace(Invoice invoice) => _invoice = invoice;

    /// <summary>Null when the journal has no such invoice. <paramref name="wrong"/> names what is wrong, one line.</summary>
    public static (Invoice Invoice, IReadOnlyList<TracedCharge> Charges)? Of(IEnumerable<JournalRecord> records, int number, out string? wrong)
    {
        wrong = null;
        // The invoice is looked up first, so that only its own charges are kept while the journal is walked.
        if (records.Select(record => record.Event).OfType<InvoiceIssued>().FirstOrDefault(issued => issued.Invoice.Number == number)?.Invoice is not { } invoice)
        {
            return null;
        }

        var (trace, proof) = (new InvoiceTrace(invoice), new LedgerProof());
        foreach (var record in records)
        {
            if (record.Event is InvoiceIssued issued && issued.Invoice.Number != number)
            {
                trace._charges.RemoveAll(item => Covers(proof.State, issued.Invoice, item.Key));
            }

            trace.Keep(proof.State, record);
            if (proof.Next(record) is { } why)
            {
                wrong = $"record {record.Sequence}: {why}";
                break;
            }

            if (record.Event is InvoiceIssued { } last && last.Invoice.Number == number)
            {
                wrong = trace.Compare();
                break;
            }
        }

        return (invoice, [.. trace._charges.Select(item => item.Charge)]);
    }

    private static bool Covers(CloudState state, Invoice invoice, BillKey key) => key.Day < invoice.ToMs / BillBook.DayMs && state.Units.IsPathWithin(key.Path, invoice.Customer);

    private void Keep(CloudState state, JournalRecord record)
    {
        switch (record.Event)
        {
            case LeaseCharged charged:
                var (key, quantity, amount) = BillBook.Part(charged.Slice, state.Units.PathAt(charged.Slice.Unit, charged.Slice.FromMs));
                Keep(state, key, new(0, record.Sequence, charged.Slice.LeaseId, charged.Slice.FromMs, charged.Slice.ToMs, quantity, key.PriceVersion, amount));
                break;
            case TokensCharged charged:
                foreach (var part in BillBook.Parts(charged, record.AtMs, state.Units.PathAt(charged.Unit, record.AtMs)))
                {
                    Keep(state, part.Key, new(0, record.Sequence, charged.RequestId, record.AtMs, record.AtMs, part.Quantity, part.Key.PriceVersion, part.AmountNano));
                }

                break;
            case IdleDevicesShared shared:
                foreach (var part in BillBook.Parts(record, ""))
                {
                    Keep(state, part.Key, new(0, record.Sequence, $"{shared.ChipClass}, day {shared.Day}", part.FromMs, part.ToMs, part.Quantity, part.Key.PriceVersion, part.AmountNano));
                }

                break;
            case ReservedIdleCharged or CommitmentShortfallCharged:
                var (unit, atMs, id) = record.Event is ReservedIdleCharged idle ? (idle.Unit, idle.FromMs, idle.ContractId) : Unused((CommitmentShortfallCharged)record.Event);
                foreach (var part in BillBook.Parts(record, state.Units.PathAt(unit, atMs)))
                {
                    Keep(state, part.Key, new(0, record.Sequence, id, part.FromMs, part.ToMs, part.Quantity, part.Key.PriceVersion, part.AmountNano));
                }

                break;
        }
    }

    private static (string Unit, long AtMs, string Id) Unused(CommitmentShortfallCharged unused) => (unused.Unit, unused.ToMs - 1, unused.CommitmentId);

    private void Keep(CloudState state, BillKey key, TracedCharge charge)
    {
        if (Covers(state, _invoice, key) && (charge.Quantity != 0 || charge.AmountNano != 0))
        {
            _charges.Add((key, charge));
        }
    }

    /// <summary>Gives every charge the number of its line, and holds the sums against the lines.</summary>
    private string? Compare()
    {
        var lines = _invoice.Lines.Where(line => line.Meter is not null)
            .ToDictionary(line => (line.Path, line.Unit, line.WorkloadId, line.Item, line.ChipClass, line.Meter!.Value, line.PriceVersion, line.ContractId, line.Rule, line.Kind == InvoiceLineKind.Late));
        var sums = new Dictionary<int, (long Quantity, long AmountNano)>();
        for (var at = 0; at < _charges.Count; at++)
        {
            var (key, charge) = _charges[at];
            if (!lines.TryGetValue((key.Path, key.Unit, key.WorkloadId, key.Item, key.ChipClass, key.Meter, key.PriceVersion, key.ContractId, key.Rule, key.Day < _invoice.FromMs / BillBook.DayMs), out var line))
            {
                return $"record {charge.Sequence} ({charge.Id}) is on no line";
            }

            _charges[at] = (key, charge with { Line = line.Number });
            var sum = sums.GetValueOrDefault(line.Number);
            sums[line.Number] = (sum.Quantity + charge.Quantity, sum.AmountNano + charge.AmountNano);
        }

        return lines.Values.FirstOrDefault(line => sums.GetValueOrDefault(line.Number) != (line.Quantity, line.AmountNano)) is { } wrong
            ? $"line {wrong.Number} says {Nano.Format(wrong.AmountNano)}, and the charges behind it come to {Nano.Format(sums.GetValueOrDefault(wrong.Number).AmountNano)}"
            : null;
    }
}
