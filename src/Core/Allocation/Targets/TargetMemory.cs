using System.Collections.Immutable;

namespace Amalgam.Core.Allocation.Targets;

/// <summary>
/// What earlier solutions can be used again, piece by piece where their inputs are the same; so a solution with a memory is the
/// solution without. For one sequence of problems, not for several threads.
/// </summary>
public sealed class TargetMemory
{
    private const int ProgrammesKept = 4;

    private readonly List<Solved> _programmes = [];
    private readonly Dictionary<(int Unit, int FirstClass), Leaf> _leaves = [];
    private readonly Dictionary<int, Inner> _inner = [];
    private (TargetProblem Problem, TargetSolution Solution)? _last;

    internal TargetSolution? Recall(TargetProblem problem) => _last is { } last && last.Problem.Units == problem.Units &&
        last.Problem.CapacityMilli.AsSpan().SequenceEqual(problem.CapacityMilli.AsSpan()) && Same(last.Problem.Rows.AsSpan(), problem.Rows.AsSpan())
        ? last.Solution : null;

    internal void Keep(TargetProblem problem, TargetSolution solution) => _last = (problem, solution);

    internal LeafDemand LeafOf(UnitTree tree, int unit, int[] classes, long[][] guaranteed)
    {
        var rows = tree.RowsOf[unit].ConvertAll(r => tree.Problem.Rows[r]);
        if (_leaves.TryGetValue((unit, classes[0]), out var known) && known.Units == tree.Problem.Units && known.Classes.AsSpan().SequenceEqual(classes) &&
            known.Rows.SequenceEqual(rows, ReferenceEqualityComparer.Instance) && Array.TrueForAll(classes, c => known.Guaranteed[c] == guaranteed[unit][c]))
        {
            return known.Demand;
        }

        var demand = new LeafDemand(tree, unit, classes, guaranteed);
        _leaves[(unit, classes[0])] = new Leaf(tree.Problem.Units, classes, rows, [.. guaranteed[unit]], demand);
        return demand;
    }

    internal RowPrice[]? Recall(int unit, TargetRow[] rows, long[] target, double[] prices) =>
        _inner.TryGetValue(unit, out var known) && Same(known.Rows, rows) && known.Target.AsSpan().SequenceEqual(target) &&
        (!known.AtMarketPrices || known.Prices.AsSpan().SequenceEqual(prices)) ? known.Answer : null;

    internal void Keep(int unit, TargetRow[] rows, long[] target, double[] prices, bool atMarketPrices, RowPrice[] answer) =>
        _inner[unit] = new Inner(rows, [.. target], [.. prices], atMarketPrices, answer);

    internal (NashProgramme Programme, NashPoint Point, int Steps)? Recall(Market market) =>
        _programmes.Find(solved => solved.IsFor(market)) is { } found ? (found.Programme, found.Point, found.Steps) : null;

    internal void Keep(Market market, NashProgramme programme, NashPoint point, int steps)
    {
        if (_programmes.Count >= ProgrammesKept)
        {
            _programmes.RemoveAt(0);
        }

        _programmes.Add(new Solved(market, programme, point, steps));
    }

    private static bool Same(ReadOnlySpan<TargetRow> a, ReadOnlySpan<TargetRow> b)
    {
        for (var i = 0; i < a.Length && a.Length == b.Length; i++)
        {
            if (!ReferenceEquals(a[i], b[i]))
            {
                return false;
            }
        }

        return a.Length == b.Length;
    }

    private sealed record Leaf(ImmutableArray<TargetUnit> Units, int[] Classes, List<TargetRow> Rows, long[] Guaranteed, LeafDemand Demand);

    private sealed record Inner(TargetRow[] Rows, long[] Target, double[] Prices, bool AtMarketPrices, RowPrice[] Answer);

    private sealed class Solved(Market market, NashProgramme programme, NashPoint point, int steps)
    {
        private readonly TargetProblem _problem = market.Problem;
        private readonly int[] _classes = [.. market.Classes];
        private readonly LeafDemand[] _leaves = market.Leaves;
        private readonly double[][] _asked = [.. market.Asked.Rows.Select(row => row.ToArray())];

        public NashProgramme Programme => programme;

        public NashPoint Point => point;

        public int Steps => steps;

        public bool IsFor(Market other)
        {
            if (_problem.Units != other.Problem.Units || _leaves.Length != other.Leaves.Length || !_classes.AsSpan().SequenceEqual(other.Classes) ||
                !Array.TrueForAll(_classes, c => _problem.CapacityMilli[c] == other.Problem.CapacityMilli[c]))
            {
                return false;
            }

            for (var i = 0; i < _leaves.Length; i++)
            {
                if (!_asked[i].AsSpan().SequenceEqual(other.Asked.Rows[i]) || !_leaves[i].IsLike(other.Leaves[i]))
                {
                    return false;
                }
            }

            return true;
        }
    }
}
