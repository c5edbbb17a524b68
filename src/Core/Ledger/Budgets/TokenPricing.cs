using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;

namespace Amalgam.Core.Ledger.Budgets;

/// <summary>What a request used, as far as the ledger cares.</summary>
public readonly record struct TokenUse(long InputTokens, long CachedInputTokens, long OutputTokens, bool Estimated);

/// <summary>The one place where tokens become money.</summary>
public static class TokenPricing
{
    /// <summary>The price of a request is the one in force when it began.</summary>
    public static Price? InForce(CloudState state, string model, long startedMs, long nowMs) =>
        state.Prices.At(PriceKind.Tokens, model, startedMs) ?? state.Prices.At(PriceKind.Tokens, model, nowMs);

    /// <summary>What a request can cost at most; the input may turn out to be cached or not, and each of three kinds is rounded by itself.</summary>
    public static long AtMost(Price? price, long inputTokens, long outputTokens)
    {
        if (price is null || (price.InputNano | price.CachedInputNano | price.OutputNano) == 0)
        {
            return 0;
        }

        var millionths = ((Int128)inputTokens * Math.Max(price.InputNano, price.CachedInputNano)) + ((Int128)outputTokens * price.OutputNano);
        return (long)Int128.Min(long.MaxValue, (millionths / 1_000_000) + 3);
    }

    /// <param name="roomNano">The most that hard budgets let it cost. A replica that used more than a request may is not paid for the rest.</param>
    public static TokensCharged Charge(CloudState state, OpenRequest request, string leaseId, string chipClass, TokenUse use, string outcome, long roomNano, long nowMs)
    {
        var price = InForce(state, request.Model, request.StartedMs, nowMs);
        var cached = Math.Clamp(use.CachedInputTokens, 0, use.InputTokens);
        var cachedNano = Math.Min(roomNano, Rating.TokensNano(cached, price?.CachedInputNano ?? 0));
        var inputNano = Math.Min(roomNano - cachedNano, Rating.TokensNano(use.InputTokens - cached, price?.InputNano ?? 0));
        var outputNano = Math.Min(roomNano - cachedNano - inputNano, Rating.TokensNano(use.OutputTokens, price?.OutputNano ?? 0));
        return new TokensCharged(
            request.ChargeId, request.RequestId, request.KeyId, request.Unit, request.Model, request.WorkloadId, leaseId, chipClass, request.Endpoint, use.InputTokens, cached,
            use.OutputTokens, outcome, use.Estimated, price?.Version ?? 0, inputNano, cachedNano, outputNano,
            Rating.Book(request.Unit, $"income/tokens/{request.Model}", inputNano + cachedNano + outputNano));
    }
}
