using Amalgam.Core.Journal;
using Amalgam.Core.Units;
using Amalgam.Core.Workloads;

namespace Amalgam.Core.Ledger.Budgets;

/// <summary>
/// All budgets, and what is spent and set aside in them. What a unit uses counts in every budget on its way to the root; a reservation must fit all hard
/// ones at once. Changed by the journal's records alone.
/// </summary>
public sealed class BudgetBook(UnitTree units, BillBook bill, Func<string, Lease?> leases)
{
    private readonly SortedDictionary<int, BudgetCounter> _budgets = [];
    private readonly Dictionary<string, BudgetCounter[]> _paths = new(StringComparer.Ordinal);
    private readonly ReservationBook _held = new();
    private readonly HashSet<int> _due = [];

    public IEnumerable<BudgetCounter> All => _budgets.Values;

    public bool IsEmpty => _budgets.Count == 0;

    public int NextNumber { get; private set; } = 1;

    /// <summary>Requests under way, and what leases have set aside.</summary>
    public ReservationBook Held => _held;

    /// <summary>What starts of the cloud have found of torn requests, all together.</summary>
    public (long Marked, long Expired) Torn { get; private set; }

    /// <summary>Budgets of which an alert is to be told.</summary>
    public IEnumerable<BudgetCounter> Due => _due.Order().Select(number => _budgets[number]);

    public bool AnyDue => _due.Count > 0;

    public BudgetCounter? Find(string id) => id.Length > 1 && id[0] == 'b' && int.TryParse(id.AsSpan(1), out var number) ? _budgets.GetValueOrDefault(number) : null;

    /// <summary>The budgets that what this unit uses counts in, the unit's own first.</summary>
    public ReadOnlySpan<BudgetCounter> Over(string unit)
    {
        if (_budgets.Count == 0)
        {
            return [];
        }

        if (!_paths.TryGetValue(unit, out var path))
        {
            var found = new List<BudgetCounter>();
            for (var at = units.Find(unit); at is not null; at = at.Parent is null ? null : units.Find(at.Parent))
            {
                found.AddRange(_budgets.Values.Where(counter => counter.Budget.Unit == at.Name));
            }

            _paths[unit] = path = [.. found];
        }

        return path;
    }

