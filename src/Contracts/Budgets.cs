namespace Amalgam.Contracts;

/// <summary>POST /api/v1/budgets. Sets the budget of this unit, measure, class and period, whole: what is not given is the default, not what was there.</summary>
public sealed record BudgetRequest
{
    public string Unit { get; set; } = "";

    /// <summary>Decimal text: money in the cloud's currency, or device-hours.</summary>
    public string Amount { get; set; } = "";

    /// <summary>day, week, month, quarter, year, none</summary>
    public string Per { get; set; } = "month";

    /// <summary>Nothing that does not fit is begun.</summary>
    public bool Hard { get; set; }

    /// <summary>Percent of the amount; null = 50, 80, 100.</summary>
    public IReadOnlyList<int>? AlertPercents { get; set; }

    /// <summary>A chip class, or `all`; null = the budget is money.</summary>
    public string? DeviceHours { get; set; }
}

/// <summary>Amounts are decimal text in <see cref="Measure"/>.</summary>
public sealed record BudgetView
{
    public required string Id { get; init; }

    public required string Unit { get; init; }

    public required string Path { get; init; }

    /// <summary>The cloud's currency, or `device-hours`.</summary>
    public required string Measure { get; init; }

    /// <summary>Null = all classes.</summary>
    public string? ChipClass { get; init; }

    public required string Per { get; init; }

    public bool Hard { get; init; }

    public required string Amount { get; init; }

    /// <summary>Charged in this period, and what accrues on open leases at this moment.</summary>
    public required string Spent { get; init; }

    /// <summary>Set aside for requests and leases under way.</summary>
    public required string Reserved { get; init; }

    public required string Left { get; init; }

    public int SpentPercent { get; init; }

    /// <summary>Null for a budget without a period.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Exclusive.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>Spent at the end of the period if it goes on as since its begin; null for a budget without a period.</summary>
    public string? Forecast { get; init; }

    /// <summary>Charged in the period before.</summary>
    public required string Previous { get; init; }

    public IReadOnlyList<BudgetAlertView> Alerts { get; set; } = [];
}

/// <param name="At">When it was reached in this period; null = not yet.</param>
public sealed record BudgetAlertView(int Percent, DateTimeOffset? At);
