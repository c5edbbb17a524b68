namespace Amalgam.Core.Allocation.Targets;

/// <summary>The tree of a problem with its demand rolled up; per unit and chip class in milli-devices.</summary>
internal sealed class UnitTree
{
    public UnitTree(TargetProblem problem)
    {
        Problem = problem;
        Classes = problem.CapacityMilli.Length;
        Children = new List<int>[problem.Units.Length];
        RowsOf = new List<int>[problem.Units.Length];
        for (var u = 0; u < Children.Length; u++)
        {
            Children[u] = [];
            RowsOf[u] = [];
            var parent = problem.Units[u].Parent;
            (parent < 0 ? Roots : Children[parent]).Add(u);
        }
        for (var r = 0; r < problem.Rows.Length; r++)
        {
            if (problem.Rows[r].DemandMilli > 0)
            {
                RowsOf[problem.Rows[r].Unit].Add(r);
            }
        }
        Competes = [.. Enumerable.Range(0, Children.Length).Select(HasRival)];
        Guarantee = RollUp((unit, c) => unit.Guarantee(c));
        Firm = RollUp((unit, c) => unit.Firm(c));
        Demand = RollUpDemand();
    }

    public TargetProblem Problem { get; }

    public int Classes { get; }

    public List<int> Roots { get; } = [];

    public List<int>[] Children { get; }

    public List<int>[] RowsOf { get; }

    /// <summary>The larger of a unit's own guarantee and the sum of its children's.</summary>
    public long[][] Guarantee { get; }

    public long[][] Firm { get; }

    /// <summary>Demand that could run on the class, within every limit below; a zero-weight unit's stops at its guarantee.</summary>
    public long[][] Demand { get; }

    /// <summary>Some sibling stands beside the unit or beside one of its ancestors.</summary>
    public bool[] Competes { get; }

    private bool HasRival(int unit)
    {
        for (var parent = Problem.Units[unit].Parent; ; parent = Problem.Units[parent].Parent)
        {
            if ((parent < 0 ? Roots : Children[parent]).Count > 1)
            {
                return true;
            }
            if (parent < 0)
            {
                return false;
            }
        }
    }

    public long WeightMicro(int unit) => (long)Math.Round(Problem.Units[unit].Weight * 1e6);

    private long[][] RollUp(Func<TargetUnit, int, long> own)
    {
        var rolled = Grid();
        for (var u = rolled.Length - 1; u >= 0; u--)
        {
            for (var c = 0; c < Classes; c++)
            {
                rolled[u][c] = Math.Max(own(Problem.Units[u], c), rolled[u][c]);
            }
            AddToParent(rolled, u);
        }
        return rolled;
    }

    private long[][] RollUpDemand()
    {
        var demand = Grid();
        foreach (var row in Problem.Rows)
        {
            for (var c = 0; c < Classes; c++)
            {
                demand[row.Unit][c] += row.Speeds[c] > 0 && Problem.CapacityMilli[c] > 0 ? row.DemandMilli : 0;
            }
        }
        for (var u = demand.Length - 1; u >= 0; u--)
        {
            for (var c = 0; c < Classes; c++)
            {
                var ceiling = Problem.Units[u].Weight > 0 || IsOnlyRoot(u) ? long.MaxValue : Guarantee[u][c];
                demand[u][c] = Math.Min(demand[u][c], Math.Min(ceiling, Problem.Units[u].Limit(c)));
            }
            AddToParent(demand, u);
        }
        return demand;
    }

    // Nobody competes with the only root, so its weight means nothing.
    private bool IsOnlyRoot(int unit) => Roots.Count == 1 && Roots[0] == unit;

    private void AddToParent(long[][] grid, int unit)
    {
        var parent = Problem.Units[unit].Parent;
        for (var c = 0; c < Classes && parent >= 0; c++)
        {
            grid[parent][c] += grid[unit][c];
        }
    }

    public long[][] Grid()
    {
        var grid = new long[Children.Length][];
        for (var u = 0; u < grid.Length; u++)
        {
            grid[u] = new long[Classes];
        }
        return grid;
    }
}
