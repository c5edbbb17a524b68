using System.CommandLine;
using System.Globalization;
using Amalgam.Contracts;
using Amalgam.Hosting;

namespace Amalgam.Cli;

/// <summary>`price change … --preview | --apply`.</summary>
internal static class ChangeVerb
{
    public static Command Change()
    {
        var chip = Verbs.Text("--class", "chip class");
        var model = Verbs.Text("--model", "served model");
        var by = new Option<string>("--by") { Description = "+40%, -12.5%; from -90% to +300%", Required = true };
        var from = Verbs.Text("--from", "when it begins, 2026-12-01 or 2026-12-01T08:00:00Z");
        var preview = new Option<bool>("--preview") { Description = "who would pay what; changes nothing" };
        var apply = new Option<bool>("--apply") { Description = "approve it" };
        var usageFrom = Verbs.Text("--usage-from", "past usage to play again in a preview; else the last 30 days");
        var usageTo = Verbs.Text("--usage-to", "its end, exclusive");
        var csv = Verbs.Text("--csv", "write the preview to this file, one row per customer and item");
        var json = Verbs.Json();
        return Verbs.Remote("change", "raises or lowers a price: first --preview, then --apply; `price undo` takes it back", async (parsed, client, _) =>
        {
            if (parsed.GetValue(preview) == parsed.GetValue(apply))
            {
                throw new CommandException("say --preview to see who would pay what, or --apply to approve the change", 2);
            }

            var scope = PriceVerbs.ScopeOf(parsed);
            var request = new PriceChangeRequest
            {
                ChipClass = parsed.GetValue(chip), Model = parsed.GetValue(model), By = parsed.GetValue(by)!, From = PriceVerbs.Date("--from", parsed.GetValue(from)), Segment = scope.Segment,
                Unit = scope.Unit, Contracts = scope.Contracts, Announced = scope.Announced, UsageFrom = PriceVerbs.Date("--usage-from", parsed.GetValue(usageFrom)),
                UsageTo = PriceVerbs.Date("--usage-to", parsed.GetValue(usageTo)),
            };
            if (parsed.GetValue(apply))
            {
                PriceVerbs.Print(
                    await client.SendAsync(HttpMethod.Post, "/api/v1/price-changes", request, ContractsJson.Default.PriceChangeRequest, ContractsJson.Default.PriceChangeView), parsed.GetValue(json));
                return 0;
            }

            var shown = await client.SendAsync(HttpMethod.Post, "/api/v1/price-changes/preview", request, ContractsJson.Default.PriceChangeRequest, ContractsJson.Default.PriceChangePreviewView);
            if (parsed.GetValue(csv) is { } file)
            {
                WriteCsv(shown, file);
            }

            if (parsed.GetValue(json))
            {
                Verbs.Print(shown, ContractsJson.Default.PriceChangePreviewView);
            }
            else
            {
                Print(shown);
            }

            return 0;
        }, [chip, model, by, from, preview, apply, usageFrom, usageTo, csv, json, .. PriceVerbs.Scope]);
    }

    private static void Print(PriceChangePreviewView preview)
    {
        Console.WriteLine($"{preview.What} from {preview.From:u}; usage of {preview.UsageFrom:u} to {preview.UsageTo:u}, {preview.Records} records. Nothing is changed.");
        Console.WriteLine($"{preview.Method}\n");
        PriceVerbs.Print(preview.Versions);
        Console.WriteLine();
        var table = new Table("CUSTOMER", "ITEM", "OLD", "NEW", "DIFFERENCE", "FORECAST OLD", "FORECAST NEW", "BINDS FROM", "LOCKED UNTIL", "CONTRACT", "BUDGETS HIT");
        foreach (var row in preview.Customers)
        {
            table.Add(
                row.Customer, row.Item, row.Old, row.New, Signed(row.Difference), row.ForecastOld, row.ForecastNew, row.Effective?.ToString("u", CultureInfo.InvariantCulture) ?? "not",
                row.LockedUntil?.ToString("u", CultureInfo.InvariantCulture), row.ContractId, string.Join(' ', row.BudgetsHit));
        }

        table.Print(Console.Out, "nobody used it in that time");
        Console.WriteLine($"\n{preview.Losers} pay more, {preview.Winners} less, {preview.Unchanged} the same");
        Console.WriteLine($"total {preview.Old} -> {preview.New} {preview.Currency} ({Signed(preview.Difference)}); forecast {preview.ForecastOld} -> {preview.ForecastNew} ({Signed(preview.ForecastDifference)})");
    }

    private static void WriteCsv(PriceChangePreviewView preview, string file)
    {
        try
        {
            using var output = new StreamWriter(file);
            output.Write("customer,item,records,old,new,difference,forecast_old,forecast_new,forecast_difference,currency,binds_from,locked_until,contract,budgets_hit\r\n");
            foreach (var row in preview.Customers)
            {
                string?[] cells =
                [
                    row.Customer, row.Item, row.Records.ToString(CultureInfo.InvariantCulture), row.Old, row.New, row.Difference, row.ForecastOld, row.ForecastNew, row.ForecastDifference,
                    preview.Currency, row.Effective?.ToString("O", CultureInfo.InvariantCulture), row.LockedUntil?.ToString("O", CultureInfo.InvariantCulture), row.ContractId, string.Join(' ', row.BudgetsHit),
                ];
                output.Write(string.Join(',', cells.Select(Quoted)) + "\r\n");
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"the preview cannot be written to {file}: {fault.Message.ReplaceLineEndings(" ")}");
        }
    }

    /// <summary>RFC 4180.</summary>
    private static string Quoted(string? cell) => cell is null ? "" : cell.AsSpan().IndexOfAny(",\"\r\n") >= 0 ? $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : cell;

    private static string Signed(string amount) => amount.StartsWith('-') ? amount : $"+{amount}";
}
