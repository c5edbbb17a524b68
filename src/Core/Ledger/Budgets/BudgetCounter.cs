using System.Collections.Immutable;

namespace Amalgam.Core.Ledger.Budgets;

/// <summary>One budget in its present period. Amounts are in the budget's measure.</summary>
public sealed class BudgetCounter
{
    private ImmutableArray<BudgetAlert> _alerts = [];

    internal BudgetCounter(Budget budget, long atMs)
    {
        Budget = budget;
        (FromMs, ToMs) = BudgetCalendar.Of(budget.Period, atMs);
    }

    public Budget Budget { get; private set; }

    /// <summary>Begin of the period that <see cref="Spent"/> counts.</summary>
    public long FromMs { get; private set; }

    public long ToMs { get; private set; }

    /// <summary>Charged in this period.</summary>
    public long Spent { get; private set; }

    /// <summary>Charged in the period before.</summary>
    public long Previous { get; private set; }

    /// <summary>Set aside for what is under way. It counts in the period of the moment, whenever it was taken: it may be charged in that one.</summary>
    public Int128 Reserved { get; internal set; }

    public long SpentAt(long nowMs) => nowMs < ToMs ? Spent : 0;

    /// <summary>What is neither spent nor set aside; negative where the budget was set below what was used already, or is soft.</summary>
    public long LeftAt(long nowMs) => (long)Int128.Clamp((Int128)Budget.Amount - SpentAt(nowMs) - Reserved, long.MinValue, long.MaxValue);

    /// <summary>Alerts told in the period of that moment.</summary>
    public ImmutableArray<BudgetAlert> AlertsAt(long nowMs) => nowMs < ToMs ? _alerts : [];

    /// <summary>Shares that are reached and were not told in this period, ascending.</summary>
    public IEnumerable<int> DueAlerts()
    {
        foreach (var percent in Budget.AlertPercents)
        {
            if (IsReached(percent) && !_alerts.Any(alert => alert.Percent == percent))
            {
                yield return percent;
            }
        }
    }

    /// <summary>What will be spent at the end of the period if it goes on like this; null without an end or a beginning.</summary>
    public long? ForecastAt(long nowMs)
    {
        var (from, to) = BudgetCalendar.Of(Budget.Period, nowMs);
        return to == long.MaxValue || nowMs <= from ? null : (long)Int128.Min(long.MaxValue, (Int128)SpentAt(nowMs) * (to - from) / (nowMs - from));
    }

    /// <param name="atMs">When it was used; what was used before the present period counts in the one before.</param>
    /// <param name="nowMs">Ledger time: it turns the period.</param>
    internal void Spend(long amount, long atMs, long nowMs)
    {
        TurnTo(nowMs);
        if (atMs >= FromMs)
        {
            Spent = checked(Spent + amount);
        }
        else
        {
            Previous = checked(Previous + amount);
        }
    }

    internal void Tell(int percent, long atMs) => _alerts = _alerts.Add(new BudgetAlert(percent, atMs));

    /// <summary>Another amount for the same subject. What is spent stays spent; what was told stays told while it is still true.</summary>
    internal void Change(Budget budget)
    {
        Budget = budget;
        _alerts = _alerts.RemoveAll(alert => !IsReached(alert.Percent));
    }

    private bool IsReached(int percent) => (Int128)Spent * 100 >= (Int128)Budget.Amount * percent;

    internal void TurnTo(long nowMs)
    {
        if (nowMs < ToMs)
        {
            return;
        }

        var to = ToMs;
        (FromMs, ToMs) = BudgetCalendar.Of(Budget.Period, nowMs);
        (Previous, Spent, _alerts) = (FromMs == to ? Spent : 0, 0, []);
    }
}

/// <summary>A share of a budget was reached.</summary>
public readonly record struct BudgetAlert(int Percent, long AtMs);
