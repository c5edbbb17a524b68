namespace Amalgam.Core.Allocation.Targets;

/// <summary>
/// One iterate of the interior point: the primal (devices y, idle demand t, idle capacity z, gain v), the dual (price p, rent q, value m,
/// reduced cost s), the direction found for each, the residuals, and what every product should become.
/// </summary>
internal sealed class IterationState
{
    private readonly NashProgramme _p;
    private readonly int _products;
    private double[][]? _saved;

    public IterationState(NashProgramme programme)
    {
        _p = programme;
        var (cells, rows, units, resources) = (programme.Rows * programme.Classes, programme.Rows, programme.Units, programme.Capacity.Count);
        (Devices, Cost, DDevices, DCost, CostResidual, DevicesAim) = (New(cells), New(cells), New(cells), New(cells), New(cells), New(cells));
        (Idle, Rent, DIdle, DRent, DemandResidual, IdleAim) = (New(rows), New(rows), New(rows), New(rows), New(rows), New(rows));
        (Spare, Price, DSpare, DPrice, ResourceResidual, SpareAim) = (New(resources), New(resources), New(resources), New(resources), New(resources), New(resources));
        (Gain, Value, DGain, DValue, GainResidual, GainAim) = (New(units), New(units), New(units), New(units), New(units), New(units));
        UnitPrice = New(units * programme.Classes);
        _products = programme.Speed.Count(s => s > 0) + rows + resources;
        Start();
    }

    public double[] Devices { get; }
    public double[] Cost { get; }
    public double[] DDevices { get; }
    public double[] DCost { get; }
    public double[] CostResidual { get; }
    public double[] DevicesAim { get; }
    public double[] Idle { get; }
    public double[] Rent { get; }
    public double[] DIdle { get; }
    public double[] DRent { get; }
    public double[] DemandResidual { get; }
    public double[] IdleAim { get; }
    public double[] Spare { get; }
    public double[] Price { get; }
    public double[] DSpare { get; }
    public double[] DPrice { get; }
    public double[] ResourceResidual { get; }
    public double[] SpareAim { get; }
    public double[] Gain { get; }
    public double[] Value { get; }
    public double[] DGain { get; }
    public double[] DValue { get; }
    public double[] GainResidual { get; }
    public double[] GainAim { get; }

    /// <summary>[unit x class]: the price that this unit sees, bounds included.</summary>
    public double[] UnitPrice { get; }

    public double Mu => (Dot(Devices, Cost) + Dot(Idle, Rent) + Dot(Spare, Price)) / _products;

    private static double[] New(int length) => new double[length];

    /// <summary>How far the last look at the accuracy found it from the optimum: open products relative to the weights, or the worst residual.</summary>
    public double Error { get; private set; } = double.PositiveInfinity;

    public bool IsGoodEnough(double accuracy)
    {
        Residuals();
        var weight = _p.Weight.Sum();
        var open = Dot(Devices, Cost) + Dot(Idle, Rent) + Dot(Spare, Price);
        for (var i = 0; i < _p.Units && !_p.Linear; i++)
        {
            open += Math.Abs(Gain[i] * Value[i] - _p.Weight[i]);
        }
        if (_p.Linear)
        {
            weight *= Math.Max(1e-9, Dot(_p.Speed, Devices));
        }
        Error = Math.Max(open / Math.Max(1e-12, weight), RelativeResidual());
        return Error <= accuracy;
    }

    public double RelativeResidual()
    {
        double worst = 0;
        for (var r = 0; r < _p.Rows; r++)
        {
            worst = Math.Max(worst, Math.Abs(DemandResidual[r]) / _p.Demand[r]);
        }
        for (var k = 0; k < Spare.Length; k++)
        {
            worst = Math.Max(worst, Math.Abs(ResourceResidual[k]) / Math.Max(1e-3, Math.Abs(_p.Capacity[k])));
        }
        for (var i = 0; i < _p.Units; i++)
        {
            worst = Math.Max(worst, Math.Abs(GainResidual[i]) / Math.Max(1e-9, _p.Work(i, Devices)));
        }
        return worst;
    }

