using System.Collections.Immutable;
using Amalgam.Core.Cloud;
using Amalgam.Core.Ledger.Contracts;

namespace Amalgam.Core.Ledger.Stock;

/// <summary>Rates in millionths per year.</summary>
/// <param name="FailurePerYear">Share of healthy devices that fail; a class that is not named takes <paramref name="FailureElse"/>.</param>
/// <param name="GrowthPerYear">Of what is promised, contracts and guarantees alike.</param>
public sealed record ForecastQuestion(long NowMs, int Months, long Seed, ImmutableSortedDictionary<string, long> FailurePerYear, long FailureElse, long GrowthPerYear)
{
    public long FailureOf(string chipClass) => FailurePerYear.GetValueOrDefault(chipClass, FailureElse);
}

/// <summary>One value in ten runs is at most the first, half at most the second, nine in ten at most the third.</summary>
public readonly record struct ForecastRange(long Low, long Middle, long High);

/// <param name="Devices">Healthy, in whole devices.</param>
/// <param name="PromisedMilli">By contracts and guarantees.</param>
public sealed record ForecastMonth(int Month, long AtMs, ForecastRange Devices, ForecastRange PromisedMilli);

/// <param name="Early">Months until promises exceed devices in one run of ten, <paramref name="Middle"/> in half, <paramref name="Late"/> in nine of ten; null = beyond the months asked for.</param>
public sealed record ClassForecast(
    string ChipClass, long Devices, long PromisedMilli, long FailurePerYear, bool Replenishable, int? Early, int? Middle, int? Late, int Runs, ImmutableArray<ForecastMonth> Course);

/// <summary>One class at the begin: its devices, and month by month what is promised by then and what has come since the month before.</summary>
public sealed record ForecastInput(string ChipClass, long Devices, bool Replenishable, ImmutableArray<long> AtMs, ImmutableArray<long> PromisedMilli, ImmutableArray<long> Arriving);

/// <summary>
/// How long the stock lasts: many runs of the coming months, in each of which every device fails or not by chance, promises grow by chance between nothing and
/// twice the growth given, and what is on order comes. Nothing else is bought. The same seed gives the same answer on every machine.
/// </summary>
public static class StockForecast
{
    private const int Runs = 1000;
    private const int LeastRuns = 50;
    private const long MostDraws = 40_000_000;
    private const long Million = 1_000_000;

    /// <summary>All that the runs need of the state, so that nobody has to hold it still while they take their time.</summary>
    public static ImmutableArray<ForecastInput> Inputs(CloudState state, ForecastQuestion question)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(question);
        var months = Enumerable.Range(0, question.Months + 1).Select(month => DateTimeOffset.FromUnixTimeMilliseconds(question.NowMs).AddMonths(month).ToUnixTimeMilliseconds()).ToImmutableArray();
        return [.. Supply.Classes(state).Concat(state.Contracts.All.Select(contract => contract.ChipClass)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)
            .Select(chipClass => new ForecastInput(
                chipClass, Supply.Devices(state, chipClass, question.NowMs, question.NowMs), state.Stock.IsReplenishable(chipClass), months,
                [.. months.Select(at => Promises.AllMilli(state, chipClass, at))],
                [.. months.Select((at, month) => month == 0 ? 0 : state.Stock.Arriving(chipClass, months[month - 1], at))]))];
    }

    public static ClassForecast Of(ForecastInput input, ForecastQuestion question)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(question);
        var count = input.AtMs.Length;
        var runs = (int)Math.Clamp(MostDraws / Math.Max(1, (input.Devices + input.Arriving.Sum()) * Math.Max(1, question.Months)), LeastRuns, Runs);
        var (devices, asked) = (new long[count, runs], new long[count, runs]);
        var exceeded = new int[runs];
        var draws = new SeededDraws(question.Seed);
        for (var run = 0; run < runs; run++)
        {
            exceeded[run] = Run(run, input, question, draws, devices, asked);
        }

        Array.Sort(exceeded);
        return new ClassForecast(
            input.ChipClass, input.Devices, input.PromisedMilli[0], question.FailureOf(input.ChipClass), input.Replenishable, Reached(exceeded, 10), Reached(exceeded, 50), Reached(exceeded, 90), runs,
            [.. input.AtMs.Select((at, month) => new ForecastMonth(month, at, Range(devices, month, runs), Range(asked, month, runs)))]);
    }

    /// <summary>The first month in which more is promised than is healthy; <see cref="int.MaxValue"/> if none is.</summary>
    private static int Run(int run, ForecastInput input, ForecastQuestion question, SeededDraws draws, long[,] devices, long[,] asked)
    {
        var (healthy, grown, first) = (input.Devices, Million, int.MaxValue);
        for (var month = 0; month < input.AtMs.Length; month++)
        {
            if (month > 0)
            {
                healthy += input.Arriving[month] - Failed(healthy, question.FailureOf(input.ChipClass), draws);
                // Uniform from nothing to twice the mean of a twelfth of the year's growth.
                grown += (long)((Int128)grown * draws.Below((question.GrowthPerYear / 6) + 1) / Million);
            }

            devices[month, run] = healthy;
            asked[month, run] = (long)((Int128)input.PromisedMilli[month] * grown / Million);
            if (first == int.MaxValue && asked[month, run] > healthy * 1000)
            {
                first = month;
            }
        }

        return first;
    }

    private static long Failed(long healthy, long perYear, SeededDraws draws)
    {
        long failed = 0;
        for (long device = 0; perYear > 0 && device < healthy; device++)
        {
            failed += draws.Below(12 * Million) < perYear ? 1 : 0;
        }

        return failed;
    }

    private static int? Reached(int[] sorted, int percent) => sorted[Place(sorted.Length, percent)] is var month && month == int.MaxValue ? null : month;

    private static ForecastRange Range(long[,] values, int month, int runs)
    {
        var sorted = Enumerable.Range(0, runs).Select(run => values[month, run]).Order().ToArray();
        return new(sorted[Place(runs, 10)], sorted[Place(runs, 50)], sorted[Place(runs, 90)]);
    }

    /// <summary>Nearest rank.</summary>
    private static int Place(int count, int percent) => Math.Max(0, ((count * percent) + 99) / 100 - 1);
}
