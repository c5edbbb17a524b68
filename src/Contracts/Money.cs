namespace Amalgam.Contracts;

/// <summary>Amounts are decimal text in the cloud's currency, exact to the nano-unit.</summary>
public sealed record BillView
{
    public required string Currency { get; init; }

    public required string Total { get; init; }

    public DateTimeOffset From { get; init; }

    public DateTimeOffset To { get; init; }

    public IReadOnlyList<BillUnit> Units { get; set; } = [];

    public IReadOnlyList<BillLine> Lines { get; set; } = [];
}

/// <param name="Own">Without the units below.</param>
/// <param name="Subtree">With the units below.</param>
public sealed record BillUnit(string Unit, string Path, string Own, string Subtree);

public sealed record BillLine
{
    public required string Unit { get; init; }

    public required string WorkloadId { get; init; }

    public required string Workload { get; init; }

    public required string ChipClass { get; init; }

    /// <summary>Chip class, or served model for tokens.</summary>
    public required string Item { get; init; }

    /// <summary>device-hours, input-tokens, cached-input-tokens, output-tokens</summary>
    public required string Meter { get; init; }

    /// <summary>Device-hours, or tokens.</summary>
    public decimal Quantity { get; init; }

    public string? UnitPrice { get; init; }

    /// <summary>device-hour, million tokens</summary>
    public required string PricedPer { get; init; }

    public int PriceVersion { get; init; }

    public required string Amount { get; init; }

    /// <summary>Slices or requests.</summary>
    public long Count { get; init; }

    /// <summary>Part of <see cref="Amount"/> that accrues on open leases and is not in the journal yet.</summary>
    public required string Accruing { get; init; }

    public DateTimeOffset First { get; init; }

    public DateTimeOffset Last { get; init; }
}

public sealed record PriceView
{
    public int Version { get; init; }

    /// <summary>device-hour or tokens</summary>
    public required string Kind { get; init; }

    public required string Subject { get; init; }

    public DateTimeOffset From { get; init; }

    /// <summary>scheduled, in-force, superseded</summary>
    public required string State { get; init; }

    public string? PerDeviceHour { get; init; }

    public string? PerMillionInput { get; init; }

    public string? PerMillionCachedInput { get; init; }

    public string? PerMillionOutput { get; init; }
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
}
