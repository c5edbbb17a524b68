namespace Amalgam.Contracts;

/// <summary>POST /api/v1/idle-policy</summary>
public sealed record IdlePolicyRequest
{
    /// <summary>house, guarantee, use, holder</summary>
    public string Rule { get; set; } = "";

    /// <summary>A day (UTC); null = today.</summary>
    public DateTimeOffset? From { get; set; }

    /// <summary>Charge the shares, a day at a time when it is over, so that they stand on bills and invoices; else they are shown only.</summary>
    public bool ChargeBack { get; set; }
}

/// <param name="ChargeBack">Shares stand on bills and invoices; else they are shown only.</param>
public sealed record IdlePolicyView(string Rule, DateTimeOffset? From, bool ChargeBack = false);

/// <summary>Every device-hour of the pool and who carries it; amounts at list price.</summary>
public sealed record PoolBillView
{
    public required string Currency { get; init; }

    public DateTimeOffset From { get; init; }

    public DateTimeOffset To { get; init; }

    public required string Total { get; init; }

    public IReadOnlyList<PoolClassView> Classes { get; set; } = [];

    public IReadOnlyList<PoolUnitView> Units { get; set; } = [];
}

/// <summary>Device-hours; they add up to <see cref="DeviceHours"/>.</summary>
public sealed record PoolClassView(string ChipClass, decimal DeviceHours, decimal Used, decimal ReservedIdle, decimal UnsoldIdle, decimal Failed, string Cost);

/// <summary>What a unit itself carries; amounts add up to the total of the pool.</summary>
public sealed record PoolUnitView(string Path, string ChipClass, string Used, string ReservedIdle, string UnsoldIdle, string Failed, string Total);
