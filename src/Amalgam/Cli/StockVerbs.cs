using System.CommandLine;
using Amalgam.Contracts;
using Amalgam.Hosting;

namespace Amalgam.Cli;

/// <summary>`stock list | receive | fail | retire | spare | in-service`.</summary>
internal static class StockVerbs
{
    private static readonly Option<bool> AsJson = Verbs.Json();
    private static readonly Argument<string> Chip = new("class") { Description = "chip class" };
    private static readonly Argument<long> Devices = new("devices") { Description = "how many" };
    private static readonly Option<string?> Note = Verbs.Text("--note", "one line, kept in the journal");

    public static Command Stock() => Verbs.Group(
        "stock", "chips received, in service, spare, failed, retired",
        List(), ForecastVerb.Forecast(), Receive(),
        Move("fail", "chips broke", "failed", "in-service"),
        Move("retire", "chips are gone for good", "retired", "failed"),
        Move("spare", "healthy chips are set aside", "spare", "in-service"),
        Move("in-service", "spare or repaired chips go into machines", "in-service", "spare"));

    private static Command List() => Verbs.Remote("list", "the stock by chip class, and what is promised of it", async (parsed, client, _) =>
        Print(parsed, await client.GetAsync("/api/v1/stock", ContractsJson.Default.IReadOnlyListStockView), lots: true), AsJson);

    private static Command Receive()
    {
        var date = Verbs.Text("--date", "when they came; in the future = on order; else now");
        var spare = new Option<bool>("--spare") { Description = "set aside, not in machines" };
        var last = new Option<bool>("--not-replenishable") { Description = "no more of this class can be bought" };
        var more = new Option<bool>("--replenishable") { Description = "more of this class can be bought after all" };
        return Verbs.Remote("receive", "a lot came, or is on order", async (parsed, client, _) =>
        {
            if (parsed.GetValue(last) && parsed.GetValue(more))
            {
                throw new CommandException("--replenishable and --not-replenishable exclude each other", 2);
            }

            var request = new StockReceiveRequest
            {
                ChipClass = parsed.GetValue(Chip)!, Devices = parsed.GetValue(Devices), Date = SupplyText.Date("--date", parsed.GetValue(date)), Spare = parsed.GetValue(spare),
                Replenishable = parsed.GetValue(last) ? false : parsed.GetValue(more) ? true : null, Note = parsed.GetValue(Note),
            };
            return Print(parsed, [await client.SendAsync(HttpMethod.Post, "/api/v1/stock/receive", request, ContractsJson.Default.StockReceiveRequest, ContractsJson.Default.StockView)], lots: false);
        }, Chip, Devices, date, spare, last, more, Note, AsJson);
    }

    private static Command Move(string verb, string description, string to, string otherwise)
    {
        var from = new Option<string>("--from") { Description = "in-service, spare or failed", DefaultValueFactory = _ => otherwise };
        return Verbs.Remote(verb, description, async (parsed, client, _) =>
        {
            var request = new StockMoveRequest { ChipClass = parsed.GetValue(Chip)!, Devices = parsed.GetValue(Devices), From = parsed.GetValue(from)!, To = to, Note = parsed.GetValue(Note) };
            return Print(parsed, [await client.SendAsync(HttpMethod.Post, "/api/v1/stock/move", request, ContractsJson.Default.StockMoveRequest, ContractsJson.Default.StockView)], lots: false);
        }, Chip, Devices, from, Note, AsJson);
    }

    private static int Print(ParseResult parsed, IReadOnlyList<StockView> stock, bool lots)
    {
        if (parsed.GetValue(AsJson))
        {
            if (lots)
            {
                Verbs.Print(stock, ContractsJson.Default.IReadOnlyListStockView);
            }
            else
            {
                Verbs.Print(stock[0], ContractsJson.Default.StockView);
            }

            return 0;
        }

        var table = new Table("CLASS", "RECEIVED", "IN SERVICE", "SPARE", "FAILED", "RETIRED", "REPORTED", "LEASED", "BY CONTRACT", "PROMISED", "");
        foreach (var line in stock)
        {
            table.Add(
                line.Simulated ? $"{line.ChipClass} (simulated)" : line.ChipClass, SupplyText.Number(line.Received), SupplyText.Number(line.InService), SupplyText.Number(line.Spare), SupplyText.Number(line.Failed),
                SupplyText.Number(line.Retired), SupplyText.Number(line.Reported), SupplyText.Number(line.Leased), SupplyText.Number(line.Contracted), SupplyText.Number(line.Promised), Remarks(line));
        }

        table.Print(Console.Out, "no chips");
        if (lots && stock.Any(line => line.Lots.Count > 0))
        {
            Console.WriteLine();
            Lots(stock);
        }

        return 0;
    }

    private static void Lots(IReadOnlyList<StockView> stock)
    {
        var table = new Table("LOT", "CLASS", "DEVICES", "DATE", "ARRIVES", "NOTE");
        foreach (var (line, lot) in stock.SelectMany(line => line.Lots.Select(lot => (line, lot))))
        {
            table.Add(lot.Id, line.ChipClass, SupplyText.Number(lot.Devices), SupplyText.Day(lot.Date), lot.OnOrder ? $"on order, {lot.Arrives}" : lot.Arrives, lot.Note);
        }

        table.Print(Console.Out, "");
    }

    private static string Remarks(StockView line)
    {
        var remarks = new List<string>();
        if (line.Source == "engines")
        {
            remarks.Add("no lot recorded: as the engines report");
        }
        else if (line.HeldBack > 0)
        {
            remarks.Add($"{line.HeldBack} reported beyond the book, held back from use");
        }
        else if (line.InService > line.Reported)
        {
            remarks.Add($"{line.InService - line.Reported} in service that no engine reports as healthy");
        }

        if (!line.Replenishable)
        {
            remarks.Add("not replenishable");
        }

        if (line.Contracted > line.InService + line.Spare)
        {
            remarks.Add($"contracts promise {SupplyText.Number(line.Contracted - line.InService - line.Spare)} more than is healthy");
        }

        return string.Join("; ", remarks);
    }
}
