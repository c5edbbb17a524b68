using System.CommandLine;
using System.Globalization;
using Amalgam.Contracts;
using Amalgam.Hosting;

namespace Amalgam.Cli;

/// <summary>`bill --pool`, `invoice idle-policy`.</summary>
internal static class PoolBillVerbs
{
    public static readonly Option<bool> Pool = new("--pool") { Description = "every device-hour of the whole pool and who carries it, at list price" };

    private static readonly Option<bool> AsJson = Verbs.Json();

    public static Command IdlePolicy()
    {
        var rule = new Argument<string>("rule") { Description = "house; guarantee or use: shared by it; holder: whoever was guaranteed what stood idle" };
        var from = Verbs.Text("--from", "first day, 2026-12-01 (UTC); else today");
        var charge = new Option<bool>("--charge-back") { Description = "charge the shares, each day when it is over: they stand on bills and invoices; without it they are shown only" };
        return Verbs.Group(
            "idle-policy", "who carries devices that nobody bought and nobody used",
            Verbs.Remote("list", "the rules and the days from which they hold", async (parsed, client, _) =>
            {
                var policies = await client.GetAsync("/api/v1/idle-policy", ContractsJson.Default.IReadOnlyListIdlePolicyView);
                if (parsed.GetValue(AsJson))
                {
                    Verbs.Print(policies, ContractsJson.Default.IReadOnlyListIdlePolicyView);
                    return 0;
                }

                Print(policies);
                return 0;
            }, AsJson),
            Verbs.Remote("set", "a rule from a day on", async (parsed, client, _) =>
            {
                DateTimeOffset date = default;
                if (parsed.GetValue(from) is { } text && !DateTimeOffset.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out date))
                {
                    throw new CommandException($"--from wants a day such as 2026-12-01, not '{text}'", 2);
                }

                var request = new IdlePolicyRequest { Rule = parsed.GetValue(rule)!, From = parsed.GetValue(from) is null ? null : date, ChargeBack = parsed.GetValue(charge) };
                Print([await client.SendAsync(HttpMethod.Post, "/api/v1/idle-policy", request, ContractsJson.Default.IdlePolicyRequest, ContractsJson.Default.IdlePolicyView)]);
                return 0;
            }, rule, from, charge));
    }

    public static async Task<int> PrintAsync(ParseResult parsed, ApiClient client, string query, bool json)
    {
        var bill = await client.GetAsync($"/api/v1/bill/pool?{query}", ContractsJson.Default.PoolBillView);
        if (json)
        {
            Verbs.Print(bill, ContractsJson.Default.PoolBillView);
            return 0;
        }

        var classes = new Table("CHIP", "DEVICE-HOURS", "USED", "RESERVED IDLE", "UNSOLD IDLE", "FAILED", bill.Currency);
        foreach (var chip in bill.Classes)
        {
            classes.Add(chip.ChipClass, Hours(chip.DeviceHours), Hours(chip.Used), Hours(chip.ReservedIdle), Hours(chip.UnsoldIdle), Hours(chip.Failed), chip.Cost);
        }

        classes.Print(Console.Out, "the pool was empty");
        Console.WriteLine();
        var units = new Table("CARRIED BY", "CHIP", "USED", "RESERVED IDLE", "UNSOLD IDLE", "FAILED", bill.Currency);
        foreach (var unit in bill.Units)
        {
            units.Add(unit.Path, unit.ChipClass, unit.Used, unit.ReservedIdle, unit.UnsoldIdle, unit.Failed, unit.Total);
        }

        units.Print(Console.Out, "");
        Console.WriteLine($"\ntotal {bill.Total} {bill.Currency} at list price, {bill.From:yyyy-MM-dd} to {bill.To:u}");
        return 0;
    }

    private static void Print(IReadOnlyList<IdlePolicyView> policies)
    {
        var table = new Table("FROM", "IDLE DEVICES ARE CARRIED BY", "SHARES ARE");
        foreach (var policy in policies)
        {
            table.Add(policy.From?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? "the beginning", policy.Rule, policy.ChargeBack ? "charged" : "shown");
        }

        table.Print(Console.Out, "");
    }

    private static string Hours(decimal hours) => hours.ToString("0.000000", CultureInfo.InvariantCulture);
}
