using System.Collections.Immutable;
using Amalgam.Core.Allocation.Placement;

namespace Amalgam.Simulation.Packing;

/// <summary>Where a policy puts a task.</summary>
public readonly record struct PackingPlace(int Node, ImmutableArray<int> Devices);

/// <summary>Places one task at a time. The experiment books what it answers.</summary>
public interface IPackingPolicy
{
    PackingPlace? Place(PlacementRequest request);

    /// <summary>A task has left; the cluster is updated already.</summary>
    void Returned(PackingPlace place, PlacementRequest request)
    {
    }
}

/// <summary>
/// The experiment's own count of every core, MiB and device, independent of what a policy believes: a policy that over-commits is a defect
/// and stops the run.
/// </summary>
public sealed class PackingCluster(NodeShape[] nodes)
{
    private readonly long[] _cpu = [.. nodes.Select(n => n.CpuMilli)];
    private readonly long[] _ram = [.. nodes.Select(n => n.RamMiB)];
    private readonly int[][] _idle = [.. nodes.Select(n => Enumerable.Repeat(1000, n.Devices).ToArray())];

    public ImmutableArray<NodeShape> Nodes { get; } = [.. nodes];

    public long CpuMilli(int node) => _cpu[node];

    public long RamMiB(int node) => _ram[node];

    /// <summary>Idle thousandths per device.</summary>
    public ReadOnlySpan<int> Idle(int node) => _idle[node];

    public bool Fits(int node, PlacementRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.CpuMilli > _cpu[node] || request.RamMiB > _ram[node] || request.SpeedOn(Nodes[node].Chip) <= 0)
        {
            return false;
        }
        var need = request.IsShare ? request.DeviceMilli : 1000;
        var found = 0;
        foreach (var idle in _idle[node])
        {
            found += idle >= need ? 1 : 0;
        }
        return found >= request.Devices;
    }

    public void Take(PackingPlace place, PlacementRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var milli = request.IsShare ? request.DeviceMilli : 1000;
        var sound = place.Devices.Length == request.Devices && place.Devices.Distinct().Count() == place.Devices.Length
            && Fits(place.Node, request) && place.Devices.All(d => _idle[place.Node][d] >= milli);
        if (!sound)
        {
            throw new InvalidOperationException($"the policy over-commits node {place.Node} with {request}");
        }
        Book(place, request, -1);
    }

    /// <summary>The task is gone; what it held is free.</summary>
    public void Return(PackingPlace place, PlacementRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        Book(place, request, 1);
    }

    /// <summary>A placed task goes elsewhere without a moment in which it holds nothing.</summary>
    public void Move(PackingPlace from, PackingPlace to, PlacementRequest request)
    {
        Return(from, request);
        Take(to, request);
        Moves++;
    }

    public long Moves { get; private set; }

    private void Book(PackingPlace place, PlacementRequest request, int sign)
    {
        _cpu[place.Node] += sign * request.CpuMilli;
        _ram[place.Node] += sign * request.RamMiB;
        foreach (var d in place.Devices)
        {
            _idle[place.Node][d] += sign * (request.IsShare ? request.DeviceMilli : 1000);
        }
    }
}
