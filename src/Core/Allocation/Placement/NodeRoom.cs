using System.Collections.Immutable;
using Amalgam.Core.Allocation.Stock;

namespace Amalgam.Core.Allocation.Placement;

/// <summary>What one node has left, device by device.</summary>
internal sealed class NodeRoom
{
    private readonly NodeShape _shape;
    private readonly DeviceGap[] _gaps;
    private readonly bool[] _lost;

    public NodeRoom(NodeShape shape)
    {
        _shape = shape;
        (CpuMilli, RamMiB) = (shape.CpuMilli, shape.RamMiB);
        _gaps = new DeviceGap[shape.Devices];
        _lost = new bool[shape.Devices];
        Array.Fill(_gaps, new DeviceGap(1000, shape.MemoryMiB));
    }

    public NodeState? State { get; set; }

    public long CpuMilli { get; private set; }

    public long RamMiB { get; private set; }

    public void SetHealthy(int device, bool healthy) => _lost[device] = !healthy;

    /// <summary>Reads what a node of the stock has left; false = the whole node is lost.</summary>
    public bool Load(ClassStock stock, int node)
    {
        CpuMilli = _shape.CpuMilli == 0 ? 0 : Math.Max(0, stock.FreeCpuMilli(node));
        RamMiB = _shape.RamMiB == 0 ? 0 : Math.Max(0, stock.FreeRamMiB(node));
        for (var d = 0; d < _gaps.Length; d++)
        {
            // A device that holds more than it has, as after a node shrank, has nothing left.
            var memory = _shape.MemoryMiB == 0 ? 0 : Math.Clamp(stock.FreeMemoryMiB(node, d), 0, _shape.MemoryMiB);
            _gaps[d] = new DeviceGap(Math.Clamp(stock.FreeMilliOf(node, d), 0, 1000), memory);
        }
        return stock.Nodes[node].Healthy;
    }

    /// <summary>Widest first; a lost device has no gap.</summary>
    public DeviceGap[] SortedGaps()
    {
        var sorted = new DeviceGap[_gaps.Length];
        for (var d = 0; d < sorted.Length; d++)
        {
            sorted[d] = Seen(d);
        }
        Array.Sort(sorted, (a, b) => a.IdleMilli != b.IdleMilli ? b.IdleMilli.CompareTo(a.IdleMilli) : b.MemoryMiB.CompareTo(a.MemoryMiB));
        return sorted;
    }

    public ImmutableArray<int> DevicesWith(DeviceGap gap, int count)
    {
        var found = ImmutableArray.CreateBuilder<int>(count);
        for (var d = 0; d < _gaps.Length && found.Count < count; d++)
        {
            if (Seen(d) == gap)
            {
                found.Add(d);
            }
        }
        return found.DrainToImmutable();
    }

    private DeviceGap Seen(int device) => _lost[device] ? default : _gaps[device];

    /// <param name="sign">-1 takes, 1 gives back.</param>
    public void Change(PlacementRequest request, ReadOnlySpan<int> devices, int sign)
    {
        if (devices.Length != request.Devices)
        {
            throw new InvalidOperationException($"the request takes {request.Devices} devices, {devices.Length} were named");
        }
        var milli = sign * (request.IsShare ? request.DeviceMilli : 1000);
        var memory = _shape.MemoryMiB > 0 ? sign * request.MemoryMiB : 0;
        var cpu = CpuMilli + (_shape.CpuMilli > 0 ? sign * request.CpuMilli : 0);
        var ram = RamMiB + (_shape.RamMiB > 0 ? sign * request.RamMiB : 0);
        Require(cpu >= 0 && cpu <= _shape.CpuMilli && ram >= 0 && ram <= _shape.RamMiB, "cores or RAM");
        foreach (var d in devices)
        {
            var (idle, left) = (_gaps[d].IdleMilli + milli, _gaps[d].MemoryMiB + memory);
            Require(idle is >= 0 and <= 1000 && left >= 0 && left <= _shape.MemoryMiB, $"device {d}");
        }
        (CpuMilli, RamMiB) = (cpu, ram);
        foreach (var d in devices)
        {
            _gaps[d] = new DeviceGap(_gaps[d].IdleMilli + milli, _gaps[d].MemoryMiB + memory);
        }
    }

    private static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"{what}: more is taken, or given back, than there is");
        }
    }
}
