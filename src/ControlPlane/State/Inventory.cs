using System.Collections.Immutable;
using Amalgam.ControlPlane.Ports;
using Amalgam.Core.Allocation;
using Amalgam.Core.Journal;

namespace Amalgam.ControlPlane.State;

/// <summary>Nodes as engines report them, in the allocator's terms, and what of it is news to the journal.</summary>
public static class Inventory
{
    /// <summary>Null when the journal knows all of it.</summary>
    public static NodesSeen? News(ImmutableArray<NodeState> known, IReadOnlyList<NodeObservation> nodes)
    {
        var before = known.ToDictionary(node => node.Name, StringComparer.Ordinal);
        var changed = ImmutableArray.CreateBuilder<NodeState>();
        foreach (var node in nodes.Select(Node))
        {
            if (!before.Remove(node.Name, out var was) || !Same(was, node))
            {
                changed.Add(node);
            }
        }

        return changed.Count + before.Count == 0 ? null : new NodesSeen(changed.ToImmutable(), [.. known.Select(node => node.Name).Where(before.ContainsKey)]);
    }

    private static bool Same(NodeState one, NodeState other) =>
        one with { UnhealthyDevices = [] } == other with { UnhealthyDevices = [] } && one.UnhealthyDevices.AsSpan().SequenceEqual(other.UnhealthyDevices.AsSpan());

    private static NodeState Node(NodeObservation node)
    {
        var count = node.Devices.Count == 0 ? 0 : node.Devices.Max(device => device.Index) + 1;
        var usable = node.Devices.Where(device => device.Healthy).Select(device => device.Index).ToHashSet();
        return new NodeState
        {
            Name = node.Name,
            Machine = node.Machine,
            ChipClass = node.ChipClass,
            Devices = count,
            MemoryMiB = node.MemoryMiBPerDevice,
            Rack = node.Rack,
            Healthy = usable.Count > 0,
            // Indices that must not be leased: broken devices, and those that belong to another class of the same machine.
            UnhealthyDevices = [.. Enumerable.Range(0, count).Where(index => !usable.Contains(index))],
        };
    }
}