    // A point well inside: everybody runs about half of what fits, prices such that each product has about the same size.
    private void Start()
    {
        var capacity = _p.Capacity.Take(_p.Classes).Sum();
        var price = Math.Max(1e-12, _p.Weight.Sum() / capacity);
        var fit = Math.Min(1.0, capacity / Math.Max(1e-12, _p.Demand.Sum()));
        for (var r = 0; r < _p.Rows; r++)
        {
            var row = _p.Speed.AsSpan(r * _p.Classes, _p.Classes);
            var usable = row.Length - row.Count(0.0);
            for (var c = 0; c < _p.Classes; c++)
            {
                Devices[r * _p.Classes + c] = row[c] > 0 ? _p.Demand[r] * fit / (usable + 1) : 0;
            }
            Idle[r] = _p.Demand[r] * (1 - fit * usable / (usable + 1));
            Rent[r] = price * Math.Min(1, 0.1 * _p.Demand[r] / Idle[r]);
        }
        Array.Fill(Price, price);
        StartUnits(price);
        StartResources(price);
    }

    private void StartUnits(double price)
    {
        for (var i = 0; i < _p.Units; i++)
        {
            var work = _p.Work(i, Devices);
            Gain[i] = Math.Max(work - _p.Alone[i], 0.1 * work);
            Value[i] = _p.Linear ? _p.Weight[i] : _p.Weight[i] > 0 ? _p.Weight[i] / Gain[i] : price;
            for (var r = _p.FirstRow[i]; r < _p.FirstRow[i + 1]; r++)
            {
                for (var c = 0; c < _p.Classes; c++)
                {
                    var at = r * _p.Classes + c;
                    var reduced = _p.PriceFor(i, c, Price) + Rent[r] - Value[i] * _p.Speed[at];
                    Cost[at] = _p.Speed[at] > 0 ? Math.Max(reduced, 0.3 * price) : 0;
                }
            }
        }
    }

    private void StartResources(double price)
    {
        Array.Clear(Spare);
        Residuals();
        for (var k = 0; k < Spare.Length; k++)
        {
            Spare[k] = Math.Max(ResourceResidual[k], 0.1 * Math.Abs(_p.Capacity[k]) + 1e-6);
            Price[k] = k < _p.Classes ? price : 0.1 * price;
        }
    }

    /// <summary>How far each equation is from holding, and the prices per unit.</summary>
    public void Residuals()
    {
        for (var k = 0; k < Spare.Length; k++)
        {
            ResourceResidual[k] = _p.Capacity[k] - Spare[k];
        }
        for (var i = 0; i < _p.Units; i++)
        {
            for (var c = 0; c < _p.Classes; c++)
            {
                UnitPrice[i * _p.Classes + c] = _p.PriceFor(i, c, Price);
            }
            ResidualsOf(i);
        }
    }

    private void ResidualsOf(int unit)
    {
        var classes = _p.Classes;
        Span<double> used = stackalloc double[classes];
        double work = 0;
        for (var r = _p.FirstRow[unit]; r < _p.FirstRow[unit + 1]; r++)
        {
            var demand = _p.Demand[r] - Idle[r];
            for (var c = 0; c < classes; c++)
            {
                var at = r * classes + c;
                if (_p.Speed[at] <= 0)
                {
                    continue;
                }
                demand -= Devices[at];
                used[c] += Devices[at];
                work += _p.Speed[at] * Devices[at];
                CostResidual[at] = UnitPrice[unit * classes + c] + Rent[r] - Value[unit] * _p.Speed[at] - Cost[at];
            }
            DemandResidual[r] = demand;
        }
        GainResidual[unit] = work - _p.Alone[unit] - Gain[unit];
        for (var c = 0; c < classes; c++)
        {
            ResourceResidual[c] -= used[c];
        }
        foreach (var bound in _p.Bounds[unit])
        {
            ResourceResidual[bound.Resource] -= bound.Sign * used[bound.Class];
        }
    }

