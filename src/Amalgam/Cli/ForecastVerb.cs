using System.CommandLine;
using System.Globalization;
using Amalgam.Contracts;
using Amalgam.Hosting;
using Amalgam.Simulation.Commands;

namespace Amalgam.Cli;

/// <summary>`stock forecast`.</summary>
internal static class ForecastVerb
{
    private const int PlotWidth = 61;

    public static Command Forecast()
    {
        var json = Verbs.Json();
        var failure = new Option<string[]>("--failure-rate") { Description = "share that fails in a year: h100=9%/year, or 9%/year for all (the default)" };
        var growth = Verbs.Text("--growth", "of what is promised, in a year: 20%/year");
        var months = new Option<int>("--months") { Description = "how far to look", DefaultValueFactory = _ => 36 };
        var seed = new Option<long>("--seed") { Description = "the same seed gives the same answer", DefaultValueFactory = _ => 1 };
        var plot = Verbs.Text("--plot", "FILE.svg: the course as a picture");
        return Verbs.Remote("forecast", "months until promises exceed healthy devices, from many runs of failures and growth", async (parsed, client, _) =>
        {
            var query = $"failureRate={Verbs.Escape(string.Join(',', parsed.GetValue(failure) ?? []))}&months={parsed.GetValue(months)}&seed={parsed.GetValue(seed)}{(parsed.GetValue(growth) is { } more ? $"&growth={Verbs.Escape(more)}" : "")}";
            var forecast = await client.GetAsync($"/api/v1/stock/forecast?{query}", ContractsJson.Default.ForecastView);
            if (parsed.GetValue(plot) is { } file)
            {
                await WriteAsync(file, forecast);
            }

            if (parsed.GetValue(json))
            {
                Verbs.Print(forecast, ContractsJson.Default.ForecastView);
            }
            else
            {
                Print(forecast);
            }

            return 0;
        }, failure, growth, months, seed, plot, json);
    }

    private static void Print(ForecastView forecast)
    {
        var table = new Table("CLASS", "DEVICES", "PROMISED", "FAIL/YEAR %", "1 RUN IN 10", "HALF", "9 IN 10", "");
        foreach (var chip in forecast.Classes)
        {
            table.Add(
                Name(chip), SupplyText.Number(chip.Devices), SupplyText.Number(chip.Promised), SupplyText.Number(chip.FailurePercentPerYear), Months(chip.Early, forecast), Months(chip.Middle, forecast),
                Months(chip.Late, forecast), chip.Replenishable ? "" : "not replenishable");
        }

        table.Print(Console.Out, "no chips");
        Console.WriteLine($"\nmonths until more is promised than is healthy, without further purchases; growth {SupplyText.Number(forecast.GrowthPercentPerYear)} % a year, {forecast.Classes.Select(chip => chip.Runs).DefaultIfEmpty(0).Max()} runs, seed {forecast.Seed}");
        foreach (var chip in forecast.Classes.Where(chip => chip.Promised > 0))
        {
            Plot(chip);
        }
    }

    /// <summary>Each month a row: healthy devices from one run in ten to nine in ten as dashes, their middle as `o`, the middle of what is promised as `x`.</summary>
    private static void Plot(ClassForecastView chip)
    {
        var most = chip.Course.Max(month => Math.Max(month.Devices.High, month.Promised.High));
        int At(decimal value) => most == 0 ? 0 : (int)Math.Round(Math.Clamp(value / most, 0, 1) * (PlotWidth - 1));
        Console.WriteLine($"\n{Name(chip)}, devices from 0 to {SupplyText.Number(Math.Ceiling(most))}: o healthy (--- from 1 run in 10 to 9 in 10), x promised");
        foreach (var month in chip.Course.Where(month => month.Month % Math.Max(1, (chip.Course.Count - 1) / 12) == 0))
        {
            var row = new string(' ', PlotWidth).ToCharArray();
            Array.Fill(row, '-', At(month.Devices.Low), At(month.Devices.High) - At(month.Devices.Low) + 1);
            row[At(month.Devices.Middle)] = 'o';
            row[At(month.Promised.Middle)] = 'x';
            Console.WriteLine($"  {month.At.ToString("yyyy-MM", CultureInfo.InvariantCulture)} |{new string(row).TrimEnd()}");
        }
    }

    private static async Task WriteAsync(string file, ForecastView forecast)
    {
        var series = forecast.Classes.Where(chip => chip.Promised > 0).SelectMany(chip => (PlotSeries[])
        [
            new($"{Name(chip)} healthy", Points(chip, month => month.Devices.Middle)),
            new($"{chip.ChipClass} 1 in 10", Points(chip, month => month.Devices.Low)),
            new($"{chip.ChipClass} promised", Points(chip, month => month.Promised.Middle)),
        ]).ToList();
        try
        {
            await File.WriteAllTextAsync(file, SvgPlot.Draw("Healthy devices and promises", "months from now", "devices", series));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"the picture cannot be written to {file}: {fault.Message.ReplaceLineEndings(" ")}");
        }
    }

    private static (double X, double Y)[] Points(ClassForecastView chip, Func<ForecastMonthView, decimal> value) => [.. chip.Course.Select(month => ((double)month.Month, (double)value(month)))];

    private static string Name(ClassForecastView chip) => chip.Simulated ? $"{chip.ChipClass} (simulated)" : chip.ChipClass;

    private static string Months(int? months, ForecastView forecast) => months is { } known ? SupplyText.Number(known) : $"> {forecast.Months}";
}
