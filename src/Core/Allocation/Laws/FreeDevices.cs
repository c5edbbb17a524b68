namespace Amalgam.Core.Allocation.Laws;

/// <summary>What is left on every device, node by node, and whether a gang would fit in it.</summary>
internal sealed class FreeDevices
{
    private readonly CheckedState _state;
    private readonly Dictionary<string, (long[] Milli, long[] Memory)> _devices = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (long Cpu, long Ram)> _node = new(StringComparer.Ordinal);
    private readonly ILookup<string, NodeState> _byChip;

    public FreeDevices(CheckedState state, IEnumerable<Piece> taken)
    {
        _state = state;
        _byChip = state.Snapshot.Nodes.ToLookup(node => node.ChipClass, StringComparer.Ordinal);
        foreach (var node in state.Snapshot.Nodes)
        {
            var milli = new long[node.Devices];
            var memory = new long[node.Devices];
            for (var device = 0; device < node.Devices; device++)
            {
                milli[device] = node.Healthy && !node.UnhealthyDevices.Contains(device) ? 1000 : 0;
                memory[device] = node.MemoryMiB == 0 ? long.MaxValue / 4 : node.MemoryMiB;
            }

            _devices[node.Name] = (milli, memory);
            _node[node.Name] = (node.CpuMilli == 0 ? long.MaxValue / 4 : node.CpuMilli, node.RamMiB == 0 ? long.MaxValue / 4 : node.RamMiB);
        }

        foreach (var piece in taken)
        {
            Change(piece, -1);
        }
    }

    public void Take(Piece piece) => Change(piece, -1);

    public void Return(Piece piece) => Change(piece, +1);

    public long MilliOf(string node, int device) => _devices[node].Milli[device];

    public long MemoryOf(string node, int device) => _devices[node].Memory[device];

    public (long Cpu, long Ram) RestOf(string node) => _node[node];

    /// <summary>Whether this many members would find room on the class, each on one node.</summary>
    public bool Fits(WorkloadState workload, string chip, int members) => RoomFor(workload, chip, members) >= members;

    /// <summary>Members that find room, counted up to <paramref name="enough"/>.</summary>
    public long RoomFor(WorkloadState workload, string chip, int enough)
    {
        long room = 0;
        foreach (var node in _byChip[chip])
        {
            room += RoomOn(workload, node);
            if (room >= enough)
            {
                break;
            }
        }

        return room;
    }

    private long RoomOn(WorkloadState workload, NodeState node)
    {
        var (milli, memory) = _devices[node.Name];
        long copies = workload.DevicesMilli == 0 && node.Healthy ? int.MaxValue : 0;
        var need = Math.Min(workload.DevicesMilli, 1000);
        for (var device = 0; device < milli.Length && need > 0; device++)
        {
            var here = milli[device] / need;
            if (workload.MemoryMiB > 0)
            {
                here = Math.Min(here, memory[device] / workload.MemoryMiB);
            }

            copies += Math.Max(0, here);
        }

        copies = workload.DevicesMilli >= 1000 ? copies / ((workload.DevicesMilli + 999) / 1000) : copies;
        copies = workload.CpuMilli > 0 ? Math.Min(copies, _node[node.Name].Cpu / workload.CpuMilli) : copies;
        return workload.RamMiB > 0 ? Math.Min(copies, _node[node.Name].Ram / workload.RamMiB) : copies;
    }

    private void Change(Piece piece, int sign)
    {
        if (!_devices.TryGetValue(piece.Node, out var devices))
        {
            return;
        }

        var workload = _state.Workloads[piece.Workload];
        foreach (var device in piece.Devices)
        {
            devices.Milli[device] += sign * piece.MilliPerDevice;
            devices.Memory[device] += sign * workload.MemoryMiB;
        }

        var (cpu, ram) = _node[piece.Node];
        _node[piece.Node] = (cpu + (sign * workload.CpuMilli), ram + (sign * workload.RamMiB));
    }
}
