using System.CommandLine;
using System.Globalization;
using Amalgam.Contracts;
using Amalgam.Hosting;

namespace Amalgam.Cli;

/// <summary>`bill`.</summary>
internal static class MoneyVerbs
{
    private static readonly Option<bool> AsJson = Verbs.Json();

    public static Command Bill()
    {
        var unit = Verbs.Text("--unit", "this unit and all below it");
        var from = Verbs.Text("--from", "first day, 2026-11-22 (UTC)");
        var to = Verbs.Text("--to", "day after the last one");
        var why = Verbs.Text("--why", "open one line (its LINE in the table): price, rule, and the requests or lease slices that it is the sum of");
        return Verbs.Remote("bill", "what is owed so far, up to this moment", async (parsed, client, cancel) =>
        {
            var query = string.Join('&', new[] { ("unit", parsed.GetValue(unit)), ("from", parsed.GetValue(from)), ("to", parsed.GetValue(to)) }
                .Where(pair => pair.Item2 is not null).Select(pair => $"{pair.Item1}={Verbs.Escape(pair.Item2!)}"));
            if (parsed.GetValue(why) is { } id)
            {
                return Open(await client.GetAsync($"/api/v1/bill/lines/{Verbs.Escape(id)}?{query}", ContractsJson.Default.BillLineView), parsed.GetValue(AsJson));
            }

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
        }, unit, from, to, why, BillFormats.Format, BillFormats.FocusVersion, BillFormats.Dataset, PoolBillVerbs.Pool, AsJson);
    }

    private static int Open(BillLineView opened, bool asJson)
    {
        if (asJson)
        {
            Verbs.Print(opened, ContractsJson.Default.BillLineView);
            return 0;
        }

        var line = opened.Line;
        Console.WriteLine($"line {line.Id}: {line.Amount} {opened.Currency} of {line.Unit} for {line.Item} ({line.Meter}), {line.Workload} ({line.WorkloadId})");
        Console.WriteLine($"because: {line.Rule}{(line.ContractId is null ? "" : $" (contract {line.ContractId})")}");
        if (opened.Price is { } price)
        {
            Console.WriteLine($"price {price.Version}: {price.PerDeviceHour ?? $"{price.PerMillionInput} / {price.PerMillionCachedInput} / {price.PerMillionOutput}"} per {line.PricedPer}, from {price.From:u}");
        }

        Console.WriteLine($"{opened.RecordCount} records in the journal come to {opened.RecordedAmount}; {line.Accruing} still accrues\n");
        var table = new Table("RECORD", "AT", "LEASE", "REQUEST", "KEY", "FROM", "TO", "QUANTITY", opened.Currency);
        foreach (var record in opened.Records)
        {
            table.Add(
                record.Sequence.ToString(CultureInfo.InvariantCulture), record.At.ToString("u", CultureInfo.InvariantCulture), record.Lease, record.Request, record.Key,
                record.From.ToString("u", CultureInfo.InvariantCulture), record.To.ToString("u", CultureInfo.InvariantCulture), record.Quantity.ToString("0.######", CultureInfo.InvariantCulture), record.Amount);
        }

        table.Print(Console.Out, "all of it still accrues");
        return 0;
    }

    private static void Print(BillView bill)
    {
        var table = new Table("LINE", "UNIT", "WORKLOAD", "NAME", "ITEM", "CHIP", "METER", "QUANTITY", "UNIT PRICE", bill.Currency, "BECAUSE");
        foreach (var line in bill.Lines)
        {
            table.Add(
                line.Id, line.Unit, line.WorkloadId, line.Workload, line.Item, line.ChipClass, line.Meter,
                line.PricedPer == "device-hour" ? line.Quantity.ToString("0.000000", CultureInfo.InvariantCulture) : line.Quantity.ToString("0", CultureInfo.InvariantCulture),
                line.UnitPrice, line.Amount, line.Rule);
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
}
