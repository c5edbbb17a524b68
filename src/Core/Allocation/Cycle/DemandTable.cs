using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Amalgam.Core.Allocation.Targets;

namespace Amalgam.Core.Allocation.Cycle;

/// <summary>The shapes that are demand, as rows for the solver of targets. As long as they stay the same ones, only rows whose numbers changed are written anew.</summary>
internal sealed class DemandTable(ShapeTable shapes, int chips)
{
    private readonly List<Shape> _demand = [];
    private readonly List<Shape> _beside = [];
    private readonly List<Shape> _changed = [];
    private readonly long[] _steps = new long[chips];
    private ImmutableArray<TargetRow> _rows = [];
    private ImmutableArray<RowPrice> _priced = [];
    private long _version = -1;

    /// <summary>The shape counts more or fewer workloads than before.</summary>
    public void Changed(Shape shape, bool came)
    {
        if (shape.Count == (came ? 1 : 0))
        {
            shapes.Version++;
        }

        _changed.Add(shape);
    }

    public ImmutableArray<TargetRow> Rows()
    {
        Refresh();
        if (_changed.Count > 0)
        {
            var rows = _rows.ToArray();
            foreach (var shape in _changed)
            {
                if (shape.DemandAt >= 0)
                {
                    rows[shape.DemandAt] = shape.Demand;
                }
            }

            _rows = ImmutableCollectionsMarshal.AsImmutableArray(rows);
            _changed.Clear();
        }

        return _rows;
    }

    /// <summary>The greatest common divisor of a device and every share that is asked for on the class, in milli-devices.</summary>
    public long Step(int chip)
    {
        Refresh();
        return _steps[chip];
    }

    /// <summary>What takes no device beside what is demand for devices.</summary>
    public IReadOnlyList<Shape> Beside()
    {
        Refresh();
        return _beside;
    }

    /// <summary>Shapes whose price is not the one that they had, with their new one.</summary>
    /// <param name="prices">By row.</param>
    public IEnumerable<(Shape Shape, RowPrice Price)> Priced(ImmutableArray<RowPrice> prices)
    {
        var before = _priced;
        _priced = prices;
        for (var row = 0; row < prices.Length; row++)
        {
            if (before.Length != prices.Length || !ReferenceEquals(before[row], prices[row]))
            {
                yield return (_demand[row], prices[row]);
            }
        }
    }

    private void Refresh()
    {
        if (_version == shapes.Version)
        {
            return;
        }

        _version = shapes.Version;
        _demand.Clear();
        _beside.Clear();
        _changed.Clear();
        _priced = [];
        Array.Fill(_steps, 1000);
        foreach (var shape in shapes.All)
        {
            var isDemand = shape.Count > 0 && shape.IsDemand && shape.Member.Milli > 0;
            shape.DemandAt = isDemand ? _demand.Count : -1;
            (isDemand ? _demand : shape.Member.Milli == 0 ? _beside : []).Add(shape);
            for (var c = 0; c < _steps.Length && isDemand && shape.Member.IsShare; c++)
            {
                _steps[c] = shape.MayUse(c) ? Gcd(_steps[c], shape.Member.MilliPerDevice) : _steps[c];
            }
        }

        _rows = [.. _demand.Select(shape => shape.Demand)];
    }

    private static long Gcd(long a, long b) => b == 0 ? a : Gcd(b, a % b);
}
