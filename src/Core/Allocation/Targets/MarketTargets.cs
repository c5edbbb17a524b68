namespace Amalgam.Core.Allocation.Targets;

/// <summary>A solved market in whole milli-devices: musts honoured exactly, no class above its stock, no unit above its limit.</summary>
internal static class MarketTargets
{
    public static void Write(Market market, NashProgramme programme, NashPoint point, UnitTree tree, long[][] targets)
    {
        var amounts = Enumerable.Range(0, market.Classes.Length).Select(k => Amounts(market, programme, point, k)).ToArray();
        for (var i = 0; i < programme.Units; i++)
        {
            TrimToDemand(amounts, i, 1000 * market.Leaves[i].Demand.Sum());
        }
        for (var k = 0; k < amounts.Length; k++)
        {
            var chip = market.Classes[k];
            var (exact, floors) = amounts[k];
            FitInto(exact, floors, tree.Problem.CapacityMilli[chip]);
            var whole = Round(exact, tree.Problem.CapacityMilli[chip]);
            for (var i = 0; i < whole.Length; i++)
            {
                var unit = market.Leaves[i].Unit;
                targets[unit][chip] = Math.Min(whole[i], tree.Problem.Units[unit].Limit(chip));
            }
            RollUp(tree, chip, targets);
        }
    }

    // What was added to firm devices is taken from where nothing is firm, so that nobody holds more than it asks for.
    private static void TrimToDemand((double[] Exact, double[] Floors)[] amounts, int leaf, double demand)
    {
        var excess = amounts.Sum(a => a.Exact[leaf]) - demand;
        foreach (var (exact, floors) in amounts)
        {
            var taken = floors[leaf] > 0 ? 0 : Math.Clamp(excess, 0, exact[leaf]);
            exact[leaf] -= taken;
            excess -= taken;
        }
        var held = amounts.Sum(a => a.Exact[leaf]);
        foreach (var (exact, _) in amounts)
        {
            exact[leaf] -= excess > 0 ? excess * exact[leaf] / held : 0;
        }
    }

    // A unit that cannot gain, and firm devices, entered the programme a little reduced; here they get all of it.
    private static (double[] Exact, double[] Floors) Amounts(Market market, NashProgramme programme, NashPoint point, int chip)
    {
        var exact = new double[programme.Units];
        var floors = new double[programme.Units];
        for (var i = 0; i < programme.Units; i++)
        {
            for (var r = programme.FirstRow[i]; r < programme.FirstRow[i + 1]; r++)
            {
                exact[i] += 1000 * point.Devices[r * programme.Classes + chip];
            }
            var leaf = market.Leaves[i];
            if (programme.Weight[i] <= 0)
            {
                var work = programme.Work(i, point.Devices);
                var owed = market.Leaves[i].Alone.Work;
                // Less than owed is the little that was reduced; more is what costs nobody anything, and weight 0 has no claim on it.
                exact[i] *= work > 0 && Math.Abs(owed - work) > 1e-9 * owed ? Math.Min(owed / work, 1.01) : 1;
            }
            var firm = 1000 * Math.Min(leaf.Firm[chip], market.Leaves[i].Alone.Devices[chip]);
            floors[i] = programme.Weight[i] <= 0 && leaf.Firm.All(f => f <= 0) ? exact[i] : 0;
            if (firm > 0 && exact[i] >= firm * 0.998)
            {
                exact[i] = Math.Max(exact[i], firm);
                floors[i] = Math.Max(floors[i], firm);
            }
        }
        return (exact, floors);
    }

    private static void FitInto(double[] exact, double[] floors, double capacity)
    {
        double total = 0, above = 0;
        for (var i = 0; i < exact.Length; i++)
        {
            total += exact[i];
            above += exact[i] - floors[i];
        }
        var excess = total - capacity;
        for (var i = 0; i < exact.Length && excess > 0; i++)
        {
            exact[i] -= above > excess ? excess * (exact[i] - floors[i]) / above : total > 0 ? excess * exact[i] / total : 0;
        }
    }

    /// <summary>Largest remainder, ties to the first.</summary>
    private static long[] Round(double[] exact, long capacity)
    {
        var whole = Array.ConvertAll(exact, x => (long)Math.Floor(x + 1e-6));
        var left = Math.Min(capacity, (long)Math.Round(exact.Sum())) - whole.Sum();
        var order = Enumerable.Range(0, whole.Length).OrderByDescending(i => Math.Round(exact[i] - whole[i], 6)).ThenBy(i => i);
        foreach (var i in order.Take((int)Math.Clamp(left, 0, whole.Length)))
        {
            whole[i]++;
        }
        return whole;
    }

    private static void RollUp(UnitTree tree, int chip, long[][] targets)
    {
        for (var u = targets.Length - 1; u >= 0; u--)
        {
            if (tree.Children[u].Count == 0)
            {
                continue;
            }
            targets[u][chip] = tree.Children[u].Sum(child => targets[child][chip]);
            var over = targets[u][chip] - tree.Problem.Units[u].Limit(chip);
            if (over > 0)
            {
                TakeBack(tree, u, chip, over, targets);
            }
        }
    }

    // Rounding can put a family a few thousandths over its limit: the largest member gives them back.
    private static void TakeBack(UnitTree tree, int unit, int chip, long amount, long[][] targets)
    {
        for (var u = unit; ; u = tree.Children[u].MaxBy(child => targets[child][chip]))
        {
            targets[u][chip] -= amount;
            if (tree.Children[u].Count == 0)
            {
                return;
            }
        }
    }
}
