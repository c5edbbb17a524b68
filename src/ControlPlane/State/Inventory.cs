using System.Collections.Immutable;
using Amalgam.ControlPlane.Ports;
using Amalgam.Core.Allocation;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;

namespace Amalgam.ControlPlane.State;

/// <summary>Nodes as engines report them, in the allocator's terms, and what of it is news to the journal.</summary>
public static class Inventory
{
    /// <summary>Null when the journal knows all of it.</summary>
    /// <param name="isUnseen">Of a known node that was not told now: its engine is out of reach, so it may be there or not.</param>
    public static NodesSeen? News(CloudState state, IReadOnlyList<NodeObservation> nodes, Func<string, bool> isUnseen)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(isUnseen);
        var known = state.Nodes;
        var before = known.ToDictionary(node => node.Name, StringComparer.Ordinal);
        var changed = ImmutableArray.CreateBuilder<NodeState>();
        foreach (var node in nodes.Select(Node))
        {
            if (!before.Remove(node.Name, out var was) || !Same(was, node))
            {
                changed.Add(node);
            }
        }

        foreach (var unseen in before.Values.Where(node => isUnseen(node.Name)).ToList())
        {
            before.Remove(unseen.Name);
            if (HeldOnly(unseen, state) is var kept && !Same(unseen, kept))
            {
                changed.Add(kept);
            }
        }

        return changed.Count + before.Count == 0 ? null : new NodesSeen(changed.ToImmutable(), [.. known.Select(node => node.Name).Where(before.ContainsKey)]);
    }

    private static bool Same(NodeState one, NodeState other) =>
        one with { UnhealthyDevices = [] } == other with { UnhealthyDevices = [] } && one.UnhealthyDevices.AsSpan().SequenceEqual(other.UnhealthyDevices.AsSpan());

    /// <summary>What is leased there stays as it is, because it may well run; nothing new is placed.</summary>
    private static NodeState HeldOnly(NodeState node, CloudState state)
    {
        var leased = state.OpenLeases.Where(lease => lease.Node == node.Name).SelectMany(lease => lease.Devices).ToHashSet();
        return node with { Healthy = leased.Count > 0, UnhealthyDevices = [.. Enumerable.Range(0, node.Devices).Where(device => !leased.Contains(device))] };
    }

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
