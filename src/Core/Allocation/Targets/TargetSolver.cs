using System.Collections.Immutable;

namespace Amalgam.Core.Allocation.Targets;

/// <summary>
/// Guarantees first, gains from sharing by weight: the weighted Nash bargaining solution over mixed chips. A pure function; equal
/// problems give equal answers on every machine, amounts in whole milli-devices.
/// </summary>
public static class TargetSolver
{
    /// <exception cref="ArgumentException">The problem makes no sense; the message names the unit or row.</exception>
    public static TargetSolution Solve(TargetProblem problem) => Solve(problem, new TargetMemory());

    /// <summary>The same solution, sooner, where the memory has seen a problem like it.</summary>
    /// <exception cref="ArgumentException">The problem makes no sense; the message names the unit or row.</exception>
    public static TargetSolution Solve(TargetProblem problem, TargetMemory memory)
    {
        ArgumentNullException.ThrowIfNull(problem);
        ArgumentNullException.ThrowIfNull(memory);
        if (memory.Recall(problem) is { } known)
        {
            return known;
        }
        problem.Validate();
        var solution = new Run(WithOwnWorkAsMember(problem), memory).Solve(problem.Units.Length);
        memory.Keep(problem, solution);
        return solution;
    }

    // Work that sits on an inner unit competes with the unit's children like a child of weight 1.
    private static TargetProblem WithOwnWorkAsMember(TargetProblem problem)
    {
        var inner = new bool[problem.Units.Length];
        foreach (var unit in problem.Units)
        {
            if (unit.Parent >= 0)
            {
                inner[unit.Parent] = true;
            }
        }
        if (!problem.Rows.Any(r => inner[r.Unit]))
        {
            return problem;
        }
        var units = problem.Units.ToBuilder();
        var member = new Dictionary<int, int>();
        foreach (var unit in problem.Rows.Select(r => r.Unit).Where(unit => inner[unit]).Distinct().Order())
        {
            member[unit] = units.Count;
            units.Add(new TargetUnit(unit, 1));
        }
        var rows = problem.Rows.Select(r => member.TryGetValue(r.Unit, out var leaf) ? r with { Unit = leaf } : r);
        return problem with { Units = units.ToImmutable(), Rows = [.. rows] };
    }

    private sealed class Run(TargetProblem problem, TargetMemory memory)
    {
        private readonly UnitTree _tree = new(problem);
        private readonly double[] _prices = new double[problem.CapacityMilli.Length];
        private readonly double[] _alone = new double[problem.Units.Length];
        private readonly double[] _work = new double[problem.Units.Length];
        private double _primal;
        private double _dual;
        private double _weights;
        private int _steps;

        public TargetSolution Solve(int unitCount)
        {
            var (targets, guaranteed, shortfall) = (_tree.Grid(), _tree.Grid(), _tree.Grid());
            for (var c = 0; c < _tree.Classes; c++)
            {
                LevelByLevel.Guarantees(_tree, c, guaranteed, shortfall);
            }
            foreach (var classes in TradingClasses.Of(_tree))
            {
                if (classes.Length == 1)
                {
                    SolveOne(classes[0], guaranteed, targets);
                }
                else
                {
                    SolveMarket(new Market(_tree, classes, guaranteed, memory), targets);
                }
            }
            var rows = PriceRows(targets);
            return new TargetSolution(
                Freeze(targets, unitCount), Freeze(guaranteed, unitCount), Freeze(shortfall, unitCount),
                [.. _alone.Take(unitCount)], [.. RolledUp(_work).Take(unitCount)], [.. _prices], [.. rows],
                new TargetCertificate(_primal, _dual, Certificate.Gap(_primal, _dual, _weights), _steps));
        }

        private void SolveOne(int chip, long[][] guaranteed, long[][] targets)
        {
            LevelByLevel.Targets(_tree, chip, targets);
            _prices[chip] = TradingClasses.PriceOfOne(_tree, chip, guaranteed, targets);
            for (var u = 0; u < _alone.Length; u++)
            {
                if (_tree.RowsOf[u].Count > 0 && targets[u][chip] > 0)
                {
                    _alone[u] += GuaranteedWork.Of(new LeafDemand(_tree, u, [chip], guaranteed)).Work;
                    _work[u] += GuaranteedWork.Of(new LeafDemand(_tree, u, [chip], targets)).Work;
                }
            }
        }

        private void SolveMarket(Market market, long[][] targets)
        {
            var (programme, point) = market.Solve();
            MarketTargets.Write(market, programme, point, _tree, targets);
            for (var k = 0; k < market.Classes.Length; k++)
            {
                _prices[market.Classes[k]] = point.Prices[k];
            }
            for (var i = 0; i < market.Leaves.Length; i++)
            {
                _alone[market.Leaves[i].Unit] += market.Leaves[i].Alone.Work;
                _work[market.Leaves[i].Unit] += programme.Work(i, point.Devices);
            }
            var (primal, dual) = Certificate.Of(programme, point);
            (_primal, _dual, _weights) = (_primal + primal, _dual + dual, _weights + programme.Weight.Sum());
            _steps += market.Steps;
        }

        private RowPrice[] PriceRows(long[][] targets)
        {
            var rows = new RowPrice[problem.Rows.Length];
            var of = new List<int>?[targets.Length];
            for (var r = 0; r < rows.Length; r++)
            {
                (of[problem.Rows[r].Unit] ??= []).Add(r);
            }
            for (var u = 0; u < of.Length; u++)
            {
                if (of[u] is { } own)
                {
                    PriceRows(u, own, targets[u], rows);
                }
            }
            return rows;
        }

        private void PriceRows(int unit, List<int> own, long[] target, RowPrice[] prices)
        {
            var rows = own.ConvertAll(r => problem.Rows[r]).ToArray();
            if (memory.Recall(unit, rows, target, _prices) is not { } answer)
            {
                var atMarketPrices = InnerPrices.Write(problem, own, target, _prices, prices);
                memory.Keep(unit, rows, target, _prices, atMarketPrices, own.ConvertAll(r => prices[r]).ToArray());
                return;
            }
            for (var k = 0; k < answer.Length; k++)
            {
                prices[own[k]] = answer[k];
            }
        }

        private double[] RolledUp(double[] work)
        {
            for (var u = work.Length - 1; u >= 0; u--)
            {
                if (problem.Units[u].Parent >= 0)
                {
                    work[problem.Units[u].Parent] += work[u];
                }
            }
            return work;
        }

        private static ImmutableArray<ImmutableArray<long>> Freeze(long[][] grid, int units) =>
            [.. grid.Take(units).Select(row => row.ToImmutableArray())];
    }
}
