namespace Amalgam.Core.Allocation.Placement;

/// <summary>Idle thousandths and free memory of one device.</summary>
internal readonly record struct DeviceGap(int IdleMilli, long MemoryMiB)
{
    /// <summary>Hundredths that a share could still use: time or memory, whichever is scarcer.</summary>
    public int Level(NodeShape shape) => shape.MemoryMiB > 0
        ? (int)Math.Min(IdleMilli / 10, MemoryMiB * 100 / shape.MemoryMiB)
        : IdleMilli / 10;
}

/// <summary>
/// What a node has left, shared by all nodes of a shape that have the same left: worth is computed once per state, not per node.
/// </summary>
internal sealed class NodeState
{
    private readonly long[] _pointSums;

    public NodeState(int shapeIndex, NodeShape shape, long cpuMilli, long ramMiB, DeviceGap[] gaps, WorthTables tables)
    {
        (ShapeIndex, Shape, CpuMilli, RamMiB, Gaps) = (shapeIndex, shape, cpuMilli, ramMiB, gaps);
        _pointSums = new long[tables.Points.Length];
        Value(tables);
    }

    public int ShapeIndex { get; }

    public NodeShape Shape { get; }

    public long CpuMilli { get; }

    public long RamMiB { get; }

    /// <summary>Sorted, widest first.</summary>
    public DeviceGap[] Gaps { get; }

    /// <summary>Nodes in this state, lowest index first.</summary>
    public List<int> Nodes { get; } = [];

    /// <summary>Position among the live states, and which state stands there: losses are cached by both.</summary>
    public int Slot { get; set; }

    public long Version { get; set; }

    /// <summary>Position among the states of its shape.</summary>
    public int InShape { get; set; }

    public int Untouched { get; private set; }

    public void Value(WorthTables tables)
    {
        Untouched = 0;
        foreach (var gap in Gaps)
        {
            Untouched += IsUntouched(gap) ? 1 : 0;
        }
        var table = tables.Tables[ShapeIndex];
        for (var p = 0; p < _pointSums.Length; p++)
        {
            var sum = tables.Points[p].Core * CpuMilli + tables.Points[p].Ram * RamMiB;
            foreach (var gap in Gaps)
            {
                sum += table[p * 101 + gap.Level(Shape)];
            }
            _pointSums[p] = sum;
        }
        Worth = _pointSums.Min() - OpeningCharge(Untouched);
    }

    /// <summary>Pico-devices that what is left can still earn.</summary>
    public long Worth { get; private set; }

    /// <summary>
    /// Of two places where the others lose alike the tighter one is taken: what stays whole serves whoever needs much at once. Two states of one
    /// shape never tie, so the order of the nodes decides only between nodes with equal rests, or equal rests of different shapes.
    /// </summary>
    public bool IsTighter(NodeState other)
    {
        var order = Tightness(other);
        return order != 0 ? order < 0 : Nodes[0] < other.Nodes[0];
    }

    /// <summary>Negative: tighter than the other; 0: the same is left, be it on another shape.</summary>
    public int Tightness(NodeState other)
    {
        var order = Untouched.CompareTo(other.Untouched);
        order = order != 0 ? order : CpuMilli.CompareTo(other.CpuMilli);
        order = order != 0 ? order : RamMiB.CompareTo(other.RamMiB);
        order = order != 0 ? order : Gaps.Length.CompareTo(other.Gaps.Length);
        for (var d = 0; order == 0 && d < Gaps.Length; d++)
        {
            order = Gaps[d].IdleMilli.CompareTo(other.Gaps[d].IdleMilli);
            order = order != 0 ? order : Gaps[d].MemoryMiB.CompareTo(other.Gaps[d].MemoryMiB);
        }
        return order;
    }

    private long OpeningCharge(int untouched) => untouched < Gaps.Length ? untouched * WorthTables.OpenNodePico : 0;

    public bool IsUntouched(DeviceGap gap) => gap.IdleMilli == 1000 && gap.MemoryMiB >= Shape.MemoryMiB;

    public bool HasRoomBeside(PlacementRequest request) =>
        (Shape.CpuMilli == 0 || request.CpuMilli <= CpuMilli) && (Shape.RamMiB == 0 || request.RamMiB <= RamMiB);

    /// <summary>Least loss of worth (pico-devices) when the request lands here, and on which gap; false where it does not fit.</summary>
    public bool TryLoss(PlacementRequest request, WorthTables tables, out long loss, out int gap)
    {
        (loss, gap) = (long.MaxValue, -1);
        if (!HasRoomBeside(request) || request.Devices > Gaps.Length)
        {
            return false;
        }
        if (!request.IsShare)
        {
            return TryWhole(request, tables, out loss, out gap);
        }
        for (var d = 0; d < Gaps.Length && Gaps[d].IdleMilli >= request.DeviceMilli; d++)
        {
            if ((d > 0 && Gaps[d] == Gaps[d - 1]) || (Shape.MemoryMiB > 0 && Gaps[d].MemoryMiB < request.MemoryMiB))
            {
                continue;
            }
            var left = new DeviceGap(Gaps[d].IdleMilli - request.DeviceMilli, Gaps[d].MemoryMiB - request.MemoryMiB);
            var candidate = Worth - WorthAfter(request, tables, Gaps[d].Level(Shape), left.Level(Shape), 1, Untouched - (IsUntouched(Gaps[d]) ? 1 : 0));
            if (candidate < loss)
            {
                (loss, gap) = (candidate, d);
            }
        }
        return gap >= 0;
    }

    private bool TryWhole(PlacementRequest request, WorthTables tables, out long loss, out int gap)
    {
        (loss, gap) = (0, 0);
        var devices = request.Devices;
        if (devices > Untouched || (Shape.MemoryMiB > 0 && request.MemoryMiB > Shape.MemoryMiB))
        {
            return false;
        }
        loss = Worth - WorthAfter(request, tables, 100, 0, devices, Untouched - devices);
        return true;
    }

    private long WorthAfter(PlacementRequest request, WorthTables tables, int from, int to, int devices, int untouched)
    {
        var table = tables.Tables[ShapeIndex];
        var cpu = Shape.CpuMilli == 0 ? 0 : request.CpuMilli;
        var ram = Shape.RamMiB == 0 ? 0 : request.RamMiB;
        var least = long.MaxValue;
        for (var p = 0; p < _pointSums.Length; p++)
        {
            var (core, mib) = tables.Points[p];
            var change = devices == 0 ? 0 : devices * (table[p * 101 + to] - table[p * 101 + from]);
            least = Math.Min(least, _pointSums[p] - core * cpu - mib * ram + change);
        }
        return least - (devices > 0 || untouched < Gaps.Length ? OpeningCharge(untouched) : 0);
    }
}
