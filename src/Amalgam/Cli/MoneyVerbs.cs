using System.CommandLine;
using System.Globalization;
using Amalgam.Contracts;
using Amalgam.Hosting;

namespace Amalgam.Cli;

/// <summary>`bill`, `price list|set`.</summary>
internal static class MoneyVerbs
{
    private static readonly Option<bool> AsJson = Verbs.Json();

    public static Command Bill()
    {
        var unit = Verbs.Text("--unit", "this unit and all below it");
        var from = Verbs.Text("--from", "first day, 2026-11-22 (UTC)");
        var to = Verbs.Text("--to", "day after the last one");
        return Verbs.Remote("bill", "what is owed so far, up to this moment", async (parsed, client, cancel) =>
        {
            var query = string.Join('&', new[] { ("unit", parsed.GetValue(unit)), ("from", parsed.GetValue(from)), ("to", parsed.GetValue(to)) }
                .Where(pair => pair.Item2 is not null).Select(pair => $"{pair.Item1}={Verbs.Escape(pair.Item2!)}"));
            if (parsed.GetValue(PoolBillVerbs.Pool))
            {
                return await PoolBillVerbs.PrintAsync(parsed, client, query, parsed.GetValue(AsJson));
            }

            if (await BillFormats.PrintAsync(parsed, client, query, cancel) is { } printed)
            {
                return printed;
            }

            var bill = await client.GetAsync($"/api/v1/bill?{query}", ContractsJson.Default.BillView);
            if (parsed.GetValue(AsJson) || parsed.GetValue(BillFormats.Format) == "json")
            {
                Verbs.Print(bill, ContractsJson.Default.BillView);
            }
            else
            {
                Print(bill);
            }

            return 0;
        }, unit, from, to, BillFormats.Format, BillFormats.FocusVersion, BillFormats.Dataset, PoolBillVerbs.Pool, AsJson);
    }

    public static Command Price()
    {
        var subject = new Argument<string>("subject") { Description = "chip class or served model; * = all without a price of their own" };
        var amount = new Argument<string?>("amount") { Arity = ArgumentArity.ZeroOrOne, Description = "per device-hour" };
        var input = Verbs.Text("--input", "per million input tokens");
        var cached = Verbs.Text("--cached-input", "per million cached input tokens");
        var output = Verbs.Text("--output", "per million output tokens");
        var from = Verbs.Text("--from", "when it begins, 2026-12-01 or 2026-12-01T08:00:00Z; else now");
        return Verbs.Group(
            "price", "the price book",
            Verbs.Remote("list", "all versions of all list prices", ListAsync, AsJson),
            Verbs.Remote("set", "a new version: amalgam price set h100 2.50, amalgam price set MODEL --input 0.1 --output 0.4", async (parsed, client, _) =>
            {
                var request = new PriceRequest
                {
                    Subject = parsed.GetValue(subject)!, PerDeviceHour = parsed.GetValue(amount), PerMillionInput = parsed.GetValue(input), PerMillionCachedInput = parsed.GetValue(cached),
                    PerMillionOutput = parsed.GetValue(output), From = Date(parsed.GetValue(from)),
                };
                var price = await client.SendAsync(HttpMethod.Post, "/api/v1/prices", request, ContractsJson.Default.PriceRequest, ContractsJson.Default.PriceView);
                Print([price]);
                return 0;
            }, subject, amount, input, cached, output, from));
    }

    private static async Task<int> ListAsync(ParseResult parsed, ApiClient client, CancellationToken cancel)
    {
        var prices = await client.GetAsync("/api/v1/prices", ContractsJson.Default.IReadOnlyListPriceView);
        if (parsed.GetValue(AsJson))
        {
            Verbs.Print(prices, ContractsJson.Default.IReadOnlyListPriceView);
        }
        else
        {
            Print(prices);
        }

        return 0;
    }

    private static void Print(IReadOnlyList<PriceView> prices)
    {
        var table = new Table("VERSION", "SUBJECT", "PER DEVICE-HOUR", "PER 1M INPUT", "CACHED", "OUTPUT", "FROM", "STATE");
        foreach (var price in prices)
        {
            table.Add(
                price.Version.ToString(CultureInfo.InvariantCulture), price.Subject, price.PerDeviceHour, price.PerMillionInput, price.PerMillionCachedInput, price.PerMillionOutput,
                price.From.ToString("u", CultureInfo.InvariantCulture), price.State);
        }

        table.Print(Console.Out, "no prices");
    }

    private static void Print(BillView bill)
    {
        var table = new Table("UNIT", "WORKLOAD", "NAME", "ITEM", "CHIP", "METER", "QUANTITY", "UNIT PRICE", "PRICE V", bill.Currency);
        foreach (var line in bill.Lines)
        {
            table.Add(
                line.Unit, line.WorkloadId, line.Workload, line.Item, line.ChipClass, line.Meter,
                line.Meter == "device-hours" ? line.Quantity.ToString("0.000000", CultureInfo.InvariantCulture) : line.Quantity.ToString("0", CultureInfo.InvariantCulture),
                line.UnitPrice, line.PriceVersion.ToString(CultureInfo.InvariantCulture), line.Amount);
        }

        table.Print(Console.Out, "nothing was used yet");
        Console.WriteLine();
        var units = new Table("UNIT", "OWN", "WITH ALL BELOW");
        foreach (var unit in bill.Units)
        {
            units.Add(unit.Path, unit.Own, unit.Subtree);
        }

        units.Print(Console.Out, "");
        Console.WriteLine($"\ntotal {bill.Total} {bill.Currency}, up to {bill.To.ToString("u", CultureInfo.InvariantCulture)}");
    }

    private static DateTimeOffset? Date(string? text) =>
        text is null ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var date) ? date
        : throw new CommandException($"--from wants a date such as 2026-12-01 or 2026-12-01T08:00:00Z, not '{text}'", 2);
}
