using System.Collections.Immutable;

namespace Amalgam.Core.Ledger.Admission;

/// <summary>
/// Who may begin to use which chip class. All conditions must hold for the rule to speak; what runs already is never touched. Where a rule that allows speaks, no
/// refusal counts; else the first rule that refuses does; else everybody may.
/// </summary>
public sealed record AdmissionRule
{
    public required string Name { get; init; }

    public long? FromMs { get; init; }

    /// <summary>Exclusive.</summary>
    public long? ToMs { get; init; }

    public bool Allows { get; init; }

    public UnitConditions Unit { get; init; } = new();

    public ClassConditions Class { get; init; } = new();

    /// <summary>Said to whoever is refused.</summary>
    public string Message { get; init; } = "";

    /// <summary>Class to use instead; null = the fastest that is open to the unit.</summary>
    public string? Alternative { get; init; }

    /// <summary>When it was added; what was used before the rule began counts as old use.</summary>
    public long AddedMs { get; init; }

    public long BeginMs => FromMs ?? AddedMs;

    public bool InForce(long atMs) => BeginMs <= atMs && atMs < (ToMs ?? long.MaxValue);
}

public enum FactTest
{
    OneOf,
    NoneOf,

    /// <summary>A date before the value.</summary>
    Before,

    /// <summary>A date that is the value or later.</summary>
    Since,
}

/// <summary>A condition on one fact of the unit. A unit without the fact meets only <see cref="FactTest.NoneOf"/>.</summary>
public sealed record FactCondition(string Fact, FactTest Test, ImmutableArray<string> Values);

/// <summary>Null = not asked.</summary>
public sealed record UnitConditions
{
    public ImmutableArray<FactCondition> Facts { get; init; } = [];

    /// <summary>A contract on the class is in force for the unit or one above it.</summary>
    public bool? Contract { get; init; }

    /// <summary>The customer used the class before the rule began.</summary>
    public bool? UsesClass { get; init; }

    /// <summary>Kinds of use (serving models, jobs, tokens) by the customer in the last 90 days.</summary>
    public int? BreadthBelow { get; init; }

    public int? BreadthAtLeast { get; init; }
}

/// <summary>Null or empty = not asked.</summary>
public sealed record ClassConditions
{
    public ImmutableArray<string> Names { get; init; } = [];

    /// <summary>All but these.</summary>
    public ImmutableArray<string> ExceptNames { get; init; } = [];

    public ImmutableArray<string> Vendors { get; init; } = [];

    /// <summary>Classes of those vendors when the rule was added.</summary>
    public ImmutableArray<string> VendorClasses { get; init; } = [];

    public bool? Replenishable { get; init; }

    /// <summary>Scarce: so much of what is in service is leased. With the price condition either is enough.</summary>
    public int? LeasedShareAboveMillionths { get; init; }

    /// <summary>Scarce: the plan's price for the class is above this.</summary>
    public long? ScarcityPriceAboveMillionths { get; init; }
}
