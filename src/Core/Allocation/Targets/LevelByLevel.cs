namespace Amalgam.Core.Allocation.Targets;

/// <summary>
/// One chip class, exactly: at every level guarantees first, the rest by weight on top of them, each unit capped by its demand
/// and limit. Used for the targets of a class on its own, and to hand a family's guarantee on to its members.
/// </summary>
internal static class LevelByLevel
{
    /// <summary>Milli-devices of <paramref name="chip"/> that are guaranteed and honoured, per unit; the shortfall is what is not.</summary>
    public static void Guarantees(UnitTree tree, int chip, long[][] guaranteed, long[][] shortfall)
    {
        if (!Array.Exists(tree.Guarantee, amounts => amounts[chip] > 0))
        {
            return;
        }

        // Where nobody competes (the root) there is no family to serve first: members get their own guarantees only.
        Share(tree, chip, tree.Roots, Math.Min(Asked(tree, tree.Roots, chip), tree.Problem.CapacityMilli[chip]), guaranteed);
        for (var u = 0; u < guaranteed.Length; u++)
        {
            var amount = tree.Competes[u] ? guaranteed[u][chip] : Math.Min(guaranteed[u][chip], Asked(tree, tree.Children[u], chip));
            Share(tree, chip, tree.Children[u], amount, guaranteed);
        }
        for (var u = 0; u < guaranteed.Length; u++)
        {
            shortfall[u][chip] = Math.Max(0, Floor(tree, u, chip) - guaranteed[u][chip]);
        }
    }

    public static void Targets(UnitTree tree, int chip, long[][] targets) =>
        Descend(tree, chip, tree.Problem.CapacityMilli[chip], targets);

    private static void Descend(UnitTree tree, int chip, long capacity, long[][] given)
    {
        Share(tree, chip, tree.Roots, capacity, given);
        for (var u = 0; u < given.Length; u++)
        {
            Share(tree, chip, tree.Children[u], given[u][chip], given);
        }
    }

    private static long Asked(UnitTree tree, List<int> siblings, int chip) => siblings.Sum(u => Floor(tree, u, chip));

    private static void Share(UnitTree tree, int chip, List<int> siblings, long amount, long[][] given)
    {
        if (siblings.Count == 0)
        {
            return;
        }
        var floors = new long[siblings.Count];
        var firm = new long[siblings.Count];
        var caps = new long[siblings.Count];
        var weights = new long[siblings.Count];
        for (var i = 0; i < floors.Length; i++)
        {
            var unit = siblings[i];
            floors[i] = Floor(tree, unit, chip);
            firm[i] = Math.Min(tree.Firm[unit][chip], floors[i]);
            caps[i] = tree.Demand[unit][chip];
            weights[i] = siblings.Count == 1 ? 1 : tree.WeightMicro(unit);
        }
        var shares = floors.Sum() <= amount
            ? WaterFilling.Fill(amount, floors, caps, weights)
            : ScaleDown(amount, floors, firm);
        for (var i = 0; i < shares.Length; i++)
        {
            given[siblings[i]][chip] = shares[i];
        }
    }

    // Too little for the guarantees: pro rata, firm ones last.
    private static long[] ScaleDown(long amount, long[] floors, long[] firm)
    {
        var firmTotal = firm.Sum();
        if (firmTotal >= amount)
        {
            return WaterFilling.ProRata(amount, firm);
        }
        var others = floors.Zip(firm, (floor, kept) => floor - kept).ToArray();
        var scaled = WaterFilling.ProRata(amount - firmTotal, others);
        return firm.Zip(scaled, (kept, more) => kept + more).ToArray();
    }

    private static long Floor(UnitTree tree, int unit, int chip) =>
        Math.Min(tree.Guarantee[unit][chip], tree.Demand[unit][chip]);
}
