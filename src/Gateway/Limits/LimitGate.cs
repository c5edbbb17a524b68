using System.Collections.Concurrent;
using System.Globalization;
using Amalgam.Core.Access;
using Amalgam.Gateway.Errors;
using Amalgam.Gateway.Ports;
using Microsoft.AspNetCore.Http;

namespace Amalgam.Gateway.Limits;

/// <summary>Requests per minute, tokens per minute and requests in flight, for every scope a caller belongs to: all of them must have room.</summary>
internal sealed class LimitGate(ILimits limits, TimeProvider time)
{
    /// <summary>Scopes are keys and units, so there are as many counters as the cloud has of those.</summary>
    private readonly ConcurrentDictionary<string, LimitCounter> _counters = new(StringComparer.Ordinal);

    /// <summary>A pass for one request, or why there is none. The pass must be closed when the request is over.</summary>
    public ApiError? Enter(Caller caller, long tokens, out LimitPass? pass)
    {
        pass = null;
        var scopes = limits.For(caller);
        if (scopes.Count == 0) return null;
        var now = time.GetUtcNow().Ticks;
        for (var i = 0; i < scopes.Count; i++)
        {
            if (Counter(scopes[i]).Enter(scopes[i].Limits, tokens, now) is not { } refusal) continue;
            for (var j = 0; j < i; j++) Counter(scopes[j]).Undo(tokens);
            return Refusals.RateLimited(Describe(scopes[i].Name, refusal, tokens), refusal.RetryAfter);
        }
        pass = new LimitPass(this, scopes, tokens);
        return null;
    }

    internal LimitCounter Counter(LimitScope scope) => _counters.GetOrAdd(scope.Name, static _ => new LimitCounter());

    internal LimitState Read(LimitScope scope) => Counter(scope).Read(time.GetUtcNow().Ticks);

    private static string Describe(string scope, LimitRefusal refusal, long tokens) => refusal.Kind switch
    {
        LimitKind.InFlight => $"{scope} has {refusal.Limit} requests in flight, which is its limit. Wait for one to end.",
        LimitKind.Requests => $"{scope} has used its {refusal.Limit} requests per minute. Try again in {LimitPass.Duration(refusal.RetryAfter)}.",
        _ => $"{scope} has used its {refusal.Limit} tokens per minute (this request sets {tokens} aside). Try again in {LimitPass.Duration(refusal.RetryAfter)}.",
    };
}

/// <summary>One request's place in all its scopes.</summary>
internal sealed class LimitPass(LimitGate gate, IReadOnlyList<LimitScope> scopes, long taken)
{
    private bool _closed;

    public void Close(long usedTokens)
    {
        if (_closed) return;
        _closed = true;
        for (var i = 0; i < scopes.Count; i++) gate.Counter(scopes[i]).Leave(taken, usedTokens);
    }

    /// <summary>The tightest scope of each kind, as `x-ratelimit-…` headers in OpenAI's format (durations such as `6m0s`).</summary>
    public void WriteHeaders(IHeaderDictionary headers)
    {
        (long Limit, long Left, TimeSpan Reset)? requests = null;
        (long Limit, long Left, TimeSpan Reset)? tokens = null;
        foreach (var scope in scopes)
        {
            var state = gate.Read(scope);
            if (scope.Limits.RequestsPerMinute is { } perMinute && (requests is null || state.RemainingRequests < requests.Value.Left))
                requests = (perMinute, state.RemainingRequests, state.ResetRequests);
            if (scope.Limits.TokensPerMinute is { } tokensPerMinute && (tokens is null || state.RemainingTokens < tokens.Value.Left))
                tokens = (tokensPerMinute, state.RemainingTokens, state.ResetTokens);
        }
        if (requests is { } r) Write(headers, "requests", r.Limit, r.Left, r.Reset);
        if (tokens is { } t) Write(headers, "tokens", t.Limit, t.Left, t.Reset);
    }

    public static string Duration(TimeSpan span)
    {
        if (span < TimeSpan.FromSeconds(1)) return string.Create(CultureInfo.InvariantCulture, $"{(long)Math.Ceiling(span.TotalMilliseconds)}ms");
        var seconds = (long)Math.Ceiling(span.TotalSeconds);
        return seconds < 60
            ? string.Create(CultureInfo.InvariantCulture, $"{seconds}s")
            : string.Create(CultureInfo.InvariantCulture, $"{seconds / 60}m{seconds % 60}s");
    }

    private static void Write(IHeaderDictionary headers, string kind, long limit, long left, TimeSpan reset)
    {
        headers["x-ratelimit-limit-" + kind] = limit.ToString(CultureInfo.InvariantCulture);
        headers["x-ratelimit-remaining-" + kind] = left.ToString(CultureInfo.InvariantCulture);
        headers["x-ratelimit-reset-" + kind] = Duration(reset);
    }
}
