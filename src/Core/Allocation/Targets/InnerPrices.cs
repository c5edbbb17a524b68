using System.Collections.Immutable;

namespace Amalgam.Core.Allocation.Targets;

/// <summary>
/// The same programme once more inside a unit's target, one player per workload with equal weight and nothing guaranteed: so no kind of
/// workload starves, and each kind learns on which class it belongs at the unit's own prices.
/// </summary>
internal static class InnerPrices
{
    /// <returns>Whether the answer rests on the prices of the market, because nothing of the unit runs.</returns>
    public static bool Write(TargetProblem problem, IReadOnlyList<int> rows, long[] target, double[] marketPrices, RowPrice[] prices)
    {
        var wanted = rows.Where(r => problem.Rows[r].Speeds.Any(s => s > 0) && problem.Rows[r].DemandMilli > 0 && problem.Rows[r].Workloads > 0)
            .OrderBy(r => problem.Rows[r], RowContent.Order).ThenBy(r => r).ToArray();
        var held = Enumerable.Range(0, target.Length).Where(c => target[c] > 0).ToArray();
        var running = wanted.Where(r => held.Any(c => problem.Rows[r].Speeds[c] > 0)).ToArray();
        Solved? solved = running.Length == 0 ? null : held.Length == 1
            ? OneClass(problem, running, held[0], target[held[0]])
            : Several(problem, running, held, target);
        var unitPrices = Prices(problem, running, solved, marketPrices, held);
        foreach (var (r, k) in running.Select((r, k) => (r, k)))
        {
            prices[r] = Price(problem.Rows[r], solved!.Value.Value[k], solved.Value.Rent[k], unitPrices, solved.Value.Share[k]);
        }
        foreach (var r in rows.Except(running))
        {
            prices[r] = Price(problem.Rows[r], CheapestCost(problem.Rows[r], unitPrices), 0, unitPrices, new long[target.Length]);
        }
        return solved is null;
    }

    private readonly record struct Solved(double[] Price, double[] Value, double[] Rent, long[][] Share);

    // One class has an exact answer: equal devices per workload, each capped by what it wants.
    private static Solved OneClass(TargetProblem problem, int[] rows, int chip, long amount)
    {
        var caps = rows.Select(r => problem.Rows[r].DemandMilli).ToArray();
        var weights = rows.Select(r => (long)problem.Rows[r].Workloads).ToArray();
        var given = WaterFilling.Fill(amount, new long[rows.Length], caps, weights);
        AlikeForEquals(problem, rows, given);
        double players = weights.Sum(), price = 0;
        for (var k = 0; k < rows.Length; k++)
        {
            // Whoever is not capped is at the level; its weight over its devices is the price.
            price = given[k] < caps[k] ? Math.Max(price, weights[k] / players * 1000 / Math.Max(1, given[k])) : price;
        }
        var prices = new double[problem.CapacityMilli.Length];
        prices[chip] = price;
        var value = new double[rows.Length];
        var rent = new double[rows.Length];
        var share = new long[rows.Length][];
        for (var k = 0; k < rows.Length; k++)
        {
            var speed = problem.Rows[rows[k]].Speeds[chip];
            value[k] = Math.Max(weights[k] / players * 1000 / Math.Max(1, given[k]), price) / speed;
            rent[k] = Math.Max(0, value[k] * speed - price);
            share[k] = new long[prices.Length];
            share[k][chip] = given[k];
        }
        return new Solved(prices, value, rent, share);
    }

    // The odd thousandths go by number, and which of two equal rows has the lower one is a matter of history: neither gets them.
    private static void AlikeForEquals(TargetProblem problem, int[] rows, long[] given)
    {
        for (var k = 1; k < rows.Length; k++)
        {
            given[k] = AreEqual(problem, rows, k) ? Math.Min(given[k], given[k - 1]) : given[k];
        }

        for (var k = rows.Length - 1; k > 0; k--)
        {
            given[k - 1] = AreEqual(problem, rows, k) ? given[k] : given[k - 1];
        }
    }

