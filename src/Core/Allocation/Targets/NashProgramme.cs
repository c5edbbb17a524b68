namespace Amalgam.Core.Allocation.Targets;

/// <summary>
/// maximise sum_i w_i ln(U_i - D_i), U_i = sum over i's rows and the classes of speed x devices, subject to the demand of each row,
/// to resources, and to U_i >= D_i for units of weight 0. The first <see cref="Classes"/> resources are the chip classes; the
/// others bound one class for a set of units: from above (a limit, sign +1) or below (firm devices, sign -1, negative capacity).
/// Amounts are devices. Rows are grouped by unit.
/// </summary>
internal sealed class NashProgramme(int classes, int units, int rows)
{
    public int Classes { get; } = classes;

    public int Units { get; } = units;

    public int Rows { get; } = rows;

    /// <summary>Rows of unit i are FirstRow[i] up to FirstRow[i + 1].</summary>
    public int[] FirstRow { get; } = new int[units + 1];

    /// <summary>[row x class]; 0 = cannot run there.</summary>
    public double[] Speed { get; } = new double[rows * classes];

    public double[] Demand { get; } = new double[rows];

    public double[] Weight { get; } = new double[units];

    /// <summary>D per unit: work alone.</summary>
    public double[] Alone { get; } = new double[units];

    public List<double> Capacity { get; } = [];

    public List<(int Resource, int Class, double Sign)>[] Bounds { get; } = NoBounds(units);

    /// <summary>U is maximised as it is, not its logarithm: m is fixed at the weight.</summary>
    public bool Linear { get; init; }

    public double Work(int unit, double[] devices)
    {
        double work = 0;
        for (var i = FirstRow[unit] * Classes; i < FirstRow[unit + 1] * Classes; i++)
        {
            work += Speed[i] * devices[i];
        }
        return work;
    }

    /// <summary>Price of a device of <paramref name="chip"/> for this unit: the class price and what its bounds add.</summary>
    public double PriceFor(int unit, int chip, double[] prices)
    {
        var price = prices[chip];
        if (Bounds[unit].Count == 0)
        {
            return price;
        }
        foreach (var bound in Bounds[unit])
        {
            price += bound.Class == chip ? bound.Sign * prices[bound.Resource] : 0;
        }
        return price;
    }

    private static List<(int, int, double)>[] NoBounds(int units)
    {
        var bounds = new List<(int, int, double)>[units];
        for (var i = 0; i < units; i++)
        {
            bounds[i] = [];
        }
        return bounds;
    }
}

/// <summary>Where the solver stopped: devices [row x class], prices per resource, m per unit, q per row.</summary>
internal sealed record NashPoint(double[] Devices, double[] Prices, double[] Value, double[] Rent, int Steps, bool Converged);
