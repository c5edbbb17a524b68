using System.Collections.Immutable;
using Amalgam.Core.Allocation;
using Amalgam.Core.Cloud;
using Amalgam.Core.Workloads;

namespace Amalgam.Core.Ledger.Stock;

/// <summary>What is there and what is promised of it, from books and reports together.</summary>
public static class Supply
{
    /// <summary>Every class that an engine reports or a lot names, in order of name.</summary>
    public static IEnumerable<string> Classes(CloudState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        return state.Nodes.Select(node => node.ChipClass).Concat(state.Stock.Classes).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
    }

    /// <summary>Devices that engines report as healthy.</summary>
    public static long Reported(CloudState state, string chipClass)
    {
        ArgumentNullException.ThrowIfNull(state);
        return state.Nodes.Where(node => node.ChipClass == chipClass).Sum(Healthy);
    }

    /// <summary>Devices, shared ones counted whole, that leases hold.</summary>
    public static long Leased(CloudState state, string chipClass) => LeasedDevices(state, chipClass).Count;

    /// <summary>
    /// Healthy devices at an instant from now on: in service, as far as engines report them, and spare, with what is on order by then.
    /// Without a book: what engines report.
    /// </summary>
    public static long Devices(CloudState state, string chipClass, long nowMs, long atMs)
    {
        var reported = Reported(state, chipClass);
        var known = state.Nodes.Any(node => node.ChipClass == chipClass);
        var here = state.Stock.Count(chipClass, nowMs) is { } count ? (known ? Math.Min(count.InService, reported) : count.InService) + count.Spare : reported;
        return here + state.Stock.Arriving(chipClass, nowMs, atMs);
    }

    /// <summary>
    /// The nodes that the allocator may use: where engines report more healthy devices of a class than its book has in service, the surplus is held back,
    /// so that leased + spare + failed + retired never exceeds received. Leased devices are never held back.
    /// </summary>
    public static ImmutableArray<NodeState> InService(CloudState state, long nowMs)
    {
        ArgumentNullException.ThrowIfNull(state);
        var nodes = state.Nodes;
        foreach (var chipClass in state.Stock.Classes)
        {
            if (state.Stock.Count(chipClass, nowMs) is { } count && Reported(state, chipClass) - count.InService is > 0 and var surplus)
            {
                nodes = HeldBack(nodes, chipClass, surplus, LeasedDevices(state, chipClass));
            }
        }

        return nodes;
    }

    private static ImmutableArray<NodeState> HeldBack(ImmutableArray<NodeState> nodes, string chipClass, long surplus, HashSet<(string, int)> leased)
    {
        var kept = nodes.ToBuilder();
        for (var n = kept.Count - 1; n >= 0 && surplus > 0; n--)
        {
            var node = kept[n];
            if (node.ChipClass != chipClass || !node.Healthy)
            {
                continue;
            }

            var free = Enumerable.Range(0, node.Devices).Reverse().Where(device => !node.UnhealthyDevices.Contains(device) && !leased.Contains((node.Name, device)))
                .Take((int)Math.Min(surplus, node.Devices)).ToList();
            surplus -= free.Count;
            kept[n] = node with { UnhealthyDevices = [.. node.UnhealthyDevices.Concat(free).Order()] };
        }

        return kept.ToImmutable();
    }

    private static HashSet<(string Node, int Device)> LeasedDevices(CloudState state, string chipClass) =>
        [.. state.OpenLeases.Where(lease => lease.ChipClass == chipClass).SelectMany(static (Lease lease) => lease.Devices.Select(device => (lease.Node, device)))];

    private static long Healthy(NodeState node) => node.Healthy ? node.Devices - node.UnhealthyDevices.Length : 0;
}
