namespace Amalgam.Core.Allocation.Targets;

/// <summary>
/// Several chip classes that trade with each other, and the leaves that want them: one Nash programme over the leaves, solved
/// again while a limit or a firm guarantee is broken (only those that bind become constraints) and while a family spends less than its weight.
/// </summary>
internal sealed class Market
{
    // D enters reduced by 1 %, so that the logarithm has room even where guarantees exhaust the stock.
    private const double AloneShare = 0.99;
    private const double NoGain = 1.01;
    // What must be reached exactly is asked for almost exactly: the interior point needs an interior. A wider one where that fails.
    private static readonly double[] MustShares = [0.9999, 0.999, 0.99];
    private const int BoundRounds = 8;
    private const double Rough = 1e-4;

    private readonly UnitTree _tree;
    private readonly int[] _classes;
    private readonly TargetMemory _memory;
    private readonly List<MarketBound> _bounds = [];
    private readonly bool _large;
    private double _accuracy;

    public Market(UnitTree tree, int[] classes, long[][] guaranteed, TargetMemory memory)
    {
        (_tree, _classes, _memory) = (tree, classes, memory);
        LeafDemand[] leaves = [.. Enumerable.Range(0, tree.Children.Length)
            .Where(u => tree.Children[u].Count == 0 && tree.RowsOf[u].Count > 0)
            .Select(u => memory.LeafOf(tree, u, classes, guaranteed))
            .Where(l => l.Demand.Count > 0)];
        var cells = leaves.Sum(l => l.Demand.Count) * classes.Length;
        _large = cells > AskedDemand.LargeCells;
        var money = new FamilyBudgets(tree, leaves);
        var stock = classes.Sum(c => tree.Problem.CapacityMilli[c] / 1000.0);
        var asked = leaves.Select((leaf, i) => AskedDemand.Of(leaf, (money.Weight(i) * stock) + leaf.Guaranteed.Sum(), _large)).ToArray();
        var order = Enumerable.Range(0, leaves.Length).ToArray();
        Array.Sort(order, (a, b) => LeafDemand.Compare(leaves[a], asked[a], leaves[b], asked[b]) is var byContent and not 0 ? byContent
            : tree.Problem.Units[leaves[a].Unit].Weight.CompareTo(tree.Problem.Units[leaves[b].Unit].Weight) is var byWeight and not 0 ? byWeight
            : a.CompareTo(b));
        Leaves = Array.ConvertAll(order, i => leaves[i]);
        Asked = AskedDemand.Of(Leaves, Array.ConvertAll(order, i => asked[i]));
        Budgets = new FamilyBudgets(tree, Leaves);
        Accuracy = cells <= 4_000 ? 1e-9 : cells <= 20_000 ? 1e-6 : 1e-4;
    }

    public TargetProblem Problem => _tree.Problem;

    public LeafDemand[] Leaves { get; }

    public AskedDemand Asked { get; }

    public int[] Classes => _classes;

    public FamilyBudgets Budgets { get; private set; }

    public double Accuracy { get; }

    public int Steps { get; private set; }

    public bool CannotGain(int leaf) => Asked.MostWork(leaf) <= NoGain * Leaves[leaf].Alone.Work;

    /// <returns>The programme as last posed and the point it was solved to.</returns>
    public (NashProgramme Programme, NashPoint Point) Solve()
    {
        if (ServeAll() is { } served)
        {
            return served;
        }

        while (true)
        {
            var (programme, point, steps) = _memory.Recall(this) ?? SolveAsAsked();
            Steps += steps;
            if (!Asked.AskExactly(point, _classes.Length))
            {
                return (programme, point);
            }
        }
    }

    private (NashProgramme, NashPoint)? ServeAll()
    {
        // A unit without weight gets what it is guaranteed, whatever is left over.
        if (!Asked.IsExact || Enumerable.Range(0, Leaves.Length).Any(leaf => Budgets.Weight(leaf) <= 0))
        {
            return null;
        }

        var programme = Pose(MustShares[0]);
        return Plenty.Serve(programme) is { } point && !AddBroken(point) ? (programme, point) : null;
    }

    private (NashProgramme, NashPoint, int) SolveAsAsked()
    {
        var before = Steps;
        Budgets = new FamilyBudgets(_tree, Leaves);
        _bounds.Clear();
        // While budgets are still being found a rough solution says as much about spending as an exact one.
        _accuracy = _large ? Math.Max(Accuracy, Rough) : Accuracy;
        var (programme, point) = SolveWithinBounds();
        for (var round = 0; round < Budgets.RoundLimit(Accuracy) && Budgets.Rescale(this, programme, point); round++)
        {
            (programme, point) = SolveWithinBounds();
        }

        if (_accuracy > Accuracy)
        {
            _accuracy = Accuracy;
            (programme, point) = SolveWithinBounds();
        }

        var steps = Steps - before;
        Steps = before;
        _memory.Keep(this, programme, point, steps);
        return (programme, point, steps);
    }

