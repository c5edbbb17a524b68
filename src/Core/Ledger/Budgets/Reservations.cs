namespace Amalgam.Core.Ledger.Budgets;

/// <summary>What one stream had delivered at some moment.</summary>
public sealed record RequestMark(string ChargeId, string LeaseId, string ChipClass, long InputTokens, long CachedInputTokens, long OutputTokens);

/// <summary>A request under way: what it has set aside, and what is known of its answer.</summary>
public sealed record OpenRequest
{
    public required string ChargeId { get; init; }

    public required string RequestId { get; init; }

    public required string KeyId { get; init; }

    public required string Unit { get; init; }

    public required string Model { get; init; }

    public required string WorkloadId { get; init; }

    public required string Endpoint { get; init; }

    public required long StartedMs { get; init; }

    public required long ReservedNano { get; init; }

    public required long ExpiresMs { get; init; }

    /// <summary>Null until something was delivered.</summary>
    public RequestMark? Mark { get; init; }
}

/// <summary>What one lease has set aside, from where it is charged to <paramref name="ToMs"/>.</summary>
public sealed record LeaseFunding(string Unit, string ChipClass, long ToMs, long HeldNano, long HeldMilliDeviceMs)
{
    public BudgetUse Held => new(HeldNano, ChipClass, HeldMilliDeviceMs);
}