    /// <summary>What each product should change by: to <paramref name="mu"/>, less the curvature the last direction met.</summary>
    public void AimAt(double mu, bool corrected)
    {
        var curvature = corrected ? 1.0 : 0.0;
        Aim(DevicesAim, Devices, Cost, DDevices, DCost, mu, curvature);
        Aim(IdleAim, Idle, Rent, DIdle, DRent, mu, curvature);
        Aim(SpareAim, Spare, Price, DSpare, DPrice, mu, curvature);
        for (var i = 0; i < Gain.Length; i++)
        {
            GainAim[i] = Math.Max(_p.Weight[i], mu) - Gain[i] * Value[i] - curvature * DGain[i] * DValue[i];
        }
    }

    private static void Aim(double[] aim, double[] primal, double[] dual, double[] dPrimal, double[] dDual, double mu, double curvature)
    {
        for (var i = 0; i < aim.Length; i++)
        {
            aim[i] = mu - primal[i] * dual[i] - curvature * dPrimal[i] * dDual[i];
        }
    }

    public (double Primal, double Dual) LongestSteps(double toBoundary)
    {
        var primal = Math.Min(Math.Min(Longest(Devices, DDevices), Longest(Idle, DIdle)), Math.Min(Longest(Spare, DSpare), Longest(Gain, DGain)));
        var dual = Math.Min(Math.Min(Longest(Cost, DCost), Longest(Rent, DRent)), Math.Min(Longest(Price, DPrice), Longest(Value, DValue)));
        return (Math.Min(1, toBoundary * primal), Math.Min(1, toBoundary * dual));
    }

    private static double Longest(double[] value, double[] direction)
    {
        var longest = double.PositiveInfinity;
        for (var i = 0; i < value.Length; i++)
        {
            if (direction[i] < 0 && value[i] < -direction[i] * longest)
            {
                longest = -value[i] / direction[i];
            }
        }
        return longest;
    }

    /// <summary>Keeps the iterate, for <see cref="Restore"/>.</summary>
    public void Save()
    {
        _saved ??= Array.ConvertAll(Values, value => new double[value.Length]);
        for (var i = 0; i < _saved.Length; i++)
        {
            Values[i].CopyTo(_saved[i], 0);
        }
    }

    public void Restore()
    {
        for (var i = 0; i < _saved?.Length; i++)
        {
            _saved[i].CopyTo(Values[i], 0);
        }
    }

    private double[][] Values => [Devices, Idle, Spare, Gain, Cost, Rent, Price, Value];

    public double MuAfter(double primal, double dual) =>
        (DotAfter(Devices, DDevices, primal, Cost, DCost, dual) + DotAfter(Idle, DIdle, primal, Rent, DRent, dual)
            + DotAfter(Spare, DSpare, primal, Price, DPrice, dual)) / _products;

    public void Move(double primal, double dual)
    {
        foreach (var (value, direction) in new[] { (Devices, DDevices), (Idle, DIdle), (Spare, DSpare), (Gain, DGain) })
        {
            Add(value, direction, primal);
        }
        foreach (var (value, direction) in new[] { (Cost, DCost), (Rent, DRent), (Price, DPrice), (Value, DValue) })
        {
            Add(value, direction, dual);
        }
    }

    private static void Add(double[] value, double[] direction, double length)
    {
        for (var i = 0; i < value.Length; i++)
        {
            value[i] += length * direction[i];
        }
    }

    private static double Dot(double[] a, double[] b)
    {
        double sum = 0;
        for (var i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }
        return sum;
    }

    private static double DotAfter(double[] a, double[] da, double sa, double[] b, double[] db, double sb)
    {
        double sum = 0;
        for (var i = 0; i < a.Length; i++)
        {
            sum += (a[i] + sa * da[i]) * (b[i] + sb * db[i]);
        }
        return sum;
    }
}
