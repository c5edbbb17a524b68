namespace Amalgam.Core.Allocation.Targets;

/// <summary>
/// What is put into the programme as each row's demand. Demand that cannot be met binds nothing, so far above it the exact number does
/// not matter, and one more waiting workload should not mean another programme: it is rounded up, and put in exactly where the
/// solution turns out to give a row more than it wants. The optimum is the same; whether an event needs a new one is not.
/// Only in large programmes, which take long to solve.
/// </summary>
internal sealed class AskedDemand
{
    /// <summary>Rows times classes from which on a programme is large.</summary>
    public const int LargeCells = 200;

    /// <summary>A leaf that asks for this many times its due is not expected to get all.</summary>
    private const double Hopeless = 2;

    private readonly LeafDemand[] _leaves;

    private AskedDemand(LeafDemand[] leaves, double[][] rows) => (_leaves, Rows) = (leaves, rows);

    /// <summary>Devices, by leaf and row.</summary>
    public double[][] Rows { get; }

    /// <param name="due">Devices by leaf: its money's worth of all classes, and what it is guaranteed.</param>
    public static double[] Of(LeafDemand leaf, double due, bool large) => large && leaf.Demand.Sum() > Hopeless * due
        ? [.. leaf.Demand.Select(RoundedUp)]
        : [.. leaf.Demand];

    public static AskedDemand Of(LeafDemand[] leaves, double[][] rows) => new(leaves, rows);

    /// <summary>Whether nothing is rounded.</summary>
    public bool IsExact => !Rows.Where((asked, i) => !asked.AsSpan().SequenceEqual(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_leaves[i].Demand))).Any();

    public double MostWork(int leaf)
    {
        double work = 0;
        for (var r = 0; r < Rows[leaf].Length; r++)
        {
            work += _leaves[leaf].Speeds[r].Max() * Rows[leaf][r];
        }

        return work;
    }

    /// <summary>Asks exactly for what was given more than it wants. False where there is no such row.</summary>
    public bool AskExactly(NashPoint point, int classes)
    {
        var (changed, row) = (false, 0);
        for (var i = 0; i < Rows.Length; i++)
        {
            for (var r = 0; r < Rows[i].Length; r++, row++)
            {
                var wanted = _leaves[i].Demand[r];
                if (Rows[i][r] > wanted && point.Devices.AsSpan(row * classes, classes) is var given && Sum(given) > wanted)
                {
                    (Rows[i][r], changed) = (wanted, true);
                }
            }
        }

        return changed;
    }

    private static double Sum(ReadOnlySpan<double> amounts)
    {
        double sum = 0;
        foreach (var amount in amounts)
        {
            sum += amount;
        }

        return sum;
    }

    // Four steps to each power of two.
    private static double RoundedUp(double devices)
    {
        var step = Math.ScaleB(1, Math.ILogB(devices) - 2);
        return Math.Ceiling(devices / step) * step;
    }
}
