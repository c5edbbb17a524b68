namespace Amalgam.Core.Allocation.Cycle;

/// <summary>
/// Waiting workloads that differ in nothing but their age: the same shape, the same declared and attained work. Among them the
/// order of submission is the order of the queue, so only the first needs a key.
/// </summary>
internal sealed class Row(Shape shape, long? declaredMs, long attainedMs)
{
    private readonly List<Entry> _queue = [];
    private int _head;
    private bool _sorted = true;

    public Shape Shape { get; } = shape;

    public long? DeclaredMs { get; } = declaredMs;

    public long AttainedMs { get; } = attainedMs;

    public int Waiting { get; private set; }

    public void Add(Entry entry)
    {
        entry.Waiting = true;
        Waiting++;
        if (entry.Queued)
        {
            return;
        }

        entry.Queued = true;
        if (_queue.Count > _head && Compare(_queue[^1], entry) > 0)
        {
            _sorted = false;
        }

        if (_head > 0 && (_queue.Count == _head || Compare(_queue[_head], entry) > 0))
        {
            _queue[--_head] = entry;
        }
        else
        {
            _queue.Add(entry);
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

    public IEnumerable<Entry> All()
    {
        Sort();
        for (var i = _head; i < _queue.Count; i++)
        {
            if (_queue[i].Waiting)
            {
                yield return _queue[i];
            }
        }
    }

    private void Sort()
    {
        if (!_sorted)
        {
            _queue.RemoveRange(0, _head);
            _head = 0;
            _queue.Sort(Compare);
            _sorted = true;
        }
    }

    private static int Compare(Entry a, Entry b)
    {
        var bySubmission = a.Workload.SubmittedMs.CompareTo(b.Workload.SubmittedMs);
        return bySubmission != 0 ? bySubmission : a.Index.CompareTo(b.Index);
    }
}
