namespace Amalgam.Core.Allocation.Targets;

/// <summary>
/// Newton's direction for one iterate. Eliminated in turn: reduced costs, each row's rent (one scalar H), each unit's value (one
/// scalar M); what is left is one small system in the prices. With h = y/s per cell:
/// H = sum h + t/q;  S1 = sum h x speed;  u = h (speed - S1/H);  M = v/m + sum (sum h speed^2 - S1^2/H).
/// </summary>
internal sealed class NewtonStep
{
    private readonly NashProgramme _p;
    private readonly IterationState _at;
    private readonly PriceSystem _system;
    private readonly double[] _h;
    private readonly double[] _rowSum;
    private readonly double[] _rowSpeed;
    private readonly double[] _unitSum;
    private readonly double[] _unitPull;
    private readonly double[] _rowRight;
    private readonly double[] _unitRight;

    public NewtonStep(NashProgramme programme, IterationState at)
    {
        (_p, _at) = (programme, at);
        _system = new PriceSystem(programme.Capacity.Count);
        _h = new double[programme.Rows * programme.Classes];
        (_rowSum, _rowSpeed, _rowRight) = (new double[programme.Rows], new double[programme.Rows], new double[programme.Rows]);
        (_unitSum, _unitRight) = (new double[programme.Units], new double[programme.Units]);
        _unitPull = new double[programme.Units * programme.Classes];
    }

    public void Factor()
    {
        _system.Clear();
        for (var k = 0; k < _at.Spare.Length; k++)
        {
            _system.Add(k, k, _at.Spare[k] / _at.Price[k]);
        }
        var block = new double[_p.Classes * _p.Classes];
        for (var i = 0; i < _p.Units; i++)
        {
            Array.Clear(block);
            Eliminate(i, block);
            AddBlock(i, block);
        }
        _system.Factor();
    }

    private void Eliminate(int unit, double[] block)
    {
        var classes = _p.Classes;
        var pull = _unitPull.AsSpan(unit * classes, classes);
        pull.Clear();
        var sum = _p.Linear ? 0 : _at.Gain[unit] / _at.Value[unit];
        for (var r = _p.FirstRow[unit]; r < _p.FirstRow[unit + 1]; r++)
        {
            sum += EliminateRow(r, block, pull);
        }
        _unitSum[unit] = sum;
        for (var a = 0; a < classes && !_p.Linear; a++)
        {
            for (var b = 0; b < classes; b++)
            {
                block[a * classes + b] -= pull[a] * pull[b] / sum;
            }
        }
    }

    private double EliminateRow(int r, double[] block, Span<double> pull)
    {
        var classes = _p.Classes;
        double total = _at.Idle[r] / _at.Rent[r], first = 0, second = 0;
        for (var at = r * classes; at < (r + 1) * classes; at++)
        {
            var speed = _p.Speed[at];
            var h = speed > 0 ? _at.Devices[at] / _at.Cost[at] : 0;
            _h[at] = h;
            total += h;
            first += h * speed;
            second += h * speed * speed;
        }
        (_rowSum[r], _rowSpeed[r]) = (total, first);
        for (var a = 0; a < classes; a++)
        {
            var h = _h[r * classes + a];
            if (h <= 0)
            {
                continue;
            }
            pull[a] += h * (_p.Speed[r * classes + a] - first / total);
            block[a * classes + a] += h;
            var scaled = h / total;
            for (var b = 0; b < classes; b++)
            {
                block[a * classes + b] -= scaled * _h[r * classes + b];
            }
        }
        return second - first * first / total;
    }

    private void AddBlock(int unit, double[] block)
    {
        var classes = _p.Classes;
        for (var a = 0; a < classes; a++)
        {
            for (var b = 0; b < classes; b++)
            {
                _system.Add(a, b, block[a * classes + b]);
            }
        }
        foreach (var bound in _p.Bounds[unit])
        {
            for (var b = 0; b < classes; b++)
            {
                _system.Add(bound.Resource, b, bound.Sign * block[bound.Class * classes + b]);
                _system.Add(b, bound.Resource, bound.Sign * block[b * classes + bound.Class]);
            }
            foreach (var other in _p.Bounds[unit])
            {
                _system.Add(bound.Resource, other.Resource, bound.Sign * other.Sign * block[bound.Class * classes + other.Class]);
            }
        }
    }

