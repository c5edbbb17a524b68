using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger.Pricing;

namespace Amalgam.Core.Ledger.Budgets;

/// <summary>What a request used, as far as the ledger cares.</summary>
public readonly record struct TokenUse(long InputTokens, long CachedInputTokens, long OutputTokens, bool Estimated);

/// <summary>The one place where tokens become money.</summary>
public static class TokenPricing
{
    /// <summary>
    /// What a request of a unit can cost at most, whichever chip class computes it and wherever the month's count stands; the input may turn out to be cached or not, and each of three
    /// kinds is rounded by itself.
    /// </summary>
    public static long AtMost(CloudState state, string unit, string model, long startedMs, long inputTokens, long outputTokens)
    {
        var most = OnClass(state, unit, model, null, startedMs, inputTokens, outputTokens);
        foreach (var chip in state.Prices.TokenClasses)
        {
            most = Math.Max(most, OnClass(state, unit, model, chip, startedMs, inputTokens, outputTokens));
        }

        return most;
    }

    private static long OnClass(CloudState state, string unit, string model, string? chipClass, long startedMs, long inputTokens, long outputTokens)
    {
        var tariff = state.Tariffs.Tokens(unit, model, chipClass, startedMs);
        var (input, output) = (Math.Max(tariff.Rates.Input, tariff.Rates.CachedInput), tariff.Rates.Output);
        for (var at = 0; at < tariff.Tiers.Count; at++)
        {
            var rates = tariff.Tiers[at].Rates;
            (input, output) = (Math.Max(input, Math.Max(rates.Input, rates.CachedInput)), Math.Max(output, rates.Output));
        }

        if ((input | output) == 0)
        {
            return 0;
        }

        var millionths = ((Int128)inputTokens * input) + ((Int128)outputTokens * output);
        return (long)Int128.Min(long.MaxValue, (millionths / 1_000_000) + 3);
    }

    /// <param name="roomNano">The most that hard budgets let it cost. A replica that used more than a request may is not paid for the rest.</param>
    /// <param name="rater">Of a decision that charges several requests: monthly quantities count on from one to the next.</param>
    public static TokensCharged Charge(CloudState state, OpenRequest request, string leaseId, string chipClass, TokenUse use, string outcome, long roomNano, Rater? rater = null)
    {
        var cached = Math.Clamp(use.CachedInputTokens, 0, use.InputTokens);
        var rated = (rater ?? state.Rater()).Rate(new TokensUsed(request.Unit, request.Model, chipClass, request.StartedMs, use.InputTokens - cached, cached, use.OutputTokens));
        var cachedNano = Math.Min(roomNano, rated.CachedInputNano);
        var inputNano = Math.Min(roomNano - cachedNano, rated.InputNano);
        var outputNano = Math.Min(roomNano - cachedNano - inputNano, rated.OutputNano);
        return new TokensCharged(
            request.ChargeId, request.RequestId, request.KeyId, request.Unit, request.Model, request.WorkloadId, leaseId, chipClass, request.Endpoint, use.InputTokens, cached,
            use.OutputTokens, outcome, use.Estimated, rated.Tariff.Version, inputNano, cachedNano, outputNano,
            Rating.Book(request.Unit, $"income/tokens/{request.Model}", inputNano + cachedNano + outputNano))
        {
            PricedAtMs = request.StartedMs, ContractId = rated.Tariff.ContractId, Rule = rated.Tariff.LineRule, Counted = rated.Counted,
        };
    }
}
