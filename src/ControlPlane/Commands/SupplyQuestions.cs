using System.Collections.Immutable;
using System.Globalization;
using Amalgam.Core;
using Amalgam.Core.Cloud;
using Amalgam.Core.Ledger.Contracts;
using Amalgam.Core.Ledger.Stock;

namespace Amalgam.ControlPlane.Commands;

/// <summary>What `contract risk` and `stock forecast` ask, from the texts that people write: `h100=20%`, `9%/year`.</summary>
public static class SupplyQuestions
{
    /// <summary>Yearly share of accelerators that fail when nothing else is said: 9 %, as published for 16,384 H100 over 54 days (The Llama 3 Herd of Models, 2024, table 5).</summary>
    public const long UsualFailure = 90_000;

    private const int MostMonths = 120;

    public static Outcome<RiskQuestion> Risk(CloudState state, string? lose, string? failure, int months, long nowMs)
    {
        var (lost, failing) = (Rates("lose", state, lose, 1), Rates("failureRate", state, failure, 1));
        return (lost.Refusal ?? failing.Refusal ?? Within(months)) is { } refusal ? refusal
            : lost.Value!.Otherwise is not null ? Invalid("say which class is lost: h100=20%")
            : new RiskQuestion(nowMs, months, lost.Value.ByClass, failing.Value!.Otherwise is { } all ? All(state, failing.Value.ByClass, all) : failing.Value.ByClass);
    }

    public static Outcome<ForecastQuestion> Forecast(CloudState state, string? failure, string? growth, int months, long seed, long nowMs)
    {
        var failing = Rates("failureRate", state, failure, 1);
        var growing = growth is null ? (Outcome<long>)0 : Rate("growth", growth, 10);
        return (failing.Refusal ?? growing.Refusal ?? Within(months)) is { } refusal ? refusal
            : new ForecastQuestion(nowMs, months, seed, failing.Value!.ByClass, failing.Value.Otherwise ?? UsualFailure, growing.Value);
    }

    private static ImmutableSortedDictionary<string, long> All(CloudState state, ImmutableSortedDictionary<string, long> named, long rate) =>
        Supply.Classes(state).Concat(state.Contracts.All.Select(contract => contract.ChipClass)).Aggregate(named, (rates, chip) => named.ContainsKey(chip) ? rates : rates.SetItem(chip, rate));

    private static Outcome<RateList> Rates(string what, CloudState state, string? text, decimal most)
    {
        var rates = new RateList(ImmutableSortedDictionary<string, long>.Empty.WithComparers(StringComparer.Ordinal), null);
        foreach (var part in (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var at = part.IndexOf('=', StringComparison.Ordinal);
            var rate = Rate(what, part[(at + 1)..], most);
            if (rate.Refusal is { } refusal)
            {
                return refusal;
            }

            var chip = at < 0 ? null : part[..at];
            if (chip is not null && !Supply.Classes(state).Contains(chip) && !state.Contracts.All.Any(contract => contract.ChipClass == chip))
            {
                return Invalid($"{what}: there is no chip class '{Names.Clip(chip)}' here: it has {string.Join(", ", Supply.Classes(state))}");
            }

            rates = chip is null ? rates with { Otherwise = rate.Value } : rates with { ByClass = rates.ByClass.SetItem(chip, rate.Value) };
        }

        return rates;
    }

    /// <summary>`9%/year`, `9%` or `0.09`, to millionths.</summary>
    private static Outcome<long> Rate(string what, string text, decimal most)
    {
        var plain = text.EndsWith("/year", StringComparison.Ordinal) ? text[..^5] : text;
        var share = plain.EndsWith('%');
        return decimal.TryParse(share ? plain[..^1] : plain, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && (share ? number / 100 : number) <= most
            ? (long)(number * (share ? 10_000 : 1_000_000))
            : Invalid($"{what} wants CLASS=SHARE such as h100=20% or h100=9%/year, at most {most * 100:0} %, not '{Names.Clip(text)}'");
    }

    private static Refusal? Within(int months) => months is < 1 or > MostMonths ? Invalid($"months must be between 1 and {MostMonths}, not {months}") : null;

    private static Refusal Invalid(string message) => new(RefusalCodes.Invalid, message);

    private sealed record RateList(ImmutableSortedDictionary<string, long> ByClass, long? Otherwise);
}
