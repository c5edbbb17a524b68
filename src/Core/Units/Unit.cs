using System.Collections.Immutable;

namespace Amalgam.Core.Units;

/// <summary>A node of the organisation: group, business unit, department, project, or a customer outside. Amounts are milli-devices per chip class.</summary>
public sealed record Unit
{
    public required string Name { get; init; }

    /// <summary>Null for the root only.</summary>
    public string? Parent { get; init; }

    public long Weight { get; init; } = 1;

    public ImmutableSortedDictionary<string, long> Guarantee { get; init; } = ImmutableSortedDictionary<string, long>.Empty;

    public ImmutableSortedDictionary<string, long> Limit { get; init; } = ImmutableSortedDictionary<string, long>.Empty;

    public long? MinRuntimeMs { get; init; }

    public long? MaxWaitMs { get; init; }

    /// <summary>What admission rules and price changes ask about: `segment`, `region`, `customer-since` (a date), or any name of the operator's. A unit inherits what it does not set.</summary>
    public ImmutableSortedDictionary<string, string> Facts { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}
