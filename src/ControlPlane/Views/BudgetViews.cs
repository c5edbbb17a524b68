using Amalgam.Contracts;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Budgets;

namespace Amalgam.ControlPlane.Views;

/// <summary>`budget list`: what the journal holds, plus what accrues on open leases at this moment.</summary>
public static class BudgetViews
{
    /// <summary>Budgets of the unit, of all below it, and those above that bind it; from the root down.</summary>
    public static List<BudgetView> Of(CloudState state, Caller caller, string? unit, long nowMs)
    {
        var top = unit ?? caller.Unit;
        var accruing = Accruing(state, nowMs);
        var counters = state.Budgets.All.Where(counter => state.Units.IsWithin(counter.Budget.Unit, top) || state.Units.IsWithin(top, counter.Budget.Unit));
        return [.. counters.OrderBy(counter => state.Units.Path(counter.Budget.Unit), StringComparer.Ordinal).ThenBy(counter => counter.Budget.Id.Length).ThenBy(counter => counter.Budget.Id, StringComparer.Ordinal)
            .Select(counter => Of(state, counter, accruing, nowMs))];
    }

    public static BudgetView Of(CloudState state, BudgetCounter counter, long nowMs) => Of(state, counter, Accruing(state, nowMs), nowMs);

    /// <summary>One record in words, for the audit.</summary>
    public static (string What, string Subject, string Detail, string? Unit) Audit(CloudState state, BudgetEvent fact) => fact switch
    {
        BudgetSet set => ("budget set", set.Budget.Id, $"{set.Budget.Unit}: {Describe(state, set.Budget)}", set.Budget.Unit),
        BudgetRemoved removed => ("budget removed", removed.BudgetId, "", null),
        BudgetAlerted alerted when state.Budgets.Find(alerted.BudgetId)?.Budget is { } budget =>
            ("budget alert", alerted.BudgetId, $"{budget.Unit} has used {alerted.Percent} % of {BudgetText.Amount(budget, budget.Amount, state.Currency)} {BudgetText.Per(budget.Period)}", budget.Unit),
        BudgetAlerted alerted => ("budget alert", alerted.BudgetId, $"{alerted.Percent} %", null),
        RequestsRecovered recovered => ("requests recovered", "", $"after a crash: {recovered.Marked} torn streams charged for what was delivered at their last mark, {recovered.Expired} with nothing delivered on record not charged", null),
        _ => (fact.GetType().Name, "", "", null),
    };

    public static string Describe(CloudState state, Budget budget) =>
        $"{BudgetText.Amount(budget, budget.Amount, state.Currency)}{(budget.ChipClass is null ? "" : $" of {budget.ChipClass}")} {BudgetText.Per(budget.Period)}, {(budget.Hard ? "hard" : "soft")}";

    private static BudgetView Of(CloudState state, BudgetCounter counter, List<(string Unit, BudgetUse Use)> accruing, long nowMs)
    {
        var budget = counter.Budget;
        var open = accruing.Where(item => state.Units.IsWithin(item.Unit, budget.Unit)).Sum(item => item.Use.Of(budget));
        // What accrues under a hard budget is set aside already, so that the sum of both does not change.
        var reserved = (long)Int128.Min(long.MaxValue / 4, counter.Reserved);
        var held = Math.Min(open, reserved);
        var spent = counter.SpentAt(nowMs) + open;
        var (from, to) = BudgetCalendar.Of(budget.Period, nowMs);
        var alerts = counter.AlertsAt(nowMs);
        string Text(long amount) => budget.Measure == BudgetMeasure.Money ? Nano.Format(amount) : BudgetText.Hours(amount);
        return new BudgetView
        {
            Id = budget.Id,
            Unit = budget.Unit,
            Path = state.Units.Path(budget.Unit),
            Measure = budget.Measure == BudgetMeasure.Money ? state.Currency : "device-hours",
            ChipClass = budget.ChipClass,
            Per = budget.Period.ToString().ToLowerInvariant(),
            Hard = budget.Hard,
            Amount = Text(budget.Amount),
            Spent = Text(spent),
            Reserved = Text(reserved - held),
            Left = Text(budget.Amount - spent - reserved + held),
            SpentPercent = budget.Amount == 0 ? 100 : (int)Int128.Min(int.MaxValue, (Int128)spent * 100 / budget.Amount),
            From = to == long.MaxValue ? null : WorkloadViews.Time(from),
            To = to == long.MaxValue ? null : WorkloadViews.Time(to),
            Forecast = counter.ForecastAt(nowMs) is { } forecast ? Text(forecast) : null,
            Previous = Text(nowMs < counter.ToMs ? counter.Previous : BudgetCalendar.Of(budget.Period, counter.ToMs) == (from, to) ? counter.Spent : 0),
            Alerts = [.. budget.AlertPercents.Select(percent => new BudgetAlertView(percent, alerts.Where(alert => alert.Percent == percent).Select(alert => (DateTimeOffset?)WorkloadViews.Time(alert.AtMs)).FirstOrDefault()))],
        };
    }

    private static List<(string Unit, BudgetUse Use)> Accruing(CloudState state, long nowMs) => [.. state.OpenLeases
        .Where(lease => !state.Budgets.Over(lease.Unit).IsEmpty)
        .SelectMany(lease => LeaseMetering.Slices(state, lease, nowMs, nowMs))
        .Where(slice => slice.PriceVersion != LeaseMetering.Unfunded)
        .Select(slice => (slice.Unit, new BudgetUse(slice.AmountNano, slice.ChipClass, (slice.ToMs - slice.FromMs) * slice.MilliDevices)))];
}
