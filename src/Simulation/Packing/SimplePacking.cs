using System.Collections.Immutable;
using Amalgam.Core.Allocation.Placement;

namespace Amalgam.Simulation.Packing;

/// <summary>Any machine that fits, any device that fits.</summary>
public sealed class RandomPacking(PackingCluster cluster, SeededSequence random) : IPackingPolicy
{
    public PackingPlace? Place(PlacementRequest request)
    {
        var fitting = Enumerable.Range(0, cluster.Nodes.Length).Where(n => cluster.Fits(n, request)).ToArray();
        if (fitting.Length == 0)
        {
            return null;
        }
        var node = fitting[random.Next(fitting.Length)];
        var devices = DeviceChoice.Fitting(cluster, node, request);
        random.Shuffle(devices);
        return new PackingPlace(node, [.. devices.Take(request.Devices).Order()]);
    }
}

/// <summary>
/// The machine with the least left over: remainders of cores and GPUs, half each, over 128 cores and 8 GPUs, as a whole score from 0 to
/// 100; the first in the order on ties, and there the tightest device.
/// </summary>
public sealed class BestFitPacking(PackingCluster cluster) : IPackingPolicy
{
    public PackingPlace? Place(PlacementRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var (best, bestScore) = (-1, int.MinValue);
        for (var n = 0; n < cluster.Nodes.Length; n++)
        {
            if (cluster.Fits(n, request) && Score(n, request) is var score && score > bestScore)
            {
                (best, bestScore) = (n, score);
            }
        }
        return best < 0 ? null : new PackingPlace(best, DeviceChoice.Tightest(cluster, best, request));
    }

    private int Score(int node, PlacementRequest request)
    {
        var idle = 0;
        foreach (var milli in cluster.Idle(node))
        {
            idle += milli;
        }
        var cores = (cluster.CpuMilli(node) - request.CpuMilli) / 128_000.0;
        var devices = (idle - request.DeviceMilli) / 8000.0;
        return (int)((1 - 0.5 * cores - 0.5 * devices) * 100);
    }
}

internal static class DeviceChoice
{
    public static int[] Fitting(PackingCluster cluster, int node, PlacementRequest request)
    {
        var need = request.IsShare ? request.DeviceMilli : 1000;
        var fitting = new List<int>();
        for (var d = 0; d < cluster.Idle(node).Length && request.DeviceMilli > 0; d++)
        {
            if (cluster.Idle(node)[d] >= need)
            {
                fitting.Add(d);
            }
        }
        return [.. fitting];
    }

    public static ImmutableArray<int> Tightest(PackingCluster cluster, int node, PlacementRequest request)
    {
        var idle = cluster.Idle(node).ToArray();
        return [.. Fitting(cluster, node, request).OrderBy(d => idle[d]).ThenBy(d => d).Take(request.Devices).Order()];
    }
}
