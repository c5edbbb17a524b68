using System.Collections.Immutable;
using Amalgam.Core.Allocation.Targets;
using Amalgam.Core.Allocation.Tree;

namespace Amalgam.Core.Allocation.Cycle;

/// <summary>What each unit should hold in this cycle: the solver's answer, and the same in amounts that can be leased.</summary>
internal sealed class CycleTargets
{
    private readonly int _chips;

    public CycleTargets(PlanningState state, TargetSolution solution, long[] debts)
    {
        Solution = solution;
        _chips = state.Chips.Length;
        var units = state.Tree.Units.Count;
        Guaranteed = Flatten(solution.GuaranteedMilli, units);
        Raw = Flatten(solution.TargetMilli, units);
        Abundant = [.. Enumerable.Range(0, _chips).Where(chip => Math.Round(solution.Prices[chip] * 1e6) == 0)];
        Leasable = TargetRounding.Round(state, Raw, debts);
        Alone = new double[units];
        for (var u = units - 1; u >= 0; u--)
        {
            Alone[u] += solution.WorkAlone[u];
            if (state.Tree.Parent[u] >= 0)
            {
                Alone[state.Tree.Parent[u]] += Alone[u];
            }
        }
    }

    public TargetSolution Solution { get; }

    /// <summary>Classes that cost nothing: how a target is split between them is arbitrary.</summary>
    public int[] Abundant { get; }

    /// <summary>Milli-devices per unit and class, as solved.</summary>
    public long[] Raw { get; }

    /// <summary>The same by largest remainder in steps that the present demand can lease.</summary>
    public long[] Leasable { get; }

    /// <summary>min(guarantee, demand, limit), scaled where the healthy stock is too small.</summary>
    public long[] Guaranteed { get; }

    /// <summary>Work that a unit would do with its guarantee alone, in device-speeds, at every level.</summary>
    public double[] Alone { get; }

    public static TargetProblem Problem(PlanningState state) =>
        new TargetProblem([.. state.Stocks.Select(stock => stock.CapacityMilli)], state.TargetUnits, state.Demand.Rows());

    /// <summary>The tree as the solver sees it, in milli-devices by class number.</summary>
    public static ImmutableArray<TargetUnit> Units(Organisation tree) => [.. tree.Units.Select((unit, u) => new TargetUnit(
        tree.Parent[u], unit.Weight, Amounts(tree, unit.Guarantee, 0), Amounts(tree, unit.Firm, 0), Amounts(tree, unit.Limit, long.MaxValue)))];

    /// <summary>The prices inside each unit order its work and say on which classes it belongs.</summary>
    public void PriceShapes(PlanningState state)
    {
        foreach (var (shape, price) in state.Demand.Priced(Solution.Rows))
        {
            if (ReferenceEquals(price, shape.Price))
            {
                continue;
            }

            shape.Price = price;
            shape.Value = price.Value;
            for (var c = 0; c < _chips; c++)
            {
                var efficiency = (int)Math.Round(Math.Clamp(price.Efficiency[c], 0, 1) * 1000);
                shape.Efficiency[c] = shape.MayUse(c) ? Math.Max(1, efficiency) : 0;
            }
        }

        // What takes no device costs nobody a device: it belongs wherever it can run.
        foreach (var shape in state.Demand.Beside())
        {
            for (var c = 0; c < _chips; c++)
            {
                shape.Efficiency[c] = shape.MayUse(c) ? 1000 : 0;
            }
        }
    }

    private static ImmutableArray<long> Amounts(Organisation tree, ChipAmounts amounts, long otherwise) => amounts.IsEmpty
        ? default
        : [.. tree.Chips.Select(chip => amounts.Find(chip) ?? otherwise)];

    private long[] Flatten(ImmutableArray<ImmutableArray<long>> grid, int units)
    {
        var flat = new long[units * _chips];
        for (var u = 0; u < units; u++)
        {
            grid[u].CopyTo(flat, u * _chips);
        }

        return flat;
    }
}
