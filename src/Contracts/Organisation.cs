namespace Amalgam.Contracts;

public sealed record UnitView
{
    public required string Name { get; init; }

    public string? Parent { get; init; }

    public required string Path { get; init; }

    public int Depth { get; init; }

    public long Weight { get; init; }

    /// <summary>Devices per chip class.</summary>
    public IReadOnlyDictionary<string, decimal> Guarantee { get; set; } = new Dictionary<string, decimal>();

    public IReadOnlyDictionary<string, decimal> Limit { get; set; } = new Dictionary<string, decimal>();

    public IReadOnlyDictionary<string, decimal> Target { get; set; } = new Dictionary<string, decimal>();

    /// <summary>Devices held by the whole subtree.</summary>
    public IReadOnlyDictionary<string, decimal> Held { get; set; } = new Dictionary<string, decimal>();

    public int WaitingWorkloads { get; init; }

    /// <summary>The unit's own and those that it inherits.</summary>
    public IReadOnlyDictionary<string, string> Facts { get; set; } = new Dictionary<string, string>();

    public double? MinRuntimeSeconds { get; init; }

    public double? MaxWaitSeconds { get; init; }
}

/// <summary>POST /api/v1/units (add), PATCH /api/v1/units/NAME (set); null = unchanged. An amount of null in a map removes the entry.</summary>
public sealed record UnitRequest
{
    public string? Name { get; set; }

    public string? Parent { get; set; }

    public long? Weight { get; set; }

    public IReadOnlyDictionary<string, decimal?>? Guarantee { get; set; }

    public IReadOnlyDictionary<string, decimal?>? Limit { get; set; }

    /// <summary>`segment`, `region`, `customer-since`, or any name of your own; a value of null removes the fact.</summary>
    public IReadOnlyDictionary<string, string?>? Facts { get; set; }

    public double? MinRuntimeSeconds { get; set; }

    public double? MaxWaitSeconds { get; set; }
}

/// <summary>POST /api/v1/keys</summary>
public sealed record KeyRequest
{
    public string? Unit { get; set; }

    /// <summary>owner, operator, developer, auditor</summary>
    public string Role { get; set; } = "developer";

    public string? Name { get; set; }

    public double? ExpiresInDays { get; set; }
}

public sealed record KeyView
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required string Unit { get; init; }

    public required string Role { get; init; }

    public required string Prefix { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    public DateTimeOffset? RevokedAt { get; init; }
}

/// <summary>The only time the secret is shown.</summary>
public sealed record KeyCreatedView(KeyView Key, string Secret);

public sealed record AuditLine
{
    public long Sequence { get; init; }

    public DateTimeOffset At { get; init; }

    /// <summary>Key id and name, or the loop.</summary>
    public required string Who { get; init; }

    public string? From { get; init; }

    public required string What { get; init; }

    public required string Subject { get; init; }

    public required string Detail { get; init; }
}
