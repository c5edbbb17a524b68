using Amalgam.Core.Allocation.Tree;

namespace Amalgam.Core.Allocation.Cycle;

/// <summary>
/// Turns targets into amounts that can be leased: in steps of whole devices, or of the largest share that divides what is asked
/// for on the class. Largest remainder level by level; ties go to whom most is owed, then by order of creation. What one class
/// takes from a unit by rounding the next class gives back, so that a unit with one job does not end with no device at all.
/// </summary>
internal static class TargetRounding
{
    public static long[] Round(PlanningState state, long[] raw, long[] debts)
    {
        var rounded = new long[raw.Length];
        var yields = Yielding(state);
        var carry = new long[state.Tree.Units.Count];
        for (var c = 0; c < state.Chips.Length; c++)
        {
            var level = new Level(state, raw, rounded, carry, debts, yields, c, state.Demand.Step(c));
            level.Share(state.Tree.Roots, level.Total());
            for (var u = 0; u < carry.Length; u++)
            {
                if (!state.Tree.IsLeaf(u))
                {
                    level.Share(state.Tree.Children[u], rounded[state.Tree.At(u, c)]);
                }
            }

            for (var u = 0; u < carry.Length; u++)
            {
                carry[u] += raw[state.Tree.At(u, c)] - rounded[state.Tree.At(u, c)];
            }
        }

        return rounded;
    }

    /// <summary>
    /// Where debts decide, the odd device stays with who holds it until its work ends or can be re-ordered: passing it on by debt
    /// alone would throw away, turn by turn, the work of jobs that cannot resume.
    /// </summary>
    private static bool[] Yielding(PlanningState state)
    {
        var yields = new bool[state.Tree.Held.Length];
        for (var u = state.Tree.Units.Count - 1; u >= 0; u--)
        {
            for (var c = 0; c < state.Chips.Length; c++)
            {
                var at = state.Tree.At(u, c);
                yields[at] |= state.RunningIn[u].Count > 0 && state.Clock.TermOver(u, c);
                if (yields[at] && state.Tree.Parent[u] >= 0)
                {
                    yields[state.Tree.At(state.Tree.Parent[u], c)] = true;
                }
            }
        }

        return yields;
    }

    private readonly struct Level(
        PlanningState state, long[] raw, long[] rounded, long[] carry, long[] debts, bool[] yields, int chip, long step)
    {
        public long Total()
        {
            long total = 0;
            foreach (var root in state.Tree.Roots)
            {
                total += raw[state.Tree.At(root, chip)];
            }

            var nearest = (total + (step / 2)) / step * step;
            return Math.Min(nearest, state.Stocks[chip].CapacityMilli / step * step);
        }

        private bool OwesOrIsOwed(int unit) => debts[unit] != 0;

        /// <summary>Divides a parent's rounded amount among its children.</summary>
        public void Share(List<int> siblings, long amount)
        {
            var rest = amount;
            var owed = siblings.Exists(OwesOrIsOwed);
            var order = new List<(long Remainder, bool Keeps, long Debt, int Unit)>(siblings.Count);
            foreach (var unit in siblings)
            {
                var at = state.Tree.At(unit, chip);
                var floor = raw[at] / step * step;
                rounded[at] = floor;
                rest -= floor;
                if (raw[at] > floor && floor + step <= state.Tree.Limit[at])
                {
                    var keeps = owed && state.Tree.Held[at] >= floor + step && !yields[at];
                    // To the hundredth of a step: what the solver had to round itself is no difference between equals.
                    var remainder = (((raw[at] - floor + carry[unit]) * 100) + (step / 2)) / step;
                    order.Add((remainder, keeps, debts[unit], unit));
                }
            }

            order.Sort(static (a, b) =>
                a.Remainder != b.Remainder ? b.Remainder.CompareTo(a.Remainder) :
                a.Keeps != b.Keeps ? b.Keeps.CompareTo(a.Keeps) :
                a.Debt != b.Debt ? b.Debt.CompareTo(a.Debt) : a.Unit.CompareTo(b.Unit));
            foreach (var (_, _, _, unit) in order)
            {
                if (rest < step)
                {
                    return;
                }

                rounded[state.Tree.At(unit, chip)] += step;
                rest -= step;
            }
        }
    }
}
