using System.Collections.Immutable;
using System.Globalization;
using Amalgam.Core.Cloud;
using Amalgam.Core.Ledger.Invoices;

namespace Amalgam.Core.Ledger.Focus;

/// <summary>
/// What units used, as rows of the Cost and Usage dataset: one per day, meter and price, and one per invoice that it stands on, so that the rows of an invoice add up to its total
/// to the nano-unit. Prices are list prices of the price version; costs at those prices are the exact product, billed costs are what was charged.
/// </summary>
public static class FocusExport
{
    private static readonly ImmutableArray<string> Custom = ["x_ChipClass", "x_ModelId", "x_PriceBookVersion", "x_Rule", "x_TokenType"];

    /// <summary>Columns in the order of the file: the specification's, then our own.</summary>
    public static ImmutableArray<string> Columns(string version) => [.. FocusSchema.Of(FocusSchema.CostAndUsage, version).Select(column => column.Id), .. Custom];

    /// <param name="lines">Days' lines, as the journal has them and as they accrue.</param>
    /// <param name="top">Documents of this unit and all below it.</param>
    public static FocusTable CostAndUsage(CloudState state, string version, IEnumerable<KeyValuePair<BillKey, BillAmount>> lines, string top, long fromMs, long toMs)
    {
        var columns = Columns(version);
        var prices = state.Prices.All.ToDictionary(price => price.Version);
        var rows = new List<IReadOnlyList<string?>>();
        void Add(Dictionary<string, string?> cells) => rows.Add([.. columns.Select(column => cells.GetValueOrDefault(column))]);
        foreach (var (key, amount) in lines.OrderBy(line => line.Key.Day).ThenBy(line => line.Key.Path, StringComparer.Ordinal).ThenBy(line => line.Key.WorkloadId, StringComparer.Ordinal).ThenBy(line => line.Key.Meter).ThenBy(line => line.Key.PriceVersion))
        {
            var open = amount;
            foreach (var (number, part) in state.Invoices.PartsOf(key))
            {
                open = open with { Quantity = open.Quantity - part.Quantity, AmountNano = open.AmountNano - part.AmountNano, Count = open.Count - part.Count };
                Add(FocusRow.Usage(state, key, part, prices.GetValueOrDefault(key.PriceVersion), state.Invoices.Find(number)!.Invoice));
            }

            if (open.Quantity != 0 || open.AmountNano != 0)
            {
                Add(FocusRow.Usage(state, key, open, prices.GetValueOrDefault(key.PriceVersion), null));
            }
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

    internal static string Money(long nano) => Nano.Format(nano);
}
