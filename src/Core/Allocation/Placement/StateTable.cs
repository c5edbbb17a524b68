namespace Amalgam.Core.Allocation.Placement;

/// <summary>The live states: one object per distinct content, found by content, listed by shape.</summary>
internal sealed class StateTable(int shapes)
{
    private readonly Dictionary<StateKey, NodeState> _byContent = [];
    private readonly List<NodeState>[] _ofShape = [.. Enumerable.Range(0, shapes).Select(_ => new List<NodeState>())];
    private readonly Stack<int> _freeSlots = new();
    private int _slots;
    private long _versions;

    public Dictionary<StateKey, NodeState>.ValueCollection Live => _byContent.Values;

    public List<NodeState> OfShape(int shape) => _ofShape[shape];

    public NodeState Enter(int shapeIndex, NodeShape shape, NodeRoom room, int node, WorthTables tables)
    {
        var key = new StateKey(shapeIndex, room.CpuMilli, room.RamMiB, room.SortedGaps());
        if (!_byContent.TryGetValue(key, out var state))
        {
            state = new NodeState(shapeIndex, shape, room.CpuMilli, room.RamMiB, key.Gaps, tables)
            {
                Slot = _freeSlots.Count > 0 ? _freeSlots.Pop() : _slots++,
                Version = ++_versions,
            };
            _byContent.Add(key, state);
            state.InShape = _ofShape[shapeIndex].Count;
            _ofShape[shapeIndex].Add(state);
        }
        var at = state.Nodes.BinarySearch(node);
        state.Nodes.Insert(~at, node);
        return state;
    }

    public void Leave(NodeState state, int node)
    {
        state.Nodes.RemoveAt(state.Nodes.BinarySearch(node));
        if (state.Nodes.Count > 0)
        {
            return;
        }
        _byContent.Remove(new StateKey(state.ShapeIndex, state.CpuMilli, state.RamMiB, state.Gaps));
        var list = _ofShape[state.ShapeIndex];
        list[state.InShape] = list[^1];
        list[state.InShape].InShape = state.InShape;
        list.RemoveAt(list.Count - 1);
        _freeSlots.Push(state.Slot);
    }

    public void Revalue(WorthTables tables)
    {
        foreach (var state in _byContent.Values)
        {
            state.Version = ++_versions;
            state.Value(tables);
        }
    }
}

internal readonly struct StateKey(int shape, long cpuMilli, long ramMiB, DeviceGap[] gaps) : IEquatable<StateKey>
{
    private readonly int _shape = shape;
    private readonly long _cpuMilli = cpuMilli;
    private readonly long _ramMiB = ramMiB;

    public DeviceGap[] Gaps { get; } = gaps;

    public bool Equals(StateKey other) =>
        _shape == other._shape && _cpuMilli == other._cpuMilli && _ramMiB == other._ramMiB && Gaps.AsSpan().SequenceEqual(other.Gaps);

    public override bool Equals(object? obj) => obj is StateKey other && Equals(other);

    public override int GetHashCode()
    {
        var hash = unchecked((_shape * 31L + _cpuMilli) * 1_000_003 + _ramMiB);
        foreach (var gap in Gaps)
        {
            hash = unchecked(hash * 1_000_003 + gap.IdleMilli * 31L + gap.MemoryMiB);
        }
        return hash.GetHashCode();
    }
}
