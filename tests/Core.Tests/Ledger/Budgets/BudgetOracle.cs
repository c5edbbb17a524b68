using System.Globalization;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger.Budgets;

namespace Core.Tests.Ledger.Budgets;

/// <summary>
/// What budgets should hold, counted the slow and plain way from the same records: every charge is walked up the tree by hand, everything set aside is summed
/// again for every question. Shares no code with the book but the records themselves.
/// </summary>
internal sealed class BudgetOracle
{
    private readonly Dictionary<string, string?> _parents = [];
    /// <summary>By the path of the unit when it used it: a later move does not take the past along.</summary>
    private readonly Dictionary<(string Path, string? Class, long Day), (Int128 Nano, Int128 DeviceMs)> _days = [];
    private readonly Dictionary<(string Budget, string Period), Int128> _spent = [];
    private readonly Dictionary<string, (string Unit, long Nano)> _requests = [];
    private readonly Dictionary<string, (string Unit, string Class, long Nano, long DeviceMs)> _leases = [];
    private readonly HashSet<string> _charged = [];
    private readonly HashSet<(string Budget, long Period, int Percent)> _told = [];
    private readonly Dictionary<string, (string Unit, string Class, long MilliDevices, long ChargedToMs)> _open = [];
    private Int128 _balance;

    public Dictionary<string, Budget> Budgets { get; } = [];

    public long Charges { get; private set; }

    public void Apply(JournalRecord record)
    {
        switch (record.Event)
        {
            case UnitSet set: _parents[set.Unit.Name] = set.Unit.Parent; break;
            case BudgetSet set: Set(set.Budget); break;
            case BudgetRemoved removed: Budgets.Remove(removed.BudgetId); break;
            case RequestStarted started: _requests.Add(started.ChargeId, (started.Unit, started.ReservedNano)); break;
            case RequestClosed closed: Demand(_requests.Remove(closed.ChargeId), "a request was closed that was not open"); break;
            case TokensCharged charged: Charge(charged, record.AtMs); break;
            case LeaseStarted started: _open[started.Lease.Id] = (started.Lease.Unit, started.Lease.ChipClass, started.Lease.MilliDevices, started.Lease.ChargedToMs); break;
            case LeaseFunded funded: Fund(funded); break;
            case LeaseCharged charged: Charge(charged); break;
            case LeaseEnded ended: _leases.Remove(ended.LeaseId); _open.Remove(ended.LeaseId); break;
            case BudgetAlerted alerted: Demand(_told.Add((alerted.BudgetId, alerted.PeriodFromMs, alerted.Percent)), "an alert was told twice"); break;
        }
    }

    public Int128 Spent(Budget budget, long nowMs) => _spent.GetValueOrDefault((budget.Id, Period(budget.Period, nowMs)));

    public Int128 Reserved(Budget budget)
    {
        Int128 sum = 0;
        foreach (var (unit, nano) in _requests.Values)
        {
            sum += IsUnder(unit, budget.Unit) ? Of(budget, null, nano, 0) : 0;
        }

        foreach (var (unit, chip, nano, deviceMs) in _leases.Values)
        {
            sum += IsUnder(unit, budget.Unit) ? Of(budget, chip, nano, deviceMs) : 0;
        }

        return sum;
    }

    public bool Fits(string unit, long nano, long nowMs) => Budgets.Values.All(budget =>
        !budget.Hard || budget.Measure != BudgetMeasure.Money || nano == 0 || !IsUnder(unit, budget.Unit) || Spent(budget, nowMs) + Reserved(budget) + nano <= budget.Amount);

    public void Balanced() => Demand(_balance == 0, $"the books are off by {_balance}");

    public static void Demand(bool holds, string what)
    {
        if (!holds)
        {
            throw new BrokenPromiseException(what);
        }
    }

    private void Set(Budget budget)
    {
        _told.RemoveWhere(told => told.Budget == budget.Id);
        if (Budgets.TryAdd(budget.Id, budget))
        {
            foreach (var ((unit, chip, day), (nano, deviceMs)) in _days.Where(day => day.Key.Path.Split('/').Contains(budget.Unit)))
            {
                Add(budget, day * 86_400_000, Of(budget, chip, nano, deviceMs));
            }
        }
        else
        {
            Budgets[budget.Id] = budget;
        }
    }

