using System.Globalization;
using Amalgam.Core;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Pricing;

namespace Amalgam.ControlPlane.Commands;

/// <summary>Shares, tiers and months as people write them.</summary>
public static class PriceText
{
    /// <summary>`+40%` to 400 000; exact to a ten-thousandth of a percent.</summary>
    public static Outcome<long> Percent(string text)
    {
        const NumberStyles plain = NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign;
        var digits = text.Trim().TrimEnd('%').Trim();
        if (!decimal.TryParse(digits, plain, CultureInfo.InvariantCulture, out var percent) || percent * 10_000 != decimal.Truncate(percent * 10_000) || Math.Abs(percent) > 1_000_000)
        {
            return new Refusal(RefusalCodes.Invalid, $"'{Names.Clip(text)}' is no change of a price: write for instance +40% or -12.5%");
        }

        var millionths = (long)(percent * 10_000);
        return millionths is >= PriceChange.LeastMillionths and <= PriceChange.MostMillionths and not 0
            ? millionths
            : new Refusal(RefusalCodes.Invalid, $"a price can change by -90 % to +300 %, and not by {percent:0.####} %");
    }

    public static Outcome<ContractState> Contracts(string? text) => text switch
    {
        null or "all" => ContractState.All,
        "none" => ContractState.None,
        "any" => ContractState.Any,
        "expiring" => ContractState.Expiring,
        _ => new Refusal(RefusalCodes.Invalid, $"'{Names.Clip(text)}' is no state of contracts: all, none, any, or expiring (within 90 days)"),
    };

    /// <summary>`1000=1.80` for device-hours, `1000=0.10/0.01/0.40` for tokens; in rising order.</summary>
    public static Outcome<IReadOnlyList<PriceTier>?> Tiers(IReadOnlyList<string> texts, PriceKind kind)
    {
        List<PriceTier> tiers = [];
        foreach (var text in texts)
        {
            var parts = text.Split('=');
            var amounts = parts.Length == 2 ? parts[1].Split('/').Select(Nano.Parse).ToList() : [];
            if (amounts.Count != (kind == PriceKind.Tokens ? 3 : 1) || amounts.Exists(amount => amount is null or < 0)
                || !long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var above) || above is < 1 or > 1_000_000_000)
            {
                var example = kind == PriceKind.Tokens ? "1000=0.10/0.01/0.40 (millions of tokens = input/cached input/output)" : "1000=1.80 (device-hours = price)";
                return new Refusal(RefusalCodes.Invalid, $"'{Names.Clip(text)}' is no tier: write for instance {example}");
            }

            if (tiers.Count > 0 && tiers[^1].Above >= above)
            {
                return new Refusal(RefusalCodes.Invalid, $"the tier from {above} must come after the one from {tiers[^1].Above}");
            }

            tiers.Add(kind == PriceKind.Tokens ? new PriceTier(above, InputNano: amounts[0]!.Value, CachedInputNano: amounts[1]!.Value, OutputNano: amounts[2]!.Value) : new PriceTier(above, amounts[0]!.Value));
        }

        return new Outcome<IReadOnlyList<PriceTier>?>(tiers.Count == 0 ? null : tiers, null);
    }

    public static Outcome<long> Month(string text) =>
        DateTimeOffset.TryParseExact(text, "yyyy-MM", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var month)
            ? month.ToUnixTimeMilliseconds()
            : new Refusal(RefusalCodes.Invalid, $"'{Names.Clip(text)}' is no month: write 2026-12");
}
