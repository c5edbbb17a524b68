using System.Collections.Immutable;

namespace Amalgam.Core.Ledger.Budgets;

public enum BudgetMeasure
{
    /// <summary>Nano-units of the cloud's currency; device-hours and tokens together.</summary>
    Money,

    /// <summary>Milli-device-milliseconds, of one chip class or of all.</summary>
    DeviceHours,
}

/// <summary>Calendar periods in UTC; weeks begin on Monday (ISO 8601).</summary>
public enum BudgetPeriod
{
    Day,
    Week,
    Month,
    Quarter,
    Year,

    /// <summary>One period without an end: what is spent is spent.</summary>
    None,
}

/// <summary>What a unit and all below it may use in each period.</summary>
public sealed record Budget
{
    /// <summary>`b3`</summary>
    public required string Id { get; init; }

    public required string Unit { get; init; }

    public BudgetMeasure Measure { get; init; }

    /// <summary>Null = all classes; only with <see cref="BudgetMeasure.DeviceHours"/>.</summary>
    public string? ChipClass { get; init; }

    public BudgetPeriod Period { get; init; } = BudgetPeriod.Month;

    /// <summary>Nano-units, or milli-device-milliseconds.</summary>
    public required long Amount { get; init; }

    /// <summary>Nothing that does not fit is begun; a soft budget only tells.</summary>
    public bool Hard { get; init; }

    /// <summary>Percent of the amount, ascending; each is told once per period.</summary>
    public ImmutableArray<int> AlertPercents { get; init; } = [50, 80, 100];

    /// <summary>Two budgets with the same answer are the same budget: setting one changes the other.</summary>
    public (string, BudgetMeasure, string?, BudgetPeriod) Subject => (Unit, Measure, ChipClass, Period);
}

/// <summary>An amount of money and of device time that counts in budgets together.</summary>
/// <param name="ChipClass">Null for tokens.</param>
public readonly record struct BudgetUse(long Nano, string? ChipClass = null, long MilliDeviceMs = 0)
{
    public long Of(Budget budget) =>
        budget.Measure == BudgetMeasure.Money ? Nano
        : ChipClass is not null && (budget.ChipClass is null || budget.ChipClass == ChipClass) ? MilliDeviceMs
        : 0;
}
