using System.CommandLine;
using System.Globalization;
using Amalgam.Contracts;
using Amalgam.ControlPlane.Views;
using Amalgam.Hosting;

namespace Amalgam.Cli;

/// <summary>`bill --format csv | focus`: what other programs read.</summary>
internal static class BillFormats
{
    public static readonly Option<string> Format = new("--format") { Description = "table, json, csv or focus (FOCUS, as CSV)", DefaultValueFactory = _ => "table" };
    public static readonly Option<string> FocusVersion = new("--focus-version") { Description = "1.4 or 1.2", DefaultValueFactory = _ => "1.4" };
    public static readonly Option<string> Dataset = new("--dataset") { Description = "of FOCUS 1.4: CostAndUsage, InvoiceDetail, BillingPeriod or ContractCommitment", DefaultValueFactory = _ => "CostAndUsage" };

    /// <summary>Null when it is a format that the verb prints itself.</summary>
    public static async Task<int?> PrintAsync(ParseResult parsed, ApiClient client, string query, CancellationToken cancel)
    {
        switch (parsed.GetValue(Format))
        {
            case "table" or "json":
                return null;
            case "focus":
                await InvoiceVerbs.PrintRawAsync(client, $"/api/v1/bill/focus?version={Verbs.Escape(parsed.GetValue(FocusVersion)!)}&dataset={Verbs.Escape(parsed.GetValue(Dataset)!)}{(query.Length == 0 ? "" : $"&{query}")}", cancel);
                return 0;
            case "csv":
                Console.Out.Write(Csv(await client.GetAsync($"/api/v1/bill?{query}", ContractsJson.Default.BillView)));
                return 0;
            case var other:
                throw new CommandException($"--format is table, json, csv or focus, not '{other}'", 2);
        }
    }

    private static string Csv(BillView bill)
    {
        var text = new System.Text.StringBuilder();
        DocumentCsv.Row(text, "unit", "workload_id", "workload", "item", "chip_class", "meter", "quantity", "unit_price", "priced_per", "price_version", "amount", "currency", "count", "accruing", "first", "last");
        foreach (var line in bill.Lines)
        {
            DocumentCsv.Row(
                text, line.Unit, line.WorkloadId, line.Workload, line.Item, line.ChipClass, line.Meter, line.Quantity.ToString(CultureInfo.InvariantCulture), line.UnitPrice, line.PricedPer,
                line.PriceVersion.ToString(CultureInfo.InvariantCulture), line.Amount, bill.Currency, line.Count.ToString(CultureInfo.InvariantCulture), line.Accruing,
                line.First.ToString("O", CultureInfo.InvariantCulture), line.Last.ToString("O", CultureInfo.InvariantCulture));
        }

        return text.ToString();
    }
}
