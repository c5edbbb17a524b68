namespace Amalgam.Contracts;

public sealed record PriceView
{
    public int Version { get; init; }

    /// <summary>device-hour or tokens</summary>
    public required string Kind { get; init; }

    public required string Subject { get; init; }

    /// <summary>Tokens computed on this chip class only.</summary>
    public string? OnClass { get; init; }

    /// <summary>This unit and all below it.</summary>
    public string? Unit { get; init; }

    public string? Segment { get; init; }

    /// <summary>all, none, any, expiring: how the unit stands with contracts on the class.</summary>
    public string Contracts { get; set; } = "all";

    public DateTimeOffset From { get; init; }

    public DateTimeOffset? Announced { get; init; }

    /// <summary>scheduled, in-force, superseded, withdrawn</summary>
    public required string State { get; init; }

    public string? PerDeviceHour { get; init; }

    public string? PerMillionInput { get; init; }

    public string? PerMillionCachedInput { get; init; }

    public string? PerMillionOutput { get; init; }

    /// <summary>Beyond a monthly quantity: `1000=1.80`, or `1000=0.10/0.01/0.40` for tokens.</summary>
    public IReadOnlyList<string> Tiers { get; set; } = [];

    /// <summary>The price change that made it.</summary>
    public string? ChangeId { get; init; }

    /// <summary>The version that it restores; 0 = it takes back a price where none was before.</summary>
    public int? Restores { get; init; }
}

/// <summary>POST /api/v1/prices. Either PerDeviceHour, or the three token prices.</summary>
public sealed record PriceRequest
{
    public string Subject { get; set; } = "";

    /// <summary>Null = now; never in the past.</summary>
    public DateTimeOffset? From { get; set; }

    public string? PerDeviceHour { get; set; }

    public string? PerMillionInput { get; set; }

    public string? PerMillionCachedInput { get; set; }

    public string? PerMillionOutput { get; set; }

    /// <summary>Of tokens: only when computed on this chip class.</summary>
    public string? OnClass { get; set; }

    /// <summary>Only for this unit and all below it.</summary>
    public string? Unit { get; set; }

    /// <summary>Only for units whose fact `segment` is this.</summary>
    public string? Segment { get; set; }

    /// <summary>all, none, any, expiring</summary>
    public string? Contracts { get; set; }

    /// <summary>Beyond a monthly quantity, in rising order: `1000=1.80` device-hours, or `1000=0.10/0.01/0.40` millions of tokens.</summary>
    public IReadOnlyList<string> Tiers { get; set; } = [];

    /// <summary>Null = now.</summary>
    public DateTimeOffset? Announced { get; set; }
}

/// <summary>POST /api/v1/price-changes and /api/v1/price-changes/preview.</summary>
public sealed record PriceChangeRequest
{
    /// <summary>Chip class; or Model.</summary>
    public string? ChipClass { get; set; }

    public string? Model { get; set; }

    public string? Segment { get; set; }

    public string? Unit { get; set; }

    /// <summary>all, none, any, expiring</summary>
    public string? Contracts { get; set; }

    /// <summary>`+40%`, `-12.5%`; from -90 % to +300 %.</summary>
    public string By { get; set; } = "";

    /// <summary>Null = now, of a preview alone.</summary>
    public DateTimeOffset? From { get; set; }

    /// <summary>Null = now.</summary>
    public DateTimeOffset? Announced { get; set; }

    /// <summary>Usage that a preview plays again; null = the last 30 days.</summary>
    public DateTimeOffset? UsageFrom { get; set; }

    public DateTimeOffset? UsageTo { get; set; }
}

/// <summary>What a price change, or its undoing, came to.</summary>
public sealed record PriceChangeView
{
    public required string ChangeId { get; init; }

    public required string What { get; init; }

    public string? Undoes { get; init; }

    public IReadOnlyList<PriceView> Versions { get; set; } = [];
}

/// <summary>The same usage before and after; amounts are decimal text in the cloud's currency, exact to the nano-unit.</summary>
public sealed record PriceChangePreviewView
{
    public required string Currency { get; init; }

    public required string What { get; init; }

    public DateTimeOffset From { get; init; }

    public DateTimeOffset UsageFrom { get; init; }

    public DateTimeOffset UsageTo { get; init; }

    /// <summary>How past usage and the forecast were made, in words.</summary>
    public required string Method { get; init; }

    public long Records { get; init; }

    public required string Old { get; init; }

    public required string New { get; init; }

    public required string Difference { get; init; }

    public required string ForecastOld { get; init; }

    public required string ForecastNew { get; init; }

    public required string ForecastDifference { get; init; }

    public int Losers { get; init; }

    public int Winners { get; init; }

    public int Unchanged { get; init; }

    public IReadOnlyList<PriceView> Versions { get; set; } = [];

    public IReadOnlyList<PriceChangeRow> Customers { get; set; } = [];
}

public sealed record PriceChangeRow
{
    public required string Customer { get; init; }

    public required string Item { get; init; }

    public long Records { get; init; }

    public required string Old { get; init; }

    public required string New { get; init; }

    public required string Difference { get; init; }

    public required string ForecastOld { get; init; }

    public required string ForecastNew { get; init; }

    public required string ForecastDifference { get; init; }

    /// <summary>Notice and lock counted; null = the change does not reach this customer.</summary>
    public DateTimeOffset? Effective { get; init; }

    public DateTimeOffset? LockedUntil { get; init; }

    public string? ContractId { get; init; }

    /// <summary>Money budgets that would last to the end of their period without the change and not with it: `b3(acme, hard)`.</summary>
    public IReadOnlyList<string> BudgetsHit { get; set; } = [];
}

/// <summary>POST /api/v1/commitments.</summary>
public sealed record CommitmentRequest
{
    public string Unit { get; set; } = "";

    public string ChipClass { get; set; } = "";

    /// <summary>In each calendar month (UTC).</summary>
    public long DeviceHours { get; set; }

    public string PerDeviceHour { get; set; } = "";

    /// <summary>First month, `2026-12`.</summary>
    public string From { get; set; } = "";

    /// <summary>Month after the last one.</summary>
    public string To { get; set; } = "";
}

/// <summary>POST /api/v1/commitments/{id}/end.</summary>
public sealed record CommitmentEndRequest
{
    /// <summary>First month without it, `2027-01`: one that has not begun.</summary>
    public string From { get; set; } = "";

    public string Why { get; set; } = "";
}

public sealed record CommitmentView
{
    public required string Id { get; init; }

    public required string Unit { get; init; }

    public required string ChipClass { get; init; }

    public long DeviceHours { get; init; }

    public required string PerDeviceHour { get; init; }

    public required string From { get; init; }

    public required string To { get; init; }

    /// <summary>Device-hours of this month so far.</summary>
    public decimal UsedThisMonth { get; init; }
}
