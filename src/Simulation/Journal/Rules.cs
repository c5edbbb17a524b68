using System.Collections.Immutable;
using Amalgam.Core.Allocation;

namespace Amalgam.Simulation.Journal;

/// <summary>What is to be different from what was recorded, over the whole time.</summary>
internal sealed record Rules
{
    public static Rules AsRecorded { get; } = new();

    public AllocationSettings Settings { get; init; } = AllocationSettings.Default;

    public ImmutableArray<(string Unit, Func<UnitState, UnitState> Change)> UnitChanges { get; init; } = [];

    public ImmutableArray<Loss> Losses { get; init; } = [];

    public ImmutableArray<UnitState> Units(ImmutableArray<UnitState> recorded) =>
        [.. recorded.Select(unit => UnitChanges.Where(change => change.Unit == unit.Name).Aggregate(unit, (now, change) => change.Change(now)))];

    public ImmutableArray<NodeState> Nodes(ImmutableArray<NodeState> recorded) => Losses.Aggregate(recorded, (nodes, loss) => loss.From(nodes));
}

/// <summary>Devices of a class that are not there: whole nodes at first, the last by name, then single devices of the next one.</summary>
/// <param name="Devices">How many; null = <paramref name="Percent"/> of all that the class has at the moment, rounded up.</param>
internal sealed record Loss(string ChipClass, int? Devices, decimal Percent)
{
    public ImmutableArray<NodeState> From(ImmutableArray<NodeState> nodes)
    {
        var usable = nodes.Where(node => node.ChipClass == ChipClass && node.Healthy).ToList();
        var left = Devices ?? (int)Math.Ceiling(usable.Sum(Usable) * Percent / 100);
        var changed = new Dictionary<string, NodeState>(StringComparer.Ordinal);
        foreach (var node in usable.OrderByDescending(node => node.Name, StringComparer.Ordinal))
        {
            if (left <= 0)
            {
                break;
            }

            var take = Math.Min(left, Usable(node));
            left -= take;
            changed[node.Name] = take == Usable(node)
                ? node with { Healthy = false }
                : node with { UnhealthyDevices = [.. node.UnhealthyDevices.Concat(Good(node).TakeLast(take)).Order()] };
        }

        return [.. nodes.Select(node => changed.GetValueOrDefault(node.Name, node))];
    }

    private static int Usable(NodeState node) => Good(node).Count();

    private static IEnumerable<int> Good(NodeState node) => Enumerable.Range(0, node.Devices).Where(device => !node.UnhealthyDevices.Contains(device));
}
