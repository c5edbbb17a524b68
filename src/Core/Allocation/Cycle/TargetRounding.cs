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
        var carry = new long[state.Tree.Units.Count];
        for (var c = 0; c < state.Chips.Length; c++)
        {
            var level = new Level(state, raw, rounded, carry, debts, c, Step(state, c));
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

    /// <summary>The greatest common divisor of a device and every share that is asked for on the class.</summary>
    private static long Step(PlanningState state, int chip)
    {
        long step = 1000;
        foreach (var shape in state.Shapes)
        {
            if (shape.Count > 0 && shape.Member.IsShare && shape.MayUse(chip))
            {
                step = Gcd(step, shape.Member.MilliPerDevice);
            }
        }

        return step;
    }

    private static long Gcd(long a, long b) => b == 0 ? a : Gcd(b, a % b);

    private readonly struct Level(
        PlanningState state, long[] raw, long[] rounded, long[] carry, long[] debts, int chip, long step)
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

        /// <summary>Divides a parent's rounded amount among its children.</summary>
        public void Share(List<int> siblings, long amount)
        {
            var rest = amount;
            var order = new List<(long Remainder, long Debt, int Unit)>(siblings.Count);
            foreach (var unit in siblings)
            {
                var at = state.Tree.At(unit, chip);
                var floor = raw[at] / step * step;
                rounded[at] = floor;
                rest -= floor;
                if (raw[at] > floor && floor + step <= state.Tree.Limit[at])
                {
                    order.Add((raw[at] - floor + carry[unit], debts[unit], unit));
                }
            }

            order.Sort(static (a, b) =>
                a.Remainder != b.Remainder ? b.Remainder.CompareTo(a.Remainder) :
                a.Debt != b.Debt ? b.Debt.CompareTo(a.Debt) : a.Unit.CompareTo(b.Unit));
            foreach (var (_, _, unit) in order)
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