    /// <summary>Does a hard budget bind this use?</summary>
    public bool Binds(string unit, string? chipClass)
    {
        foreach (var counter in Over(unit))
        {
            if (counter.Budget.Hard && (counter.Budget.Measure == BudgetMeasure.Money || new BudgetUse(0, chipClass, 1).Of(counter.Budget) > 0))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The first hard budget that has no room for this use; null = it fits all.</summary>
    public BudgetCounter? Refusing(string unit, BudgetUse use, long nowMs)
    {
        foreach (var counter in Over(unit))
        {
            if (counter.Budget.Hard && use.Of(counter.Budget) is > 0 and var amount && amount > counter.LeftAt(nowMs))
            {
                return counter;
            }
        }

        return null;
    }

    /// <summary>Called for every record, after the rest of the state has taken it.</summary>
    public void Apply(JournalRecord record)
    {
        switch (record.Event)
        {
            case TokensCharged charged:
                Reserve(_held.Close(charged.ChargeId), -1);
                Spend(charged.Unit, new BudgetUse(charged.AmountNano), record.AtMs, record.AtMs);
                break;
            case LeaseCharged charged:
                Charge(charged.Slice, record.AtMs);
                break;
            case LeaseEnded ended:
                Reserve(_held.Unfund(ended.LeaseId), -1);
                break;
            case UnitSet or UnitRemoved or UnitMoved:
                Rebind();
                break;
            case BudgetEvent fact:
                ApplyBudget(fact, record.AtMs);
                break;
        }
    }

    private void ApplyBudget(BudgetEvent fact, long atMs)
    {
        switch (fact)
        {
            case RequestStarted started: Reserve(_held.Open(started), 1); break;
            case RequestsMarked marked: _held.Mark(marked); break;
            case RequestClosed closed: Reserve(_held.Close(closed.ChargeId), -1); break;
            case LeaseFunded funded: Fund(funded); break;
            case BudgetSet set: Set(set.Budget, atMs); break;
            case BudgetRemoved removed: Remove(removed.BudgetId); break;
            case BudgetAlerted alerted: Tell(alerted, atMs); break;
            case RequestsRecovered recovered: Torn = (Torn.Marked + recovered.Marked, Torn.Expired + recovered.Expired); break;
        }
    }

    private void Set(Budget budget, long atMs)
    {
        var number = Number(budget.Id);
        NextNumber = Math.Max(NextNumber, number + 1);
        if (_budgets.TryGetValue(number, out var counter))
        {
            counter.Change(budget);
        }
        else
        {
            _budgets[number] = counter = new BudgetCounter(budget, atMs);
            Count(counter, atMs);
        }

        Rebind();
        Watch(counter);
    }

    /// <summary>A budget counts what was used before it was set, from the begin of its period: bills know it by day.</summary>
    private void Count(BudgetCounter counter, long nowMs)
    {
        foreach (var (key, amount) in bill.Lines)
        {
            var dayMs = key.Day * BudgetCalendar.DayMs;
            if (dayMs >= counter.FromMs && !key.Meter.IsStanding() && units.IsPathWithin(key.Path, counter.Budget.Unit))
            {
                var used = new BudgetUse(amount.AmountNano, key.ChipClass, key is { Meter: Meter.DeviceHours, PriceVersion: not LeaseMetering.Unfunded } ? amount.Quantity : 0);
                counter.Spend(used.Of(counter.Budget), dayMs, nowMs);
            }
        }
    }

    private void Remove(string id)
    {
        _budgets.Remove(Number(id));
        _due.Remove(Number(id));
        Rebind();
    }

    private void Tell(BudgetAlerted alerted, long atMs)
    {
        if (Find(alerted.BudgetId) is { } counter)
        {
            counter.Tell(alerted.Percent, atMs);
            Watch(counter);
        }
    }

    private void Charge(LeaseSlice slice, long nowMs)
    {
        Reserve(_held.Charge(slice), -1);
        if (slice.PriceVersion != LeaseMetering.Unfunded)
        {
            Spend(slice.Unit, new BudgetUse(slice.AmountNano, slice.ChipClass, (slice.ToMs - slice.FromMs) * slice.MilliDevices), slice.FromMs, nowMs);
        }
    }

    private void Fund(LeaseFunded funded)
    {
        Reserve(_held.Unfund(funded.LeaseId), -1);
        Reserve(leases(funded.LeaseId) is { IsOpen: true } lease ? _held.Fund(funded, lease) : null, 1);
    }

    private void Spend(string unit, BudgetUse use, long atMs, long nowMs)
    {
        foreach (var counter in Over(unit))
        {
            if (use.Of(counter.Budget) is not 0 and var amount)
            {
                counter.Spend(amount, atMs, nowMs);
                Watch(counter);
            }
        }
    }

    private void Watch(BudgetCounter counter)
    {
        var number = Number(counter.Budget.Id);
        _ = counter.DueAlerts().Any() ? _due.Add(number) : _due.Remove(number);
    }

    private void Reserve((string Unit, BudgetUse Use)? held, int sign)
    {
        if (held is { } some)
        {
            foreach (var counter in Over(some.Unit))
            {
                counter.Reserved += (Int128)sign * some.Use.Of(counter.Budget);
            }
        }
    }

    /// <summary>The tree or the budgets changed: whatever is set aside counts where it belongs now.</summary>
    private void Rebind()
    {
        _paths.Clear();
        foreach (var (number, counter) in _budgets.Where(pair => units.Find(pair.Value.Budget.Unit) is null).ToList())
        {
            _budgets.Remove(number);
            _due.Remove(number);
        }

        foreach (var counter in _budgets.Values)
        {
            counter.Reserved = 0;
        }

        if (_budgets.Count > 0)
        {
            foreach (var held in _held.All)
            {
                Reserve(held, 1);
            }
        }
    }

    private static int Number(string id) => int.Parse(id.AsSpan(1));
}
