using System.Collections.Immutable;
using Amalgam.Core.Allocation;

namespace Amalgam.Simulation.Sharing;

/// <summary>Clusters for traces that name only how many devices there are.</summary>
public static class Clusters
{
    /// <summary>Nodes of eight devices, the last of a class with what is left.</summary>
    public static ImmutableArray<NodeState> OfEight(ImmutableArray<string> classes, IReadOnlyList<int> devices)
    {
        ArgumentNullException.ThrowIfNull(devices);
        var nodes = ImmutableArray.CreateBuilder<NodeState>();
        for (var c = 0; c < classes.Length; c++)
        {
            for (var first = 0; first < devices[c]; first += 8)
            {
                nodes.Add(new NodeState { Name = $"{classes[c]}-{first / 8 + 1}", ChipClass = classes[c], Devices = Math.Min(8, devices[c] - first) });
            }
        }
        return nodes.ToImmutable();
    }
}
