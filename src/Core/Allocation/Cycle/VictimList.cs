namespace Amalgam.Core.Allocation.Cycle;

/// <summary>
/// The running work of one leaf in the order in which it would have to go: lowest priority, least work lost, youngest. Sorted
/// when first asked for; what has ended since is passed over, what starts is put in its place.
/// </summary>
internal sealed class VictimList
{
    private readonly long _nowMs;
    private readonly List<Victim> _victims = [];

    public VictimList(IEnumerable<Entry> running, long nowMs)
    {
        _nowMs = nowMs;
        foreach (var entry in running)
        {
            AddUnsorted(entry);
        }

        _victims.Sort(Compare);
    }

    public int Count => _victims.Count;

    public Victim this[int at] => _victims[at];

    public void Add(Entry entry)
    {
        var from = _victims.Count;
        AddUnsorted(entry);
        for (var i = from; i < _victims.Count; i++)
        {
            var victim = _victims[i];
            _victims.RemoveAt(i);
            var at = _victims.BinarySearch(0, i, victim, Comparer<Victim>.Create(Compare));
            _victims.Insert(at < 0 ? ~at : at, victim);
        }
    }

    private void AddUnsorted(Entry entry)
    {
        if (!entry.Shape.Preemptible)
        {
            return;
        }

        if (entry.Shape.Minimum < entry.Shape.Members)
        {
            _victims.Add(new Victim(entry, Surplus: true, 0, entry.Members.Count == 0 ? _nowMs : entry.Members.Max(member => member.SinceMs)));
        }

        _victims.Add(new Victim(entry, Surplus: false, entry.LostWork(_nowMs), entry.Running ? entry.SinceMs : _nowMs));
    }

    private static int Compare(Victim a, Victim b)
    {
        if (a.Entry.Shape.Priority != b.Entry.Shape.Priority)
        {
            return a.Entry.Shape.Priority.CompareTo(b.Entry.Shape.Priority);
        }

        if (a.Lost != b.Lost)
        {
            return a.Lost.CompareTo(b.Lost);
        }

        if (a.SinceMs != b.SinceMs)
        {
            return b.SinceMs.CompareTo(a.SinceMs);
        }

        return a.Entry.Index != b.Entry.Index ? b.Entry.Index.CompareTo(a.Entry.Index) : b.Surplus.CompareTo(a.Surplus);
    }

    public static int CompareAcross(Victim a, Victim b) => Compare(a, b);
}

/// <param name="Surplus">One member above the minimum goes, the rest keeps running; otherwise the whole workload goes.</param>
/// <param name="Lost">Milli-device-milliseconds of work to be done again.</param>
internal readonly record struct Victim(Entry Entry, bool Surplus, long Lost, long SinceMs);
