namespace Amalgam.Core.Allocation.Placement;

/// <summary>
/// What each share of a device costs in devices when the mix is packed into the fewest: the dual of the covering programme
/// "fewest devices that hold the demand of each size". Solved by multiplicative weights (N. Young, "Sequential and parallel algorithms for
/// mixed packing and covering", FOCS 2001): repeatedly take the most valuable packing of one device at the current prices.
/// </summary>
internal static class SizePrices
{
    private const int Rounds = 20_000;
    private const double StepShare = 0.02;

    /// <param name="demand">Copies wanted per size in hundredths; index 1..99 are shares.</param>
    /// <returns>Price per size 0..100 in devices, the dearest packing of one device costing 1; 0 where nothing is wanted; price of 100 is 1.</returns>
    public static double[] Solve(double[] demand)
    {
        var sizes = Enumerable.Range(1, 99).Where(g => demand[g] > 0).ToArray();
        var prices = new double[101];
        prices[100] = 1;
        if (sizes.Length == 0)
        {
            return prices;
        }
        if (DivideEvenly(sizes))
        {
            Array.ForEach(sizes, g => prices[g] = g / 100.0);
            return prices;
        }
        var run = new Run(sizes, [.. sizes.Select(g => demand[g])]);
        var mean = run.MeanPrices();
        var dearest = run.Pack(mean);
        for (var k = 0; k < sizes.Length; k++)
        {
            prices[sizes[k]] = mean[k] / dearest;
        }
        return prices;
    }

    // Halves, quarters …: such sizes leave no gaps when packed largest first, so each costs what it is.
    private static bool DivideEvenly(int[] sizes)
    {
        for (var k = 0; k < sizes.Length; k++)
        {
            if ((k + 1 < sizes.Length ? sizes[k + 1] : 100) % sizes[k] != 0)
            {
                return false;
            }
        }
        return true;
    }

    private sealed class Run(int[] sizes, double[] demand)
    {
        private readonly double[] _best = new double[101];
        private readonly int[] _last = new int[101];
        private readonly int[] _copies = new int[sizes.Length];

        public double[] MeanPrices()
        {
            var (covered, weight, mean) = (new double[sizes.Length], new double[sizes.Length], new double[sizes.Length]);
            for (var round = 0; round < Rounds; round++)
            {
                // Only ratios matter: subtracting the least keeps the exponential away from underflow.
                var least = covered.Min();
                for (var k = 0; k < sizes.Length; k++)
                {
                    weight[k] = Exponential.OfNegative(covered[k] - least) / demand[k];
                }
                var value = Pack(weight);
                Cover(covered);
                for (var k = 0; k < sizes.Length && round >= Rounds / 4; k++)
                {
                    mean[k] += weight[k] / value;
                }
            }
            return mean;
        }

        private void Cover(double[] covered)
        {
            var step = double.PositiveInfinity;
            for (var k = 0; k < sizes.Length; k++)
            {
                step = _copies[k] > 0 ? Math.Min(step, demand[k] / _copies[k]) : step;
            }
            for (var k = 0; k < sizes.Length; k++)
            {
                covered[k] += StepShare * step * _copies[k] / demand[k];
            }
        }

        /// <summary>The most valuable packing of one device (unbounded knapsack over hundredths); its value, its copies in the field.</summary>
        public double Pack(double[] value)
        {
            for (var u = 1; u <= 100; u++)
            {
                (_best[u], _last[u]) = (_best[u - 1], -1);
                for (var k = 0; k < sizes.Length && sizes[k] <= u; k++)
                {
                    var with = _best[u - sizes[k]] + value[k];
                    if (with > _best[u])
                    {
                        (_best[u], _last[u]) = (with, k);
                    }
                }
            }
            Array.Clear(_copies);
            for (var u = 100; u > 0;)
            {
                if (_last[u] < 0)
                {
                    u--;
                    continue;
                }
                _copies[_last[u]]++;
                u -= sizes[_last[u]];
            }
            return _best[100];
        }
    }
}

/// <summary>
/// exp(-x) from additions and multiplications only. The one of the C library differs in the last bit between machines, and prices must not.
/// </summary>
internal static class Exponential
{
    private const double Ln2 = 0.6931471805599453;

    public static double OfNegative(double x)
    {
        if (x > 700)
        {
            return 0;
        }
        var halvings = Math.Floor(x / Ln2);
        var rest = -(x - halvings * Ln2);
        double sum = 1, term = 1;
        for (var n = 1; n <= 16; n++)
        {
            term *= rest / n;
            sum += term;
        }
        return Math.ScaleB(sum, -(int)halvings);
    }
}
