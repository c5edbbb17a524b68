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
    /// <summary>The same for ever: `amalgam bill --why ID` opens the line.</summary>
    public string Id { get; set; } = "";

    /// <summary>The contract that set, discounted or held back the price, or that reserved what stood idle.</summary>
    public string? ContractId { get; set; }

    /// <summary>Why this price, in words.</summary>
    public string? Rule { get; set; }

    public required string Unit { get; init; }

    public required string WorkloadId { get; init; }

    public required string Workload { get; init; }

    public required string ChipClass { get; init; }

    /// <summary>Chip class, or served model for tokens.</summary>
    public required string Item { get; init; }

    /// <summary>device-hours, input-tokens, cached-input-tokens, output-tokens, reserved-idle-device-hours, unused-commitment-device-hours, idle-share-device-hours</summary>
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

/// <summary>GET /api/v1/bill/lines/{id}: one line of the bill, down to what was recorded.</summary>
public sealed record BillLineView
{
    public required string Currency { get; init; }

    public required BillLine Line { get; init; }

    /// <summary>The version of the price book that the line was rated at; null = the price is the contract's own.</summary>
    public PriceView? Price { get; set; }

    /// <summary>The latest, newest first, at most as many as were asked for.</summary>
    public IReadOnlyList<BillLineRecord> Records { get; set; } = [];

    /// <summary>All there are in the journal; their amounts add up to the line, less what still accrues.</summary>
    public long RecordCount { get; init; }

    /// <summary>Sum of all of them.</summary>
    public required string RecordedAmount { get; init; }
}

/// <param name="Sequence">Of the record in the journal.</param>
/// <param name="Lease">Null where no lease was charged.</param>
/// <param name="Quantity">Device-hours, or tokens.</param>
public sealed record BillLineRecord(long Sequence, DateTimeOffset At, string? Lease, string? Request, string? Charge, string? Key, DateTimeOffset From, DateTimeOffset To, decimal Quantity, string Amount);
