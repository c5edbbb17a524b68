using System.CommandLine;
using System.Globalization;
using Amalgam.Contracts;

namespace Amalgam.Cli;

/// <summary>`contract risk`.</summary>
internal static class RiskVerb
{
    public static Command Risk()
    {
        var json = Verbs.Json();
        var lose = new Option<string[]>("--lose") { Description = "CLASS=SHARE lost at once: h100=20%" };
        var failure = new Option<string[]>("--failure-rate") { Description = "share that fails in a year: h100=9%/year, or 9%/year for all classes" };
        var months = new Option<int>("--months") { Description = "how far to look", DefaultValueFactory = _ => 12 };
        return Verbs.Remote("risk", "promises that less supply could not keep: from when, what is owed, which moves would save them", async (parsed, client, _) =>
        {
            var query = $"lose={Verbs.Escape(string.Join(',', parsed.GetValue(lose) ?? []))}&failureRate={Verbs.Escape(string.Join(',', parsed.GetValue(failure) ?? []))}&months={parsed.GetValue(months)}";
            var risk = await client.GetAsync($"/api/v1/contracts/risk?{query}", ContractsJson.Default.RiskView);
            if (parsed.GetValue(json))
            {
                Verbs.Print(risk, ContractsJson.Default.RiskView);
            }
            else
            {
                Print(risk);
            }

            return 0;
        }, lose, failure, months, json);
    }

    private static void Print(RiskView risk)
    {
        var classes = new Table("CLASS", "DEVICES", "AFTER LOSS", $"AT {SupplyText.Day(risk.To.UtcDateTime.Date)}", "BY CONTRACT", "SHORT FROM");
        foreach (var chip in risk.Classes)
        {
            classes.Add(chip.Simulated ? $"{chip.ChipClass} (simulated)" : chip.ChipClass, One(chip.Devices), One(chip.AfterLoss), One(chip.AtTheEnd), One(chip.Promised), chip.ShortFrom is { } at ? SupplyText.Day(at) : "");
        }

        classes.Print(Console.Out, "no chips");
        Console.WriteLine();
        if (risk.Broken.Count == 0)
        {
            Console.WriteLine($"every contract can be kept until {SupplyText.Day(risk.To)}");
            return;
        }

        var broken = new Table("CONTRACT", "UNIT", "CLASS", "DEVICES", "SHORT FROM", "SHORT BY", $"CREDIT OWED {risk.Currency}", "NO MOVE FOR");
        foreach (var promise in risk.Broken)
        {
            broken.Add(promise.Contract, promise.Unit, promise.ChipClass, One(promise.Devices), SupplyText.Day(promise.From), One(promise.Short), promise.CreditOwed, One(promise.NoMoveFor));
        }

        broken.Print(Console.Out, "");
        Console.WriteLine($"\ncredit owed until {SupplyText.Day(risk.To)}, if all that is promised is asked: {risk.CreditOwed} {risk.Currency}\n");
        Moves(risk);
    }

    private static void Moves(RiskView risk)
    {
        var table = new Table("CONTRACT", "FROM", "DEVICES", "TO", "NEEDS", "SPEED OF ONE", $"{risk.Currency}/HOUR NOW", "THERE", "DIFFERENCE");
        foreach (var (promise, move) in risk.Broken.SelectMany(promise => promise.Moves.Select(move => (promise, move))))
        {
            table.Add(promise.Contract, promise.ChipClass, One(move.Devices), move.ChipClass, One(move.Needed), move.Speed.ToString("0.##", CultureInfo.InvariantCulture), move.PricePerHour, move.PricePerHourThere, move.DifferencePerHour);
        }

        table.Print(Console.Out, "no devices of another class are free of promises: no move saves them");
    }

    private static string One(decimal number) => number.ToString("0.#", CultureInfo.InvariantCulture);
}
