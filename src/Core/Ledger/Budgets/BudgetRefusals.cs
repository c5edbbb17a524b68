using System.Collections.Immutable;
using System.Globalization;
using Amalgam.Core.Allocation;
using Amalgam.Core.Cloud;
using Amalgam.Core.Workloads;

namespace Amalgam.Core.Ledger.Budgets;

/// <summary>Classes that a waiting workload cannot be started on, because a hard budget has no room for its first moments.</summary>
public static class BudgetRefusals
{
    public static ImmutableArray<ClassRefusal> Of(CloudState state, WorkloadSpec spec, ImmutableArray<ClassSpeed> speeds, long nowMs)
    {
        if (state.Budgets.IsEmpty || state.Budgets.Over(spec.Unit).IsEmpty)
        {
            return [];
        }

        var refusals = ImmutableArray.CreateBuilder<ClassRefusal>();
        foreach (var speed in speeds.Where(speed => speed.Millionths > 0))
        {
            var least = LeaseFunds.Least(state, spec, speed.ChipClass, nowMs);
            // Replicas start one by one; a gang starts whole.
            var members = spec.IsService ? 1 : spec.Members;
            var use = new BudgetUse(checked(least.Nano * members), least.ChipClass, checked(least.MilliDeviceMs * members));
            if (state.Budgets.Refusing(spec.Unit, use, nowMs) is { } counter)
            {
                refusals.Add(Refusal(counter, state.Currency, speed.ChipClass, use.Of(counter.Budget), nowMs));
            }
        }

        return refusals.ToImmutable();
    }

    private static ClassRefusal Refusal(BudgetCounter counter, string currency, string chipClass, long needed, long nowMs)
    {
        var budget = counter.Budget;
        var left = Math.Max(0, counter.LeftAt(nowMs));
        var (_, to) = BudgetCalendar.Of(budget.Period, nowMs);
        var next = to == long.MaxValue ? "" : string.Create(CultureInfo.InvariantCulture, $", or wait until {DateTimeOffset.FromUnixTimeMilliseconds(to):yyyy-MM-dd}, when its next period begins");
        return new ClassRefusal(
            chipClass, RefusalKind.Budget,
            $"the budget {budget.Id} of {budget.Unit} ({BudgetText.Amount(budget, budget.Amount, currency)} {BudgetText.Per(budget.Period)}) "
                + $"has {BudgetText.Amount(budget, left, currency)} left, and a start on {chipClass} sets {BudgetText.Amount(budget, needed, currency)} aside",
            $"raise the budget {budget.Id} by {BudgetText.Amount(budget, needed - counter.LeftAt(nowMs), currency)}{next}");
    }
}

/// <summary>Budgets in words.</summary>
public static class BudgetText
{
    public const decimal MilliDeviceMsPerHour = 3_600_000_000m;

    /// <summary>`12.50 USD`, `8.25 device-hours`.</summary>
    public static string Amount(Budget budget, long amount, string currency) => budget.Measure == BudgetMeasure.Money
        ? $"{Nano.Format(amount)} {currency}"
        : $"{Hours(amount)} device-hours";

    public static string Hours(long milliDeviceMs) => (milliDeviceMs / MilliDeviceMsPerHour).ToString("0.#########", CultureInfo.InvariantCulture);

    public static string Per(BudgetPeriod period) => period == BudgetPeriod.None ? "in all" : $"per {period.ToString().ToLowerInvariant()}";
}
