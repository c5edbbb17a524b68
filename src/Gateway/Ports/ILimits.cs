using Amalgam.Core.Access;

namespace Amalgam.Gateway.Ports;

/// <summary>Which rate limits bind a caller. Called for every request: must not wait and should hand out kept lists.</summary>
public interface ILimits
{
    /// <summary>All scopes that count this caller's requests, for instance its key and each unit above it. Empty = unlimited.</summary>
    IReadOnlyList<LimitScope> For(Caller caller);
}

/// <summary>One counter. Callers that share <paramref name="Name"/> (`key:K`, `unit:/a/b`) share what it allows.</summary>
public sealed record LimitScope(string Name, GatewayLimits Limits);

/// <summary>What one scope may do. Null = unlimited. A minute's worth may be spent at once and comes back evenly.</summary>
public sealed record GatewayLimits(int? RequestsPerMinute = null, long? TokensPerMinute = null, int? MaxInFlight = null);

/// <summary>No limits at all: what a cloud has until somebody sets one.</summary>
public sealed class NoLimits : ILimits
{
    public IReadOnlyList<LimitScope> For(Caller caller) => [];
}
