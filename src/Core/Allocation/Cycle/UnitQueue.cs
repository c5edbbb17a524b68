namespace Amalgam.Core.Allocation.Cycle;

/// <summary>
/// Whose turn it is: at each level of the tree the units below their guarantee first, then the lowest held share of the target,
/// then whom most is owed, then by order of creation. After a start only the path of that unit is ordered anew.
/// </summary>
internal sealed class UnitQueue
{
    private readonly PlanningState _state;
    private readonly CycleTargets _targets;
    private readonly long[] _debts;
    private readonly long[] _chipWeight;
    private readonly List<int>?[] _heap;
    private readonly int[] _position;
    private readonly (bool Satisfied, long Share)[] _rank;

    public UnitQueue(PlanningState state, CycleTargets targets, long[] debts, IEnumerable<int> leaves)
    {
        (_state, _targets, _debts) = (state, targets, debts);
        var units = state.Tree.Units.Count;
        _heap = new List<int>[units + 1];
        _position = new int[units];
        _rank = new (bool, long)[units];
        Array.Fill(_position, -1);
        // Abundant classes count a little, so that units which use nothing else still have an order.
        var dearest = Math.Max(1e-12, targets.Solution.Prices.DefaultIfEmpty(0).Max());
        _chipWeight = [.. targets.Solution.Prices.Select(price => 10 + (long)Math.Round(price / dearest * 990))];
        foreach (var leaf in leaves)
        {
            for (var u = leaf; u >= 0 && _position[u] < 0; u = state.Tree.Parent[u])
            {
                _rank[u] = RankOf(u);
                Insert(u);
            }
        }
    }

    /// <summary>The leaf whose turn it is, or -1 when none is left.</summary>
    public int Next()
    {
        var unit = -1;
        do
        {
            var heap = _heap[unit < 0 ? ^1 : unit];
            if (heap is null or { Count: 0 })
            {
                return unit;
            }

            unit = heap[0];
        }
        while (!_state.Tree.IsLeaf(unit));
        return unit;
    }

    /// <summary>What the leaf holds has changed.</summary>
    public void Reorder(int leaf)
    {
        for (var u = leaf; u >= 0; u = _state.Tree.Parent[u])
        {
            _rank[u] = RankOf(u);
            if (_position[u] >= 0)
            {
                var heap = HeapOf(u);
                Down(heap, Up(heap, _position[u]));
            }
        }
    }

    /// <summary>The leaf has nothing more to ask for; a family without such leaves goes too.</summary>
    public void Remove(int leaf)
    {
        for (var u = leaf; u >= 0 && (u == leaf || _heap[u] is null or { Count: 0 }); u = _state.Tree.Parent[u])
        {
            var heap = HeapOf(u);
            var at = _position[u];
            var last = heap[^1];
            heap.RemoveAt(heap.Count - 1);
            _position[u] = -1;
            if (last != u)
            {
                heap[at] = last;
                _position[last] = at;
                Down(heap, Up(heap, at));
            }
        }
    }

    private (bool, long) RankOf(int unit)
    {
        var tree = _state.Tree;
        Int128 held = 0;
        Int128 target = 0;
        var below = false;
        for (var c = 0; c < _chipWeight.Length; c++)
        {
            var at = tree.At(unit, c);
            held += (Int128)tree.Held[at] * _chipWeight[c];
            target += (Int128)_targets.Raw[at] * _chipWeight[c];
            below |= tree.Held[at] < _targets.Guaranteed[at];
        }

        var share = target > 0 ? held * 1_000_000 / target : held > 0 ? (Int128)(long.MaxValue / 2) + held : long.MaxValue / 2;
        // A unit that traded its guarantee for more work elsewhere is not below it.
        below &= tree.Delivered[unit] + 1 < _targets.Alone[unit] * 1000;
        return (!below, (long)Int128.Min(share, long.MaxValue));
    }

    private bool Before(int a, int b)
    {
        if (_rank[a].Satisfied != _rank[b].Satisfied)
        {
            return !_rank[a].Satisfied;
        }

        if (_rank[a].Share != _rank[b].Share)
        {
            return _rank[a].Share < _rank[b].Share;
        }

        return _debts[a] != _debts[b] ? _debts[a] > _debts[b] : a < b;
    }

    private List<int> HeapOf(int unit) => _heap[_state.Tree.Parent[unit] < 0 ? ^1 : _state.Tree.Parent[unit]] ??= [];

    private void Insert(int unit)
    {
        var heap = HeapOf(unit);
        heap.Add(unit);
        _position[unit] = heap.Count - 1;
        Up(heap, heap.Count - 1);
    }

    private int Up(List<int> heap, int at)
    {
        while (at > 0 && Before(heap[at], heap[(at - 1) / 2]))
        {
            Swap(heap, at, (at - 1) / 2);
            at = (at - 1) / 2;
        }

        return at;
    }

    private void Down(List<int> heap, int at)
    {
        while (true)
        {
            var least = at;
            for (var child = (2 * at) + 1; child <= (2 * at) + 2 && child < heap.Count; child++)
            {
                least = Before(heap[child], heap[least]) ? child : least;
            }

            if (least == at)
            {
                return;
            }

            Swap(heap, at, least);
            at = least;
        }
    }

    private void Swap(List<int> heap, int a, int b)
    {
        (heap[a], heap[b]) = (heap[b], heap[a]);
        (_position[heap[a]], _position[heap[b]]) = (a, b);
    }
}
