using System.CommandLine;
using System.Globalization;
using Amalgam.Contracts;
using Amalgam.Hosting;

namespace Amalgam.Cli;

/// <summary>`budget set|list|remove`.</summary>
internal static class BudgetVerbs
{
    private static readonly Option<bool> AsJson = Verbs.Json();

    public static Command Budget()
    {
        var unit = new Argument<string>("unit") { Description = "it and all below it" };
        var amount = new Argument<string>("amount") { Description = "money in the cloud's currency, or device-hours" };
        var per = new Option<string>("--per") { Description = "day, week, month, quarter, year or none (calendar, UTC)", DefaultValueFactory = _ => "month" };
        var hard = new Option<bool>("--hard") { Description = "nothing that does not fit is begun; else it only tells" };
        var alert = new Option<string[]>("--alert") { Description = "tell at this share: 80%; repeatable, else 50%, 80% and 100%", AllowMultipleArgumentsPerToken = true };
        var hours = Verbs.Text("--device-hours", "count device-hours of this chip class (`all` = every class) instead of money");
        var of = Verbs.Text("--unit", "budgets of this unit, below it, and above it where they bind it");
        var id = new Argument<string>("id") { Description = "b3, see `amalgam budget list`" };
        return Verbs.Group(
            "budget", "what units may spend: reserved before work, settled after",
            Verbs.Remote("set", "amalgam budget set research 500 --per month --hard; amalgam budget set lab 200 --device-hours nvidia-h100-80gb", async (parsed, client, _) =>
            {
                var request = new BudgetRequest
                {
                    Unit = parsed.GetValue(unit)!, Amount = parsed.GetValue(amount)!, Per = parsed.GetValue(per)!, Hard = parsed.GetValue(hard), AlertPercents = Percents(parsed.GetValue(alert)),
                    DeviceHours = parsed.GetValue(hours),
                };
                var set = await client.SendAsync(HttpMethod.Post, "/api/v1/budgets", request, ContractsJson.Default.BudgetRequest, ContractsJson.Default.BudgetView);
                Show(parsed, [set]);
                return 0;
            }, unit, amount, per, hard, alert, hours, AsJson),
            Verbs.Remote("list", "spent, reserved, left, forecast and alerts of this period", async (parsed, client, _) =>
            {
                var query = parsed.GetValue(of) is { } name ? $"?unit={Verbs.Escape(name)}" : "";
                Show(parsed, await client.GetAsync($"/api/v1/budgets{query}", ContractsJson.Default.IReadOnlyListBudgetView));
                return 0;
            }, of, AsJson),
            Verbs.Remote("remove", "the unit is bound by the budgets above it only", async (parsed, client, _) =>
            {
                await client.SendAsync(HttpMethod.Delete, $"/api/v1/budgets/{Verbs.Escape(parsed.GetValue(id)!)}");
                Console.Out.WriteLine($"{parsed.GetValue(id)} is removed; what was spent stays on the bill");
                return 0;
            }, id));
    }

    private static void Show(ParseResult parsed, IReadOnlyList<BudgetView> budgets)
    {
        if (parsed.GetValue(AsJson))
        {
            Verbs.Print(budgets, ContractsJson.Default.IReadOnlyListBudgetView);
            return;
        }

        var table = new Table("ID", "UNIT", "COUNTS", "PER", "KIND", "AMOUNT", "SPENT", "RESERVED", "LEFT", "USED", "FORECAST", "UNTIL", "ALERTS");
        foreach (var budget in budgets)
        {
            table.Add(
                budget.Id, budget.Unit, budget.ChipClass is null ? budget.Measure : $"{budget.Measure} {budget.ChipClass}", budget.Per, budget.Hard ? "hard" : "soft", budget.Amount, budget.Spent,
                budget.Reserved, budget.Left, string.Create(CultureInfo.InvariantCulture, $"{budget.SpentPercent} %"), budget.Forecast ?? "",
                budget.To?.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                string.Join(", ", budget.Alerts.Where(alert => alert.At is not null).Select(alert => string.Create(CultureInfo.InvariantCulture, $"{alert.Percent} % at {alert.At:u}"))));
        }

        table.Print(Console.Out, "no budget binds this unit: `amalgam budget set UNIT AMOUNT --per month [--hard]` makes one");
    }

    private static List<int>? Percents(string[]? texts) => texts is null or [] ? null : [.. texts.SelectMany(text => text.Split(',')).Select(text =>
        int.TryParse(text.TrimEnd('%'), NumberStyles.None, CultureInfo.InvariantCulture, out var percent)
            ? percent
            : throw new CommandException($"--alert wants a share such as 80%, not '{text}'", 2))];
}
