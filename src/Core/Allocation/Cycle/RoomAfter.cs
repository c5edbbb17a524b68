using Amalgam.Core.Allocation.Stock;

namespace Amalgam.Core.Allocation.Cycle;

/// <summary>How much room a class would have if some workloads went. By counting alone, and rather too much than too little.</summary>
internal sealed class RoomAfter
{
    private readonly HashSet<Entry> _gone = [];
    private readonly Dictionary<(int Node, int Device), int> _freed = [];
    private readonly Dictionary<int, int> _emptied = [];
    private long _freeMilli;
    private ClassStock _stock = null!;

    public void Clear(ClassStock stock)
    {
        _gone.Clear();
        _freed.Clear();
        _emptied.Clear();
        (_stock, _freeMilli) = (stock, stock.FreeMilli);
    }

    /// <summary>Everything that the workload holds on the class.</summary>
    public void Add(Entry entry, int chip)
    {
        if (!_gone.Add(entry))
        {
            return;
        }

        foreach (var member in entry.Members)
        {
            if (member.Slot.Chip != chip)
            {
                continue;
            }

            _freeMilli += entry.Shape.Member.Milli;
            foreach (var device in member.Slot.Devices)
            {
                Free(member.Slot.Node, device, entry.Shape.Member.MilliPerDevice);
            }
        }
    }

    private void Free(int node, int device, int milli)
    {
        var freed = _freed.GetValueOrDefault((node, device)) + milli;
        _freed[(node, device)] = freed;
        var free = _stock.FreeMilliOf(node, device) + freed;
        if (free >= 1000 && free - milli < 1000)
        {
            _emptied[node] = _emptied.GetValueOrDefault(node) + 1;
        }
    }

    public bool Holds(in Request request, int chip)
    {
        var shape = request.Shape.Member;
        if (_freeMilli < request.Milli)
        {
            return false;
        }

        if (shape.IsShare || shape.Devices == 0)
        {
            return true;
        }

        long room = 0;
        for (var untouched = shape.Devices; untouched <= _stock.MostDevices; untouched++)
        {
            room += (long)_stock.ByUntouched(untouched).Count * (untouched / shape.Devices);
        }

        foreach (var (node, emptied) in _emptied)
        {
            var before = _stock.Untouched(node);
            room += ((before + emptied) / shape.Devices) - (before / shape.Devices);
        }

        return room >= request.Members;
    }
}
