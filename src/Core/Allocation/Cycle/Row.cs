using Amalgam.Core.Allocation.Order;

namespace Amalgam.Core.Allocation.Cycle;

/// <summary>
/// Waiting workloads that differ in nothing but their age: the same shape, the same declared and attained work. Among them the
/// order of submission is the order of the queue, so only the first needs a key.
/// </summary>
internal sealed class Row(Shape shape, long? declaredMs, long attainedMs)
{
    private static readonly Comparer<Entry> ByAge = Comparer<Entry>.Create(Compare);

    private readonly List<Entry> _queue = [];
    private int _head;

    // Until the first look nothing is put in its place: a list that comes in any order is sorted once.
    private bool _sorted;
    private bool _disorder;

    public Shape Shape { get; } = shape;

    public long? DeclaredMs { get; } = declaredMs;

    public long AttainedMs { get; } = attainedMs;

    /// <summary>Milli-device-milliseconds that one of them is expected to take.</summary>
    public Int128 Work { get; } = (Int128)SpendOrder.RestMs(declaredMs, attainedMs) * shape.FullMilli;

    public int Waiting { get; private set; }

    /// <summary>Workloads that belong here, running ones included.</summary>
    public int Users { get; set; }

    public void Add(Entry entry)
    {
        entry.Waiting = true;
        Waiting++;
        if (entry.Queued)
        {
            return;
        }

        entry.Queued = true;
        if (_queue.Count == _head || Compare(_queue[^1], entry) < 0)
        {
            _queue.Add(entry);
        }
        else if (!_sorted)
        {
            _queue.Add(entry);
            _disorder = true;
        }
        else if (_head > 0 && Compare(_queue[_head], entry) > 0)
        {
            _queue[--_head] = entry;
        }
        else
        {
            var at = _queue.BinarySearch(_head, _queue.Count - _head, entry, ByAge);
            _queue.Insert(at < 0 ? ~at : at, entry);
        }
    }

    /// <summary>It starts, or is withdrawn. What remains of it in the queue is passed over.</summary>
    public void Leave(Entry entry)
    {
        entry.Waiting = false;
        Waiting--;
    }

    public Entry? Head()
    {
        Sort();
        while (_head < _queue.Count && !_queue[_head].Waiting)
        {
            _queue[_head++].Queued = false;
        }

        return _head < _queue.Count ? _queue[_head] : null;
    }

    /// <summary>After facts have changed: what has gone for good does not stay in the queue.</summary>
    public void Tidy()
    {
        if (_queue.Count > 64 && _queue.Count > 2 * Waiting)
        {
            for (var i = _head; i < _queue.Count; i++)
            {
                _queue[i].Queued = _queue[i].Waiting;
            }

            _queue.RemoveRange(0, _head);
            _queue.RemoveAll(static entry => !entry.Waiting);
            _head = 0;
        }
    }

    private void Sort()
    {
        if (_disorder)
        {
            _queue.RemoveRange(0, _head);
            _head = 0;
            _queue.Sort(ByAge);
        }

        (_sorted, _disorder) = (true, false);
    }

    private static int Compare(Entry a, Entry b)
    {
        var bySubmission = a.Workload.SubmittedMs.CompareTo(b.Workload.SubmittedMs);
        return bySubmission != 0 ? bySubmission : a.Index.CompareTo(b.Index);
    }
}
