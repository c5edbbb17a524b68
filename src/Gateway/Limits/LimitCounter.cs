using Amalgam.Gateway.Ports;

namespace Amalgam.Gateway.Limits;

/// <summary>What one scope has used. One lock, held for a few additions.</summary>
internal sealed class LimitCounter
{
    private readonly Lock _gate = new();
    private GatewayLimits _limits = new();
    private Bucket _requests;
    private Bucket _tokens;
    private int _inFlight;

    /// <summary>Why a request may not start now, and when it may; null = it may, and is counted.</summary>
    public LimitRefusal? Enter(GatewayLimits limits, long tokens, long nowTicks)
    {
        lock (_gate)
        {
            Adopt(limits, nowTicks);
            if (limits.MaxInFlight is { } most && _inFlight >= most) return new LimitRefusal(LimitKind.InFlight, most, TimeSpan.FromSeconds(1));
            if (limits.RequestsPerMinute is { } requests && _requests.Wait(1) is { Ticks: > 0 } wait) return new LimitRefusal(LimitKind.Requests, requests, wait);
            if (limits.TokensPerMinute is { } most2 && _tokens.Wait(tokens) is { Ticks: > 0 } wait2) return new LimitRefusal(LimitKind.Tokens, most2, wait2);
            _inFlight++;
            _requests.Take(1);
            _tokens.Take(tokens);
            return null;
        }
    }

    /// <summary>The request is over and used <paramref name="used"/> tokens, where <paramref name="taken"/> were set aside.</summary>
    public void Leave(long taken, long used)
    {
        lock (_gate)
        {
            _inFlight--;
            _tokens.Take(used - taken);
        }
    }

    /// <summary>The request was refused by another scope: it counts nowhere.</summary>
    public void Undo(long taken)
    {
        lock (_gate)
        {
            _inFlight--;
            _requests.Take(-1);
            _tokens.Take(-taken);
        }
    }

    public LimitState Read(long nowTicks)
    {
        lock (_gate)
        {
            _requests.Advance(nowTicks);
            _tokens.Advance(nowTicks);
            return new LimitState(_requests.Remaining, _requests.UntilFull, _tokens.Remaining, _tokens.UntilFull);
        }
    }

    /// <summary>Changed limits start with a full minute; unchanged ones go on.</summary>
    private void Adopt(GatewayLimits limits, long nowTicks)
    {
        if (_limits.RequestsPerMinute != limits.RequestsPerMinute) _requests = new Bucket(limits.RequestsPerMinute ?? 0);
        if (_limits.TokensPerMinute != limits.TokensPerMinute) _tokens = new Bucket(limits.TokensPerMinute ?? 0);
        _limits = limits;
        _requests.Advance(nowTicks);
        _tokens.Advance(nowTicks);
    }
}

internal enum LimitKind
{
    Requests,
    Tokens,
    InFlight,
}

internal sealed record LimitRefusal(LimitKind Kind, long Limit, TimeSpan RetryAfter);

internal readonly record struct LimitState(long RemainingRequests, TimeSpan ResetRequests, long RemainingTokens, TimeSpan ResetTokens);
