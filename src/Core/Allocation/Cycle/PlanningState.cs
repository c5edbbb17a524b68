using System.Collections.Immutable;
using Amalgam.Core.Allocation.Stock;
using Amalgam.Core.Allocation.Tree;

namespace Amalgam.Core.Allocation.Cycle;

/// <summary>
/// A snapshot in the form that a cycle works on: numbered classes, units and workloads, indexed stock, waiting work in rows.
/// Every change goes through <see cref="Take"/> and <see cref="Release"/>, which keep devices and holdings in step.
/// </summary>
internal sealed class PlanningState
{
    private readonly Dictionary<string, int> _chipNumber = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (int Chip, int Node)> _nodeNumber = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly ShapeTable _shapes;

    public PlanningState(AllocationSnapshot snapshot)
    {
        Snapshot = snapshot;
        Chips = [.. snapshot.Nodes.Select(node => node.ChipClass).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        Stocks = new ClassStock[Chips.Length];
        var nodes = snapshot.Nodes.ToLookup(node => node.ChipClass, StringComparer.Ordinal);
        for (var c = 0; c < Chips.Length; c++)
        {
            _chipNumber[Chips[c]] = c;
            Stocks[c] = new ClassStock(Chips[c], [.. nodes[Chips[c]]]);
            for (var n = 0; n < Stocks[c].Nodes.Length; n++)
            {
                _nodeNumber[Stocks[c].Nodes[n].Name] = (c, n);
            }
        }

        Placer = new Placer(Stocks, snapshot.Nodes, snapshot.Typical);
        Tree = new Organisation(snapshot.Units, UnitsWithWorkloads(snapshot), Chips);
        Rows = new List<Row>[Tree.Units.Count];
        RunningIn = new List<Entry>[Tree.Units.Count];
        for (var u = 0; u < Rows.Length; u++)
        {
            Rows[u] = [];
            RunningIn[u] = [];
        }

        _shapes = new ShapeTable(this);
        AddWorkloads();
    }

    public AllocationSnapshot Snapshot { get; }

    public long NowMs => Snapshot.NowMs;

    public string[] Chips { get; }

    public ClassStock[] Stocks { get; }

    public Placer Placer { get; }

    public Organisation Tree { get; }

    /// <summary>In the order of the snapshot.</summary>
    public List<Entry> Entries { get; } = [];

    /// <summary>By leaf.</summary>
    public List<Row>[] Rows { get; }

    /// <summary>By leaf, in no particular order.</summary>
    public List<Entry>[] RunningIn { get; }

    public IReadOnlyList<Shape> Shapes => _shapes.All;

    public int ChipNumber(string chip) => _chipNumber.GetValueOrDefault(chip, -1);

    public Entry? Find(string workloadId) => _entries.GetValueOrDefault(workloadId);

    /// <summary>Members begin to hold devices that the stock has already given out.</summary>
    public void Take(Entry entry, ReadOnlySpan<Slot> slots, long? sinceMs = null)
    {
        Remember(entry);
        if (!entry.Running)
        {
            RunningIn[entry.Shape.Leaf].Add(entry);
            if (entry.Waiting)
            {
                entry.Row!.Leave(entry);
            }
        }

        foreach (var slot in slots)
        {
            entry.Members.Add(new HeldMember(entry.LowestFreeMember(), slot, sinceMs ?? NowMs));
            Count(entry.Shape, slot.Chip, +1);
        }
    }

    /// <summary>One member lets go; with the last one the workload waits again.</summary>
    public HeldMember Release(Entry entry, int position)
    {
        Remember(entry);
        var member = entry.Members[position];
        entry.Members.RemoveAt(position);
        Stocks[member.Slot.Chip].Return(member.Slot.Node, member.Slot.Devices, entry.Shape.Member);
        Count(entry.Shape, member.Slot.Chip, -1);
        if (!entry.Running)
        {
            RunningIn[entry.Shape.Leaf].Remove(entry);
            Enqueue(entry);
        }

        return member;
    }

    /// <summary>Undoes a release: the same member on the same devices.</summary>
    public void Restore(Entry entry, HeldMember member)
    {
        Stocks[member.Slot.Chip].Take(member.Slot.Node, member.Slot.Devices, entry.Shape.Member);
        if (!entry.Running)
        {
            RunningIn[entry.Shape.Leaf].Add(entry);
            if (entry.Waiting)
            {
                entry.Row!.Leave(entry);
            }
        }

        entry.Members.Add(member);
        Count(entry.Shape, member.Slot.Chip, +1);
    }

    /// <summary>One member goes to devices that the stock has already given out; its old ones have been returned.</summary>
    public void Move(Entry entry, int number, Slot slot)
    {
        Remember(entry);
        var position = entry.Members.FindIndex(member => member.Number == number);
        entry.Members[position] = new HeldMember(number, slot, NowMs);
        Changes++;
    }

    private void Count(Shape shape, int chip, int sign)
    {
        Changes++;
        Tree.Add(shape.Leaf, chip, sign * shape.Member.Milli, shape.Speeds[chip], shape.Preemptible);
    }

    /// <summary>Grows with every change of who holds what.</summary>
    public long Changes { get; private set; }

    /// <summary>Workloads that this cycle has touched, in that order.</summary>
    public List<Entry> Touched { get; } = [];

    private void Remember(Entry entry)
    {
        if (entry.Before is null)
        {
            entry.Before = [.. entry.Members];
            Touched.Add(entry);
        }
    }

    private static void Enqueue(Entry entry)
    {
        if (!entry.Workload.Held && entry.Workload.Members > 0)
        {
            entry.Row!.Add(entry);
        }
    }

    private void AddWorkloads()
    {
        foreach (var workload in Snapshot.Workloads)
        {
            var shape = _shapes.Of(workload);
            var entry = new Entry(workload, Entries.Count, shape) { Row = _shapes.RowOf(shape, workload) };
            Entries.Add(entry);
            _entries[workload.Id] = entry;
            shape.Count += workload.Held ? 0 : 1;
        }

        foreach (var lease in Snapshot.Leases)
        {
            if (!lease.Ending && _entries.TryGetValue(lease.WorkloadId, out var entry) &&
                _nodeNumber.TryGetValue(lease.Node, out var at))
            {
                Hold(entry, lease, at.Chip, at.Node);
            }
        }

        foreach (var entry in Entries)
        {
            if (!entry.Running)
            {
                Enqueue(entry);
            }
        }
    }

    private void Hold(Entry entry, MemberLease lease, int chip, int node)
    {
        if (!entry.Running)
        {
            RunningIn[entry.Shape.Leaf].Add(entry);
        }

        var slot = new Slot(chip, node, [.. lease.Devices], (int)lease.MilliPerDevice);
        Stocks[chip].Take(node, slot.Devices, entry.Shape.Member);
        entry.Members.Add(new HeldMember(lease.Member, slot, lease.SinceMs));
        Count(entry.Shape, chip, +1);
    }

    private static HashSet<string> UnitsWithWorkloads(AllocationSnapshot snapshot) =>
        new(snapshot.Workloads.Select(workload => workload.Unit), StringComparer.Ordinal);
}
