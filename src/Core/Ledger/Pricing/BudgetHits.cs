using Amalgam.Core.Ledger.Budgets;
using Amalgam.Core.Units;

namespace Amalgam.Core.Ledger.Pricing;

/// <summary>A money budget as it stands: what it would come to at the end of its period if nothing changed.</summary>
public sealed record BudgetOutlook(string Id, string Unit, long AmountNano, Int128 ForecastNano, long? PeriodMs, bool Hard)
{
    public static IEnumerable<BudgetOutlook> Of(BudgetBook budgets, long nowMs) => budgets.All.Where(counter => counter.Budget.Measure == BudgetMeasure.Money).Select(counter =>
    {
        var (fromMs, toMs) = BudgetCalendar.Of(counter.Budget.Period, nowMs);
        return new BudgetOutlook(
            counter.Budget.Id, counter.Budget.Unit, counter.Budget.Amount, counter.ForecastAt(nowMs) ?? counter.SpentAt(nowMs), toMs == long.MaxValue ? null : toMs - fromMs, counter.Budget.Hard);
    });
}

/// <summary>Which budgets a price change would exceed: those that would do without it, and not with it.</summary>
public static class BudgetHits
{
    /// <param name="differences">What each unit would pay more in the usage period.</param>
    public static IEnumerable<BudgetOutlook> Of(IEnumerable<BudgetOutlook> budgets, UnitTree units, IReadOnlyDictionary<string, Int128> differences, long usageMs) =>
        budgets.Where(budget =>
        {
            var more = differences.Where(unit => units.IsWithin(unit.Key, budget.Unit)).Aggregate((Int128)0, (sum, unit) => sum + unit.Value);
            return more > 0 && budget.ForecastNano <= budget.AmountNano && budget.ForecastNano + (budget.PeriodMs is { } periodMs ? more * periodMs / usageMs : more) > budget.AmountNano;
        });
}
