namespace Amalgam.Core.Allocation.Targets;

/// <summary>
/// Which chip classes trade with each other. Two classes belong together when one family at the level of competition wants both: money
/// not spent on one goes to the other. A class that stands alone is shared exactly, in integers, without the programme.
/// </summary>
internal static class TradingClasses
{
    public static List<int[]> Of(UnitTree tree)
    {
        var parent = Enumerable.Range(0, tree.Classes).ToArray();
        foreach (var unit in Contenders(tree, u => Enumerable.Range(0, tree.Classes).Any(c => tree.Demand[u][c] > 0)))
        {
            var wanted = Enumerable.Range(0, tree.Classes).Where(c => tree.Demand[unit][c] > 0).ToArray();
            for (var k = 1; k < wanted.Length; k++)
            {
                parent[Find(parent, wanted[k])] = Find(parent, wanted[0]);
            }
        }
        return [.. Enumerable.Range(0, tree.Classes).Where(c => tree.Roots.Any(r => tree.Demand[r][c] > 0))
            .GroupBy(c => Find(parent, c)).Select(g => g.ToArray())];
    }

    /// <summary>Weight of those who want more over what they hold above 99 % of their guarantee, as in the programme; 0 where nobody wants more.</summary>
    public static double PriceOfOne(UnitTree tree, int chip, long[][] guaranteed, long[][] targets)
    {
        var contenders = Contenders(tree, u => tree.Demand[u][chip] > 0);
        double all = 0, weight = 0, devices = 0;
        foreach (var unit in contenders)
        {
            var own = contenders.Count == 1 ? 1 : tree.Problem.Units[unit].Weight;
            all += own;
            if (own > 0 && targets[unit][chip] < tree.Demand[unit][chip])
            {
                weight += own;
                devices += (targets[unit][chip] - 0.99 * guaranteed[unit][chip]) / 1000.0;
            }
        }
        return weight <= 0 ? 0 : weight / all / Math.Max(devices, 1e-3);
    }

    // A chain of units without a rival is no level of competition.
    private static List<int> Contenders(UnitTree tree, Func<int, bool> active)
    {
        var level = tree.Roots.FindAll(u => active(u));
        while (level.Count == 1 && tree.Children[level[0]].Any(active))
        {
            level = tree.Children[level[0]].FindAll(u => active(u));
        }
        return level;
    }

    private static int Find(int[] parent, int c)
    {
        while (parent[c] != c)
        {
            c = parent[c];
        }
        return c;
    }
}
