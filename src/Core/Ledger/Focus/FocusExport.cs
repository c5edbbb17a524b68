using System.Collections.Immutable;
using System.Globalization;
using Amalgam.Core.Cloud;
using Amalgam.Core.Ledger.Invoices;
using Amalgam.Core.Ledger.Pricing;

namespace Amalgam.Core.Ledger.Focus;

/// <summary>
/// What units used, as rows of the Cost and Usage dataset: one per day, meter and unit price (a tier has its own), and one per invoice that it stands on, so that the rows of an invoice
/// add up to its total to the nano-unit. List and contracted costs are the exact product of price and quantity, billed costs are what was charged.
/// </summary>
public static class FocusExport
{
    private static readonly ImmutableArray<string> Custom = ["x_ChipClass", "x_ModelId", "x_PriceBookVersion", "x_Rule", "x_TokenType"];

    /// <summary>Columns in the order of the file: the specification's, then our own.</summary>
    public static ImmutableArray<string> Columns(string version) => [.. FocusSchema.Of(FocusSchema.CostAndUsage, version).Select(column => column.Id), .. Custom];

    /// <param name="lines">Days' lines, as the journal has them and as they accrue.</param>
    /// <param name="top">Documents of this unit and all below it.</param>
    /// <param name="accruing">What of the lines is not in the journal yet, by unit price.</param>
    public static FocusTable CostAndUsage(
        CloudState state, string version, IEnumerable<KeyValuePair<BillKey, BillAmount>> lines, string top, long fromMs, long toMs, PricedBook? accruing = null)
    {
        var columns = Columns(version);
        var rows = new List<IReadOnlyList<string?>>();
        void Add(Dictionary<string, string?> cells) => rows.Add([.. columns.Select(column => cells.GetValueOrDefault(column))]);
        foreach (var (key, amount) in InOrder(lines))
        {
            var open = amount;
            foreach (var (number, part) in state.Invoices.PartsOf(key))
            {
                open = open with { Quantity = open.Quantity - part.Quantity, AmountNano = open.AmountNano - part.AmountNano, Count = open.Count - part.Count };
                Usage(state, key, part, state.Priced.Of(key, number), state.Invoices.Find(number)!.Invoice).ForEach(Add);
            }

            Usage(state, key, open, state.Priced.Of(key, 0).Concat(accruing?.Of(key, 0) ?? []), null).ForEach(Add);
        }

        foreach (var issued in state.Invoices.Invoices.Where(issued => Within(state, issued.Invoice.Customer, top) && issued.Invoice.FromMs < toMs && issued.Invoice.ToMs > fromMs))
        {
            foreach (var line in issued.Invoice.Lines.Where(line => line.Meter is null))
            {
                Add(FocusRow.Adjustment(state, issued.Invoice, line));
            }
        }

        foreach (var issued in state.Invoices.CreditNotes.Where(issued => Within(state, issued.Note.Customer, top) && issued.Note.IssuedMs >= fromMs && issued.Note.IssuedMs < toMs))
        {
            Add(FocusRow.Credit(state, issued.Note));
        }

        return new FocusTable(FocusSchema.CostAndUsage, version, columns, rows);
    }

    internal static bool Within(CloudState state, string customer, string top) => state.Units.IsWithin(customer, top) || top == state.Units.Root.Name;

    /// <summary>`2026-11-01T00:00:00Z`, attribute DateTimeFormat.</summary>
    internal static string Instant(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>No exponent, no needless zeros.</summary>
    internal static string Text(decimal value) => value == 0 ? "0" : value.ToString("0.############################", CultureInfo.InvariantCulture);

    private static IEnumerable<KeyValuePair<BillKey, BillAmount>> InOrder(IEnumerable<KeyValuePair<BillKey, BillAmount>> lines) =>
        lines.OrderBy(line => line.Key.Day).ThenBy(line => line.Key.Path, StringComparer.Ordinal).ThenBy(line => line.Key.WorkloadId, StringComparer.Ordinal)
            .ThenBy(line => line.Key.Meter).ThenBy(line => line.Key.PriceVersion).ThenBy(line => line.Key.Rule, StringComparer.Ordinal);

    /// <summary>One row per unit price.</summary>
    private static List<Dictionary<string, string?>> Usage(CloudState state, BillKey key, BillAmount amount, IEnumerable<PricedPart> priced, Invoice? invoice) =>
    [
        .. Parts(state, key, amount, priced).OrderBy(part => part.Prices.Above).ThenBy(part => part.Prices.ListVersion).ThenBy(part => part.Prices.AgreedNano)
            .Select(part => FocusRow.Usage(state, key, part, invoice)),
    ];

    private static IEnumerable<PricedPart> Parts(CloudState state, BillKey key, BillAmount amount, IEnumerable<PricedPart> priced)
    {
        var left = amount;
        foreach (var group in priced.GroupBy(part => part.Prices))
        {
            var part = new PricedPart(group.Key, group.Sum(one => one.Quantity), group.Sum(one => one.AmountNano));
            left = left with { Quantity = left.Quantity - part.Quantity, AmountNano = left.AmountNano - part.AmountNano };
            yield return part;
        }

        if (left.Quantity != 0 || left.AmountNano != 0)
        {
            // At the list price of its version, or charged to nobody.
            var nano = state.Prices.Find(key.PriceVersion)?.Rates.Of(key.Meter) ?? 0;
            yield return new PricedPart(new UnitPrices(Math.Max(0, key.PriceVersion), nano, nano), left.Quantity, left.AmountNano);
        }
    }
}