    /// <summary>The direction for the products aimed at in the state.</summary>
    public void Solve()
    {
        for (var k = 0; k < _at.Spare.Length; k++)
        {
            _system.RightSide[k] = _at.SpareAim[k] / _at.Price[k] - _at.ResourceResidual[k];
        }
        for (var i = 0; i < _p.Units; i++)
        {
            RightSide(i);
        }
        _system.Solve(_at.DPrice);
        for (var k = 0; k < _at.Spare.Length; k++)
        {
            _at.DSpare[k] = (_at.SpareAim[k] - _at.Spare[k] * _at.DPrice[k]) / _at.Price[k];
        }
        for (var i = 0; i < _p.Units; i++)
        {
            Back(i);
        }
    }

    private void RightSide(int unit)
    {
        var classes = _p.Classes;
        Span<double> right = stackalloc double[classes];
        var own = _p.Linear ? 0 : _at.GainAim[unit] / _at.Value[unit] - _at.GainResidual[unit];
        for (var r = _p.FirstRow[unit]; r < _p.FirstRow[unit + 1]; r++)
        {
            var rent = _at.IdleAim[r] / _at.Rent[r] - _at.DemandResidual[r];
            double worth = 0;
            for (var c = 0; c < classes; c++)
            {
                var g = Freed(r * classes + c);
                rent += g;
                worth += _p.Speed[r * classes + c] * g;
                right[c] += g;
            }
            _rowRight[r] = rent;
            var perSum = rent / _rowSum[r];
            own -= worth - _rowSpeed[r] * perSum;
            for (var c = 0; c < classes; c++)
            {
                right[c] -= _h[r * classes + c] * perSum;
            }
        }
        _unitRight[unit] = own;
        for (var c = 0; c < classes; c++)
        {
            right[c] += _p.Linear ? 0 : _unitPull[unit * classes + c] * own / _unitSum[unit];
            _system.RightSide[c] += right[c];
        }
        foreach (var bound in _p.Bounds[unit])
        {
            _system.RightSide[bound.Resource] += bound.Sign * right[bound.Class];
        }
    }

    private double Freed(int cell) =>
        _p.Speed[cell] > 0 ? _at.DevicesAim[cell] / _at.Cost[cell] - _h[cell] * _at.CostResidual[cell] : 0;

    private void Back(int unit)
    {
        var classes = _p.Classes;
        Span<double> price = stackalloc double[classes];
        var dValue = _unitRight[unit];
        for (var c = 0; c < classes; c++)
        {
            price[c] = _p.PriceFor(unit, c, _at.DPrice);
            dValue += _unitPull[unit * classes + c] * price[c];
        }
        dValue = _p.Linear ? 0 : dValue / _unitSum[unit];
        _at.DValue[unit] = dValue;
        double dWork = 0;
        for (var r = _p.FirstRow[unit]; r < _p.FirstRow[unit + 1]; r++)
        {
            dWork += BackRow(r, dValue, price);
        }
        _at.DGain[unit] = _at.GainResidual[unit] + dWork;
    }

    private double BackRow(int r, double dValue, ReadOnlySpan<double> price)
    {
        var classes = _p.Classes;
        var dRent = _rowRight[r] + _rowSpeed[r] * dValue;
        for (var c = 0; c < classes; c++)
        {
            dRent -= _h[r * classes + c] * price[c];
        }
        dRent /= _rowSum[r];
        _at.DRent[r] = dRent;
        _at.DIdle[r] = (_at.IdleAim[r] - _at.Idle[r] * dRent) / _at.Rent[r];
        double dWork = 0;
        for (var c = 0; c < classes; c++)
        {
            var at = r * classes + c;
            if (_p.Speed[at] <= 0)
            {
                continue;
            }
            _at.DCost[at] = price[c] + dRent - _p.Speed[at] * dValue + _at.CostResidual[at];
            _at.DDevices[at] = (_at.DevicesAim[at] - _at.Devices[at] * _at.DCost[at]) / _at.Cost[at];
            dWork += _p.Speed[at] * _at.DDevices[at];
        }
        return dWork;
    }
}