    private static bool AreEqual(TargetProblem problem, int[] rows, int k) => RowContent.Order.Compare(problem.Rows[rows[k - 1]], problem.Rows[rows[k]]) == 0;

    private static Solved Several(TargetProblem problem, int[] rows, int[] held, long[] target)
    {
        var programme = new NashProgramme(held.Length, rows.Length, rows.Length);
        programme.Capacity.AddRange(held.Select(c => target[c] / 1000.0));
        double players = rows.Sum(r => (long)problem.Rows[r].Workloads);
        for (var k = 0; k < rows.Length; k++)
        {
            var row = problem.Rows[rows[k]];
            programme.FirstRow[k + 1] = k + 1;
            programme.Weight[k] = row.Workloads / players;
            programme.Demand[k] = row.DemandMilli / 1000.0;
            for (var c = 0; c < held.Length; c++)
            {
                programme.Speed[k * held.Length + c] = row.Speeds[held[c]];
            }
        }
        var point = InteriorPoint.Solve(programme, 1e-6);
        var prices = new double[target.Length];
        var share = new long[rows.Length][];
        for (var c = 0; c < held.Length; c++)
        {
            prices[held[c]] = point.Prices[c];
        }
        for (var k = 0; k < rows.Length; k++)
        {
            share[k] = new long[target.Length];
            for (var c = 0; c < held.Length; c++)
            {
                share[k][held[c]] = (long)Math.Round(1000 * point.Devices[k * held.Length + c]);
            }
        }
        return new Solved(prices, point.Value, point.Rent, share);
    }

    // A class of which the unit holds nothing costs what its keenest row would pay; where no row runs, what the market asks.
    private static double[] Prices(TargetProblem problem, int[] running, Solved? solved, double[] market, int[] held)
    {
        if (solved is not { } inner)
        {
            return market;
        }
        for (var c = 0; c < market.Length; c++)
        {
            for (var k = 0; k < running.Length && !held.Contains(c); k++)
            {
                inner.Price[c] = Math.Max(inner.Price[c], inner.Value[k] * problem.Rows[running[k]].Speeds[c] - inner.Rent[k]);
            }
        }
        return inner.Price;
    }

    private static double CheapestCost(TargetRow row, double[] prices)
    {
        var cheapest = double.PositiveInfinity;
        for (var c = 0; c < prices.Length; c++)
        {
            cheapest = row.Speeds[c] > 0 ? Math.Min(cheapest, Math.Max(prices[c], 1e-9) / row.Speeds[c]) : cheapest;
        }
        return double.IsFinite(cheapest) ? cheapest : 0;
    }

    private static RowPrice Price(TargetRow row, double value, double rent, double[] prices, long[] share)
    {
        var efficiency = new double[prices.Length];
        for (var c = 0; c < prices.Length; c++)
        {
            var cost = Math.Max(prices[c], 1e-9) + rent;
            efficiency[c] = row.Speeds[c] > 0 ? Math.Round(Math.Min(1, value * row.Speeds[c] / cost), 6) : 0;
        }
        return new RowPrice(value, rent, [.. efficiency], [.. share]);
    }
}

/// <summary>Rows by what they ask for, never by where they stand: renaming or permuting must not change a rounding.</summary>
internal sealed class RowContent : IComparer<TargetRow>
{
    public static RowContent Order { get; } = new();

    public int Compare(TargetRow? x, TargetRow? y)
    {
        for (var c = 0; c < x!.Speeds.Length; c++)
        {
            if (x.Speeds[c] != y!.Speeds[c])
            {
                return x.Speeds[c].CompareTo(y.Speeds[c]);
            }
        }
        var byDemand = x.DemandMilli.CompareTo(y!.DemandMilli);
        return byDemand != 0 ? byDemand : x.Workloads.CompareTo(y.Workloads);
    }
}
