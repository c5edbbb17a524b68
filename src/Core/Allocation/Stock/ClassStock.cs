using System.Collections.Immutable;

namespace Amalgam.Core.Allocation.Stock;

/// <summary>
/// The devices of one chip class and what is free of them, indexed so that a request finds its node without looking at all of
/// them: nodes by number of untouched devices, open devices by what is left on them.
/// </summary>
internal sealed class ClassStock
{
    private readonly int[] _first;
    private readonly int[] _free;
    private readonly long[] _freeMemory;
    private readonly bool[] _broken;
    private readonly int[] _untouched;
    private readonly long[] _freeCpu;
    private readonly long[] _freeRam;
    private readonly int[] _deviceNode;
    private readonly NodeSet[] _byUntouched;
    private readonly SortedSet<(int Free, int Device)> _open = [];
    private readonly int[,] _rackCount;

    public ClassStock(string name, ImmutableArray<NodeState> nodes)
    {
        Name = name;
        Nodes = nodes;
        _first = new int[nodes.Length + 1];
        for (var n = 0; n < nodes.Length; n++)
        {
            _first[n + 1] = _first[n] + nodes[n].Devices;
            MostDevices = Math.Max(MostDevices, nodes[n].Devices);
            MostMemoryMiB = Math.Max(MostMemoryMiB, nodes[n].MemoryMiB == 0 ? long.MaxValue : nodes[n].MemoryMiB);
        }

        var devices = _first[^1];
        _free = new int[devices];
        _freeMemory = new long[devices];
        _broken = new bool[devices];
        _deviceNode = new int[devices];
        _untouched = new int[nodes.Length];
        _freeCpu = new long[nodes.Length];
        _freeRam = new long[nodes.Length];
        _byUntouched = new NodeSet[MostDevices + 1];
        for (var k = 0; k <= MostDevices; k++)
        {
            _byUntouched[k] = new NodeSet(nodes.Length);
        }

        (Rack, Racks) = NumberRacks(nodes);
        _rackCount = new int[Racks, MostDevices + 1];
        for (var n = 0; n < nodes.Length; n++)
        {
            Open(n);
        }
    }

    public string Name { get; }

    public ImmutableArray<NodeState> Nodes { get; private set; }

    public int MostDevices { get; }

    public long MostMemoryMiB { get; }

    /// <summary>Of all healthy devices.</summary>
    public long CapacityMilli { get; private set; }

    public long FreeMilli { get; private set; }

    /// <summary>Rack number of each node; nodes without a rack share none with anybody but are counted as one.</summary>
    public int[] Rack { get; }

    public int Racks { get; }

    /// <summary>Grows whenever something becomes free: a request that failed before may be tried again.</summary>
    public long Releases { get; private set; }

    public int Untouched(int node) => _untouched[node];

    public long FreeCpuMilli(int node) => _freeCpu[node];

    public long FreeRamMiB(int node) => _freeRam[node];

    public long FreeMemoryMiB(int node, int device) => _freeMemory[_first[node] + device];

    public int FreeMilliOf(int node, int device) => _free[_first[node] + device];

    public NodeSet ByUntouched(int devices) => _byUntouched[devices];

    public SortedSet<(int Free, int Device)> OpenDevices => _open;

    public int NodeOf(int device) => _deviceNode[device];

    public int DeviceNumber(int node, int index) => _first[node] + index;

    public int IndexOnNode(int device) => device - _first[_deviceNode[device]];

    public int NodesOfRack(int rack, int untouched) => _rackCount[rack, untouched];

    public bool IsBroken(int node, int device) => _broken[_first[node] + device];

    /// <summary>Room for one member's CPU and RAM.</summary>
    public bool HasRoom(int node, in MemberShape shape) =>
        (Nodes[node].CpuMilli == 0 || _freeCpu[node] >= shape.CpuMilli) &&
        (Nodes[node].RamMiB == 0 || _freeRam[node] >= shape.RamMiB);

    /// <summary>Whether the device itself, by index over the class, can take a share.</summary>
    public bool DeviceFits(int device, in MemberShape shape) =>
        !_broken[device] && _free[device] >= shape.MilliPerDevice &&
        (shape.MemoryMiB == 0 || _freeMemory[device] >= shape.MemoryMiB);

