using System.Collections.Immutable;

namespace Amalgam.Core.Allocation.Cycle;

/// <summary>
/// What units are owed: the shortfall against their targets added up over time, fading with a half-life per class. It decides
/// between units at equal standing only.
/// </summary>
internal sealed class Debts
{
    /// <summary>Where nothing is said: a week for a class that has a price, no memory for an abundant one.</summary>
    private const long WeekMs = 7L * 24 * 3_600_000;

    /// <summary>A debt at an unchanging rate is written anew after this part of its half-life: only then does the rate's own fading count.</summary>
    private const int Rewritings = 64;

    private readonly PlanningState _state;
    private readonly long[] _owed;
    private readonly UnitDebt?[] _before;

    public Debts(PlanningState state)
    {
        _state = state;
        _owed = new long[state.Tree.Units.Count * state.Chips.Length];
        _before = new UnitDebt?[_owed.Length];
        Standing = new long[state.Tree.Units.Count];
        foreach (var debt in state.History.Debts)
        {
            if (state.Tree.NumberOf(debt.Unit) is var unit and >= 0 && state.ChipNumber(debt.ChipClass) is var chip and >= 0)
            {
                var half = state.Settings.HalfLifeMs.Find(debt.ChipClass) ?? WeekMs;
                var since = debt.SinceMs ?? state.History.AsOfMs;
                var elapsed = Math.Max(0, state.NowMs - since);
                var owed = Faded(debt.MilliDeviceMs, elapsed, half) + (half > 0 ? debt.RateMilli * elapsed : 0);
                _owed[state.Tree.At(unit, chip)] = owed;
                _before[state.Tree.At(unit, chip)] = elapsed < half / Rewritings ? debt with { SinceMs = since } : null;
            }
        }
    }

    /// <summary>What counts at today's prices: a class that has become abundant is forgotten now, not one cycle later.</summary>
    public void Weigh(ImmutableArray<double> prices)
    {
        for (var u = 0; u < _state.Tree.Named; u++)
        {
            for (var c = 0; c < _state.Chips.Length; c++)
            {
                // In whole device-terms, so that a moment's difference does not turn equals around.
                Standing[u] += HalfLife(c, prices) > 0
                    ? _owed[_state.Tree.At(u, c)] / (1000 * Math.Max(1, _state.Settings.LeaseTermMs))
                    : 0;
            }
        }
    }

    private long HalfLife(int chip, ImmutableArray<double> prices) =>
        _state.Settings.HalfLifeMs.Find(_state.Chips[chip]) ?? (prices[chip] > 0 ? WeekMs : 0);

    /// <summary>Per unit, in devices times lease terms; positive = owed.</summary>
    public long[] Standing { get; }

    public AllocationHistory After(CycleTargets targets)
    {
        var debts = ImmutableArray.CreateBuilder<UnitDebt>();
        for (var c = 0; c < _state.Chips.Length; c++)
        {
            var half = HalfLife(c, targets.Solution.Prices);
            for (var u = 0; u < _state.Tree.Named && half > 0; u++)
            {
                var at = _state.Tree.At(u, c);
                var rate = targets.Raw[at] - _state.Tree.Held[at];
                if (_before[at] is { } before && before.RateMilli == rate)
                {
                    debts.Add(before);
                }
                else if (_owed[at] != 0 || rate != 0)
                {
                    debts.Add(new UnitDebt(_state.Tree.Units[u].Name, _state.Chips[c], _owed[at], rate, _state.NowMs));
                }
            }
        }

        return new AllocationHistory(_state.NowMs, debts.ToImmutable());
    }

    /// <summary>Halved every half-life, along a straight line in between: integers only.</summary>
    private static long Faded(long owed, long elapsedMs, long halfMs)
    {
        if (halfMs <= 0 || elapsedMs / halfMs >= 62)
        {
            return 0;
        }

        var halved = owed / (1L << (int)(elapsedMs / halfMs));
        return (long)((Int128)halved * ((2 * halfMs) - (elapsedMs % halfMs)) / (2 * halfMs));
    }
}
