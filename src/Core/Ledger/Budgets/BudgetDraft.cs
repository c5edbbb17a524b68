namespace Amalgam.Core.Ledger.Budgets;

/// <summary>
/// Budgets while one decision of several steps is made: what the steps so far will spend, set aside or free, before any of it is a record.
/// </summary>
public sealed class BudgetDraft(BudgetBook book, long nowMs)
{
    private readonly Dictionary<BudgetCounter, long> _taken = [];

    /// <summary>Takes it from every budget over the unit if all hard ones have room; else nothing is taken.</summary>
    public bool TryTake(string unit, BudgetUse use)
    {
        foreach (var counter in book.Over(unit))
        {
            if (counter.Budget.Hard && use.Of(counter.Budget) is > 0 and var amount && amount > Left(counter))
            {
                return false;
            }
        }

        Add(unit, use, 1);
        return true;
    }

    /// <summary>What is used already counts, whether it fits or not.</summary>
    public void Take(string unit, BudgetUse use) => Add(unit, use, 1);

    public void Give(string unit, BudgetUse use) => Add(unit, use, -1);

    /// <summary>The most money that may still be taken for the unit; <see cref="long.MaxValue"/> where no hard budget binds, never below 0.</summary>
    public long Room(string unit)
    {
        var room = long.MaxValue;
        foreach (var counter in book.Over(unit))
        {
            if (counter.Budget is { Hard: true, Measure: BudgetMeasure.Money })
            {
                room = Math.Min(room, Math.Max(0, Left(counter)));
            }
        }

        return room;
    }

    private long Left(BudgetCounter counter) => counter.LeftAt(nowMs) - _taken.GetValueOrDefault(counter);

    private void Add(string unit, BudgetUse use, int sign)
    {
        foreach (var counter in book.Over(unit))
        {
            _taken[counter] = _taken.GetValueOrDefault(counter) + (sign * use.Of(counter.Budget));
        }
    }
}