    public bool DeviceFits(int node, int index, in MemberShape shape) => DeviceFits(_first[node] + index, shape);

    /// <summary>Nodes that have changed since somebody who wants to know has last cleared it; null while nobody does.</summary>
    public NodeSet? Changed { get; set; }

    public void Take(int node, ReadOnlySpan<int> devices, in MemberShape shape) => Change(node, devices, shape, -1);

    public void Return(int node, ReadOnlySpan<int> devices, in MemberShape shape)
    {
        Change(node, devices, shape, +1);
        Releases++;
    }

    /// <summary>Whether a node is as before but for what is lost or broken.</summary>
    public bool DiffersInHealthOnly(int node, NodeState now) =>
        Nodes[node] with { Healthy = now.Healthy, UnhealthyDevices = now.UnhealthyDevices } == now;

    /// <summary>Devices break or come back. Nobody may hold anything on the node meanwhile.</summary>
    public void Renew(int node, NodeState now)
    {
        Nodes = Nodes.SetItem(node, now);
        var untouched = 0;
        for (var device = _first[node]; device < _first[node + 1]; device++)
        {
            var free = now.Healthy && !now.UnhealthyDevices.Contains(device - _first[node]) ? 1000 : 0;
            CapacityMilli += free - (_broken[device] ? 0 : 1000);
            FreeMilli += free - _free[device];
            _broken[device] = free == 0;
            Reindex(device, _free[device], free);
            untouched += free / 1000;
        }

        Releases++;
        SetUntouched(node, untouched);
        Changed?.Add(node);
    }

    private void Change(int node, ReadOnlySpan<int> devices, in MemberShape shape, int sign)
    {
        Changed?.Add(node);
        var untouched = _untouched[node];
        foreach (var index in devices)
        {
            var device = _first[node] + index;
            if (_broken[device])
            {
                continue;
            }

            var before = _free[device];
            var after = before + (sign * shape.MilliPerDevice);
            Reindex(device, before, after);
            FreeMilli += after - before;
            untouched += (after >= 1000 ? 1 : 0) - (before >= 1000 ? 1 : 0);
            _freeMemory[device] += sign * shape.MemoryMiB;
        }

        _freeCpu[node] += sign * shape.CpuMilli;
        _freeRam[node] += sign * shape.RamMiB;
        SetUntouched(node, untouched);
    }

    private void Reindex(int device, int before, int after)
    {
        if (before is > 0 and < 1000)
        {
            _open.Remove((before, device));
        }

        _free[device] = after;
        if (after is > 0 and < 1000)
        {
            _open.Add((after, device));
        }
    }

    private void SetUntouched(int node, int untouched)
    {
        if (untouched != _untouched[node])
        {
            _byUntouched[_untouched[node]].Remove(node);
            _rackCount[Rack[node], _untouched[node]]--;
            _untouched[node] = untouched;
            _byUntouched[untouched].Add(node);
            _rackCount[Rack[node], untouched]++;
        }
    }

    private void Open(int node)
    {
        var state = Nodes[node];
        _freeCpu[node] = state.CpuMilli;
        _freeRam[node] = state.RamMiB;
        for (var index = 0; index < state.Devices; index++)
        {
            var device = _first[node] + index;
            _deviceNode[device] = node;
            _freeMemory[device] = state.MemoryMiB == 0 ? long.MaxValue / 4 : state.MemoryMiB;
            _broken[device] = !state.Healthy || state.UnhealthyDevices.Contains(index);
            _free[device] = _broken[device] ? 0 : 1000;
            CapacityMilli += _free[device];
            _untouched[node] += _broken[device] ? 0 : 1;
        }

        FreeMilli = CapacityMilli;
        _byUntouched[_untouched[node]].Add(node);
        _rackCount[Rack[node], _untouched[node]]++;
    }

    private static (int[] Rack, int Count) NumberRacks(ImmutableArray<NodeState> nodes)
    {
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        var rack = new int[nodes.Length];
        for (var n = 0; n < nodes.Length; n++)
        {
            var name = nodes[n].Rack ?? "";
            if (!numbers.TryGetValue(name, out var number))
            {
                number = numbers.Count;
                numbers.Add(name, number);
            }

            rack[n] = number;
        }

        return (rack, Math.Max(1, numbers.Count));
    }
}