    private (NashProgramme, NashPoint) SolveWithinBounds()
    {
        var (programme, point) = PoseAndRun();
        for (var round = 0; round < BoundRounds && AddBroken(point); round++)
        {
            (programme, point) = PoseAndRun();
        }
        return (programme, point);
    }

    private NashPoint Run(NashProgramme programme)
    {
        var point = InteriorPoint.Solve(programme, _accuracy);
        Steps += point.Steps;
        return point;
    }

    private (NashProgramme, NashPoint) PoseAndRun()
    {
        for (var attempt = 0; ; attempt++)
        {
            var programme = Pose(MustShares[attempt]);
            var point = Run(programme);
            if (point.Converged || attempt == MustShares.Length - 1)
            {
                return (programme, point);
            }
        }
    }

    private NashProgramme Pose(double mustShare)
    {
        var programme = new NashProgramme(_classes.Length, Leaves.Length, Leaves.Sum(l => l.Demand.Count));
        programme.Capacity.AddRange(_classes.Select(c => _tree.Problem.CapacityMilli[c] / 1000.0));
        var row = 0;
        for (var i = 0; i < Leaves.Length; i++)
        {
            programme.FirstRow[i] = row;
            var gains = Budgets.Weight(i) > 0 && !CannotGain(i);
            programme.Weight[i] = gains ? Budgets.Weight(i) : 0;
            programme.Alone[i] = Leaves[i].Alone.Work * (gains ? AloneShare : mustShare);
            for (var r = 0; r < Leaves[i].Demand.Count; r++, row++)
            {
                programme.Demand[row] = Asked.Rows[i][r];
                Leaves[i].Speeds[r].CopyTo(programme.Speed, row * _classes.Length);
            }
        }
        programme.FirstRow[Leaves.Length] = row;
        foreach (var bound in _bounds)
        {
            bound.AddTo(programme);
        }
        return programme;
    }

    private bool AddBroken(NashPoint point)
    {
        var held = HeldBy(point);
        var before = _bounds.Count;
        for (var u = 0; u < _tree.Children.Length; u++)
        {
            for (var k = 0; k < _classes.Length; k++)
            {
                AddBrokenLimit(u, k, held);
            }
        }
        for (var i = 0; i < Leaves.Length; i++)
        {
            for (var k = 0; k < _classes.Length; k++)
            {
                var firm = Math.Min(Leaves[i].Firm[k], Leaves[i].Alone.Devices[k]) * MustShares[1];
                if (firm > 1e-6 && held[Leaves[i].Unit][k] < firm * (1 - 1e-6) && !Has(Leaves[i].Unit, k, -1))
                {
                    _bounds.Add(new MarketBound(Leaves[i].Unit, k, -1, -firm, [i]));
                }
            }
        }
        return _bounds.Count > before;
    }

    private void AddBrokenLimit(int unit, int chip, double[][] held)
    {
        var limit = _tree.Problem.Units[unit].Limit(_classes[chip]);
        if (limit == long.MaxValue || held[unit][chip] <= limit / 1000.0 * (1 + 1e-6) || Has(unit, chip, 1))
        {
            return;
        }
        var members = Enumerable.Range(0, Leaves.Length).Where(i => IsWithin(Leaves[i].Unit, unit)).ToArray();
        _bounds.Add(new MarketBound(unit, chip, 1, Math.Max(1e-9, limit / 1000.0), members));
    }

    private bool Has(int unit, int chip, double sign) => _bounds.Exists(b => b.Unit == unit && b.Class == chip && b.Sign == sign);

    private bool IsWithin(int unit, int ancestor)
    {
        while (unit >= 0 && unit != ancestor)
        {
            unit = _tree.Problem.Units[unit].Parent;
        }
        return unit == ancestor;
    }

    /// <summary>Devices per unit (every level) and class of the market.</summary>
    private double[][] HeldBy(NashPoint point)
    {
        var held = new double[_tree.Children.Length][];
        for (var u = 0; u < held.Length; u++)
        {
            held[u] = new double[_classes.Length];
        }
        var at = 0;
        foreach (var leaf in Leaves)
        {
            for (var cell = 0; cell < leaf.Demand.Count * _classes.Length; cell++, at++)
            {
                held[leaf.Unit][cell % _classes.Length] += point.Devices[at];
            }
        }
        for (var u = held.Length - 1; u >= 0; u--)
        {
            var parent = _tree.Problem.Units[u].Parent;
            for (var k = 0; k < _classes.Length && parent >= 0; k++)
            {
                held[parent][k] += held[u][k];
            }
        }
        return held;
    }
}

/// <summary>A limit (sign 1) or firm devices (sign -1) that the last solution broke.</summary>
internal sealed record MarketBound(int Unit, int Class, double Sign, double Capacity, int[] Members)
{
    public void AddTo(NashProgramme programme)
    {
        programme.Capacity.Add(Capacity);
        foreach (var leaf in Members)
        {
            programme.Bounds[leaf].Add((programme.Capacity.Count - 1, Class, Sign));
        }
    }
}
