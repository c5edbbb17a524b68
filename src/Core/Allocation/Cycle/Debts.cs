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

    private readonly PlanningState _state;
    private readonly long[] _owed;

    public Debts(PlanningState state)
    {
        _state = state;
        _owed = new long[state.Tree.Units.Count * state.Chips.Length];
        Standing = new long[state.Tree.Units.Count];
        var elapsed = Math.Max(0, state.NowMs - state.History.AsOfMs);
        var units = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var u = 0; u < state.Tree.Named; u++)
        {
            units[state.Tree.Units[u].Name] = u;
        }

        foreach (var debt in state.History.Debts)
        {
            if (units.TryGetValue(debt.Unit, out var unit) && state.ChipNumber(debt.ChipClass) is var chip and >= 0)
            {
                var half = state.Settings.HalfLifeMs.Find(debt.ChipClass) ?? WeekMs;
                var owed = Faded(debt.MilliDeviceMs, elapsed, half) + (half > 0 ? debt.RateMilli * elapsed : 0);
                _owed[state.Tree.At(unit, chip)] = owed;
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
        for (var u = 0; u < _state.Tree.Named; u++)
        {
            for (var c = 0; c < _state.Chips.Length; c++)
            {
                var at = _state.Tree.At(u, c);
                var half = HalfLife(c, targets.Solution.Prices);
                var rate = half > 0 ? targets.Raw[at] - _state.Tree.Held[at] : 0;
                var owed = half > 0 ? _owed[at] : 0;
                if (owed != 0 || rate != 0)
                {
                    debts.Add(new UnitDebt(_state.Tree.Units[u].Name, _state.Chips[c], owed, rate));
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
