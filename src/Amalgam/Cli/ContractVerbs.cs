using System.CommandLine;
using System.Globalization;
using Amalgam.Contracts;
using Amalgam.Hosting;

namespace Amalgam.Cli;

/// <summary>`contract add | list | show | end`; `contract risk` is in <see cref="RiskVerb"/>.</summary>
internal static class ContractVerbs
{
    private static readonly Option<bool> AsJson = Verbs.Json();
    private static readonly Argument<string> Id = new("contract") { Description = "id, such as c1" };

    public static Command Contract() => Verbs.Group("contract", "what is promised to whom, until when, at what price", Add(), List(), Show(), End(), RiskVerb.Risk());

    private static Command Add()
    {
        var unit = new Argument<string>("unit") { Description = "customer, business unit, department or project" };
        var chip = new Option<string>("--class") { Description = "chip class", Required = true };
        var devices = new Option<decimal>("--devices") { Description = "how many, at any time while it is in force", Required = true };
        var from = Verbs.Text("--from", "first day, 2026-12-01, or an instant; else now");
        var to = new Option<string>("--to") { Description = "first day without it", Required = true };
        var price = Verbs.Text("--price", "per device-hour, whatever the list says");
        var discount = Verbs.Text("--discount", "off the list price: 20%");
        var indexed = Verbs.Text("--indexed", "PRICE:DISCOUNT:BAND, such as 2.50:20%:10%: the list less 20 %, never further than 10 % from 2.50");
        var reserved = new Option<bool>("--reserved") { Description = "paid for whether used or not" };
        var notice = Verbs.Text("--notice", "a price change binds no sooner than this after it was announced: 30d");
        var locked = Verbs.Text("--locked-until", "no price change binds before this day");
        var level = Verbs.Text("--sla", "DELIVERED:CREDIT, such as 99%:200%: of the device-time asked in a month 99 % is delivered, what is missing is credited at twice the price");
        var overcommit = new Option<bool>("--overcommit") { Description = "sign it although it promises more than the healthy stock" };
        return Verbs.Remote("add", "sign a contract: devices guaranteed from one day to another", async (parsed, client, _) =>
        {
            var request = new ContractRequest
            {
                Unit = parsed.GetValue(unit)!, ChipClass = parsed.GetValue(chip)!, Devices = parsed.GetValue(devices), From = SupplyText.Date("--from", parsed.GetValue(from)), To = SupplyText.Date("--to", parsed.GetValue(to)),
                PricePerDeviceHour = parsed.GetValue(price), DiscountPercent = parsed.GetValue(discount) is { } off ? SupplyText.Percent("--discount", off) : null, Indexed = Indexed(parsed.GetValue(indexed)),
                Reserved = parsed.GetValue(reserved), NoticeSeconds = Verbs.Seconds("--notice", parsed.GetValue(notice)), LockedUntil = SupplyText.Date("--locked-until", parsed.GetValue(locked)),
                ServiceLevel = Level(parsed.GetValue(level)), Overcommit = parsed.GetValue(overcommit),
            };
            return Print(parsed, await client.SendAsync(HttpMethod.Post, "/api/v1/contracts", request, ContractsJson.Default.ContractRequest, ContractsJson.Default.ContractView));
        }, unit, chip, devices, from, to, price, discount, indexed, reserved, notice, locked, level, overcommit, AsJson);
    }

    private static Command List()
    {
        var unit = Verbs.Text("--unit", "of this unit and all below it");
        return Verbs.Remote("list", "all contracts that your key sees", async (parsed, client, _) =>
        {
            var of = parsed.GetValue(unit);
            var contracts = await client.GetAsync(of is null ? "/api/v1/contracts" : $"/api/v1/contracts?unit={Verbs.Escape(of)}", ContractsJson.Default.IReadOnlyListContractView);
            if (parsed.GetValue(AsJson))
            {
                Verbs.Print(contracts, ContractsJson.Default.IReadOnlyListContractView);
                return 0;
            }

            var table = new Table("ID", "UNIT", "CLASS", "DEVICES", "FROM", "TO", "STATE", "PRICE", "SERVICE LEVEL", "CREDIT DUE");
            foreach (var contract in contracts)
            {
                table.Add(
                    contract.Id, contract.Unit, contract.ChipClass, SupplyText.Number(contract.Devices), SupplyText.Day(contract.From), SupplyText.Day(contract.To), contract.State,
                    contract.Reserved ? $"{contract.Price}, reserved" : contract.Price, Level(contract), contract.ServiceLevel is null ? "" : $"{contract.CreditDue} {contract.Currency}");
            }

            table.Print(Console.Out, "no contracts");
            return 0;
        }, unit, AsJson);
    }

    private static Command Show() => Verbs.Remote("show", "a contract with what was asked, delivered and is owed for it", async (parsed, client, _) =>
        Print(parsed, (await client.GetAsync($"/api/v1/contracts?id={Verbs.Escape(parsed.GetValue(Id)!)}", ContractsJson.Default.IReadOnlyListContractView))[0]), Id, AsJson);

