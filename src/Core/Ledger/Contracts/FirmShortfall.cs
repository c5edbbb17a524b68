using System.Collections.Immutable;
using Amalgam.Core.Allocation.Targets;
using Amalgam.Core.Cloud;
using Amalgam.Core.Units;

namespace Amalgam.Core.Ledger.Contracts;

/// <summary>Who is short when there are fewer devices of a class than contracts promise, if everybody asks for all of it: asked of the allocator's own targets.</summary>
internal static class FirmShortfall
{
    public static IEnumerable<(Contract Contract, long ShortMilli)> Of(CloudState state, string chipClass, long atMs, long supplyMilli)
    {
        if (Promises.FirmMilli(state, chipClass, atMs) <= supplyMilli)
        {
            return [];
        }

        var units = ParentsFirst(state).ToList();
        var places = units.Select((unit, at) => (unit.Name, at)).ToDictionary(item => item.Name, item => item.at, StringComparer.Ordinal);
        var firm = units.Select(unit => state.Contracts.InForce(unit.Name, chipClass, atMs).Sum(contract => contract.MilliDevices)).ToArray();
        var below = Below(units, firm);
        var guaranteed = TargetSolver.Solve(new TargetProblem(
            [supplyMilli],
            [.. units.Select((unit, at) => new TargetUnit(unit.Parent is { } parent ? places[parent] : -1, 1, [firm[at]], [firm[at]]))],
            [.. units.Select((_, at) => new TargetRow(at, [1.0], Math.Max(0, firm[at] - below[at]))).Where(row => row.DemandMilli > 0)])).GuaranteedMilli;
        return units.SelectMany((unit, at) => Shared(state.Contracts.InForce(unit.Name, chipClass, atMs), firm[at], Math.Max(0, firm[at] - guaranteed[at][0])));
    }

    /// <summary>Contracts of one unit are short in proportion to their size.</summary>
    private static IEnumerable<(Contract Contract, long ShortMilli)> Shared(IEnumerable<Contract> contracts, long firm, long missing) => contracts
        .Select(contract => (contract, Short: firm == 0 ? 0 : (long)((((Int128)missing * contract.MilliDevices) + firm - 1) / firm)))
        .Where(item => item.Short > 0);

    /// <summary>What the units below a unit are promised by themselves: the unit asks for the rest.</summary>
    private static long[] Below(List<Unit> units, long[] firm)
    {
        var (below, total) = (new long[firm.Length], new long[firm.Length]);
        for (var at = units.Count - 1; at >= 0; at--)
        {
            total[at] = Math.Max(firm[at], below[at]);
            if (units[at].Parent is { } parent)
            {
                below[units.FindIndex(unit => unit.Name == parent)] += total[at];
            }
        }

        return below;
    }

    private static IEnumerable<Unit> ParentsFirst(CloudState state) => state.Units.Subtree(state.Units.Root.Name).Select(item => item.Unit);
}