    private void Charge(TokensCharged charged, long atMs)
    {
        Demand(_charged.Add(charged.ChargeId), $"{charged.ChargeId} was charged twice");
        _requests.Remove(charged.ChargeId);
        _balance += Sum(charged.Entries);
        Demand(charged.AmountNano == (long)charged.Entries[0].AmountNano, "a charge and its booking differ");
        Use(charged.Unit, null, charged.AmountNano, 0, atMs);
    }

    private void Charge(LeaseCharged charged)
    {
        var slice = charged.Slice;
        var open = _open[slice.LeaseId];
        Demand(slice.FromMs == open.ChargedToMs && slice.ToMs > slice.FromMs, $"{slice.LeaseId} was charged from {slice.FromMs}, but stands at {open.ChargedToMs}");
        Demand(slice.FromMs / 86_400_000 == (slice.ToMs - 1) / 86_400_000, "a slice lies in two days");
        _open[slice.LeaseId] = open with { ChargedToMs = slice.ToMs };
        _balance += Sum(slice.Entries);
        if (slice.PriceVersion == LeaseMetering.Unfunded)
        {
            Demand(slice.AmountNano == 0, "time beyond a budget was charged");
            return;
        }

        var deviceMs = (slice.ToMs - slice.FromMs) * open.MilliDevices;
        if (_leases.TryGetValue(slice.LeaseId, out var held))
        {
            _leases[slice.LeaseId] = held with { Nano = Math.Max(0, held.Nano - slice.AmountNano), DeviceMs = Math.Max(0, held.DeviceMs - deviceMs) };
        }

        Use(slice.Unit, slice.ChipClass, slice.AmountNano, deviceMs, slice.FromMs);
    }

    private void Fund(LeaseFunded funded)
    {
        var open = _open[funded.LeaseId];
        _leases[funded.LeaseId] = (open.Unit, open.Class, funded.HeldNano, Math.Max(0, funded.ToMs - open.ChargedToMs) * open.MilliDevices);
    }

    private void Use(string unit, string? chip, long nano, long deviceMs, long atMs)
    {
        Charges++;
        var key = (Path(unit), chip, atMs / 86_400_000);
        var day = _days.GetValueOrDefault(key);
        _days[key] = (day.Nano + nano, day.DeviceMs + deviceMs);
        foreach (var budget in Budgets.Values)
        {
            if (IsUnder(unit, budget.Unit))
            {
                Add(budget, atMs, Of(budget, chip, nano, deviceMs));
            }
        }
    }

    private void Add(Budget budget, long atMs, Int128 amount)
    {
        var key = (budget.Id, Period(budget.Period, atMs));
        _spent[key] = _spent.GetValueOrDefault(key) + amount;
    }

    private static Int128 Of(Budget budget, string? chip, Int128 nano, Int128 deviceMs) =>
        budget.Measure == BudgetMeasure.Money ? nano : chip is not null && (budget.ChipClass ?? chip) == chip ? deviceMs : 0;

    private string Path(string unit) => _parents[unit] is { } parent ? $"{Path(parent)}/{unit}" : unit;

    private bool IsUnder(string? unit, string top)
    {
        for (; unit is not null; unit = _parents[unit])
        {
            if (unit == top)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The name of a period, out of the calendar of the class library: no arithmetic with instants.</summary>
    private static string Period(BudgetPeriod period, long atMs)
    {
        var at = DateTimeOffset.FromUnixTimeMilliseconds(atMs).UtcDateTime;
        return period switch
        {
            BudgetPeriod.Day => at.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            BudgetPeriod.Week => $"{ISOWeek.GetYear(at)}-W{ISOWeek.GetWeekOfYear(at)}",
            BudgetPeriod.Month => at.ToString("yyyy-MM", CultureInfo.InvariantCulture),
            BudgetPeriod.Quarter => $"{at.Year}-Q{(at.Month + 2) / 3}",
            BudgetPeriod.Year => at.ToString("yyyy", CultureInfo.InvariantCulture),
            _ => "",
        };
    }

    private static Int128 Sum(System.Collections.Immutable.ImmutableArray<Amalgam.Core.Ledger.Entry> entries)
    {
        Int128 sum = 0;
        foreach (var entry in entries)
        {
            sum += entry.AmountNano;
        }

        return sum;
    }
}

/// <summary>The model found that a promise of the ledger does not hold.</summary>
internal sealed class BrokenPromiseException(string what) : Exception(what);