    private static Command End()
    {
        var from = Verbs.Text("--from", "first day without it; else now");
        var why = new Option<string>("--why") { Description = "one line, kept in the journal", Required = true };
        return Verbs.Remote("end", "end a contract before its time", async (parsed, client, _) =>
        {
            var request = new ContractEndRequest { From = SupplyText.Date("--from", parsed.GetValue(from)), Why = parsed.GetValue(why)! };
            return Print(parsed, await client.SendAsync(HttpMethod.Post, $"/api/v1/contracts/{Verbs.Escape(parsed.GetValue(Id)!)}/end", request, ContractsJson.Default.ContractEndRequest, ContractsJson.Default.ContractView));
        }, Id, from, why, AsJson);
    }

    private static int Print(ParseResult parsed, ContractView contract)
    {
        if (parsed.GetValue(AsJson))
        {
            Verbs.Print(contract, ContractsJson.Default.ContractView);
            return 0;
        }

        Console.WriteLine($"{contract.Id}: {SupplyText.Number(contract.Devices)} {contract.ChipClass} for {contract.Unit}, {SupplyText.Day(contract.From)} to {SupplyText.Day(contract.To)} ({contract.State})");
        Console.WriteLine($"  price     {contract.Price}{(contract.PricePerDeviceHour is { } now ? $", now {now} {contract.Currency} per device-hour" : "")}{(contract.Reserved ? "; paid for whether used or not" : "")}"
            + $"{(contract.LockedUntil is { } locked ? $"; locked until {SupplyText.Day(locked)}" : "")}{(contract.NoticeSeconds > 0 ? $"; notice {SupplyText.Number((decimal)contract.NoticeSeconds / 86400)} days" : "")}");
        Console.WriteLine($"  level     {(contract.ServiceLevel is null ? "none" : Level(contract))}");
        if (contract.OvercommitDevices > 0)
        {
            Console.WriteLine($"  signed knowingly {SupplyText.Number(contract.OvercommitDevices)} devices beyond the healthy stock");
        }

        Console.WriteLine($"  now       {SupplyText.Number(contract.AskedNow)} asked within it, {SupplyText.Number(contract.HeldNow)} held");
        if (contract.Months.Count > 0)
        {
            Months(contract);
        }

        return 0;
    }

    private static void Months(ContractView contract)
    {
        Console.WriteLine();
        var table = new Table("MONTH", "ASKED DEVICE-HOURS", "DELIVERED", "SHARE %", $"CREDIT DUE {contract.Currency}");
        foreach (var month in contract.Months)
        {
            table.Add(month.Month, SupplyText.Fixed(month.AskedDeviceHours), SupplyText.Fixed(month.DeliveredDeviceHours), month.SharePercent is { } share ? SupplyText.Fixed(share) : "", month.CreditDue);
        }

        table.Print(Console.Out, "");
        Console.WriteLine($"\ncredit due so far {contract.CreditDue} {contract.Currency}");
    }

    private static string Level(ContractView contract) => contract.ServiceLevel is { } level ? $"{SupplyText.Number(level.DeliveredPercent)} % delivered, else {SupplyText.Number(level.CreditPercent)} % credit" : "";

    private static IndexedTerms? Indexed(string? text)
    {
        if (text is null)
        {
            return null;
        }

        var parts = text.Split(':');
        return parts.Length == 3
            ? new IndexedTerms(parts[0], SupplyText.Percent("--indexed", parts[1]), SupplyText.Percent("--indexed", parts[2]))
            : throw new CommandException($"--indexed wants PRICE:DISCOUNT:BAND, such as 2.50:20%:10%, not '{text}'", 2);
    }

    private static ServiceTerms? Level(string? text)
    {
        if (text is null)
        {
            return null;
        }

        var parts = text.Split(':');
        return parts.Length == 2
            ? new ServiceTerms(SupplyText.Percent("--sla", parts[0]), SupplyText.Percent("--sla", parts[1]))
            : throw new CommandException($"--sla wants DELIVERED:CREDIT, such as 99%:200%, not '{text}'", 2);
    }
}

/// <summary>Dates, percentages and numbers as these verbs read and show them.</summary>
internal static class SupplyText
{
    public static DateTimeOffset? Date(string option, string? text) =>
        text is null ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var date) ? date
        : throw new CommandException($"{option} wants a date such as 2026-12-01 or 2026-12-01T08:00:00Z, not '{text}'", 2);

    /// <summary>`20%` or `20`.</summary>
    public static decimal Percent(string option, string text) =>
        decimal.TryParse(text.TrimEnd('%', ' '), NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var percent)
            ? percent
            : throw new CommandException($"{option} wants a percentage such as 20%, not '{text}'", 2);

    public static string Day(DateTimeOffset at) => at.TimeOfDay == TimeSpan.Zero ? at.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) : at.ToString("u", CultureInfo.InvariantCulture);

    public static string Number(decimal number) => number.ToString("0.####", CultureInfo.InvariantCulture);

    public static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    public static string Fixed(decimal number) => number.ToString("0.000000", CultureInfo.InvariantCulture);
}
