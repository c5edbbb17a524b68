using System.Collections.Immutable;
using Amalgam.Core.Allocation.Stock;
using Amalgam.Core.Allocation.Targets;
using Amalgam.Core.Allocation.Tree;

namespace Amalgam.Core.Allocation.Cycle;

/// <summary>
/// The world in the form that a cycle works on: numbered classes, units and workloads, indexed stock, waiting work in rows. It outlives
/// the cycle: facts come in one by one (the other half of this class), a cycle changes it through <see cref="Take"/> and
/// <see cref="Release"/>, which keep devices and holdings in step, and <see cref="Rollback"/> brings back the facts.
/// </summary>
internal sealed partial class PlanningState
{
    private readonly Dictionary<string, int> _chipNumber = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (int Chip, int Node)> _nodeNumber = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Entry> _entries;
    private readonly HashSet<Entry> _suspects = [];
    private readonly ShapeTable _shapes;
    private readonly int[] _waitingIn;
    private int _passes;

    /// <param name="withWorkloads">Units that have workloads of their own, as far as they have children too.</param>
    /// <param name="expected">About how many workloads will be added.</param>
    public PlanningState(
        ImmutableArray<NodeState> nodes, ImmutableArray<UnitState> units, IReadOnlySet<string> withWorkloads, AllocationSettings settings, int expected = 0)
    {
        Settings = settings;
        _entries = new(expected, StringComparer.Ordinal);
        Chips = [.. nodes.Select(node => node.ChipClass).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        Stocks = new ClassStock[Chips.Length];
        var byChip = nodes.ToLookup(node => node.ChipClass, StringComparer.Ordinal);
        for (var c = 0; c < Chips.Length; c++)
        {
            _chipNumber[Chips[c]] = c;
            Stocks[c] = new ClassStock(Chips[c], [.. byChip[Chips[c]]]);
            for (var n = 0; n < Stocks[c].Nodes.Length; n++)
            {
                _nodeNumber[Stocks[c].Nodes[n].Name] = (c, n);
            }
        }

        Placer = new Placer(Stocks, nodes);
        Tree = new Organisation(units, withWorkloads, Chips);
        TargetUnits = CycleTargets.Units(Tree);
        (Rows, RunningIn, GrowingIn) = (new List<Row>[Tree.Units.Count], new List<Entry>[Tree.Units.Count], new List<Entry>[Tree.Units.Count]);
        (RunningChanges, _waitingIn) = (new long[Tree.Units.Count], new int[Tree.Units.Count]);
        for (var u = 0; u < Rows.Length; u++)
        {
            (Rows[u], RunningIn[u], GrowingIn[u]) = ([], [], []);
        }

        Clock = new RunningClock(this);
        _shapes = new ShapeTable(this);
        AskChanges = new long[Tree.Units.Count];
        Holders = new NodeHolders(Stocks);
        (Demand, Asks) = (new DemandTable(_shapes, Chips.Length), new LeafAsks(this));
    }

    public AllocationSettings Settings { get; }

    /// <summary>The instant of the cycle.</summary>
    public long NowMs { get; set; }

    /// <summary>What units were owed before the cycle.</summary>
    public AllocationHistory History { get; set; } = AllocationHistory.Empty;

    public string[] Chips { get; }

    public ClassStock[] Stocks { get; }

    public Placer Placer { get; }

    public Organisation Tree { get; }

    /// <summary>The same as the solver of targets sees it.</summary>
    public ImmutableArray<TargetUnit> TargetUnits { get; }

    /// <summary>In no particular order.</summary>
    public IEnumerable<Entry> Entries => _entries.Values;

    public int Workloads => _entries.Count;

    /// <summary>By leaf, in no particular order.</summary>
    public List<Row>[] Rows { get; }

    /// <summary>By leaf, in no particular order.</summary>
    public List<Entry>[] RunningIn { get; }

    /// <summary>By leaf: those running with fewer members than they would take.</summary>
    public List<Entry>[] GrowingIn { get; }

    /// <summary>By leaf: grows whenever something begins or ceases to run there.</summary>
    public long[] RunningChanges { get; }

    public RunningClock Clock { get; }

    /// <summary>In no particular order.</summary>
    public IReadOnlyList<Shape> Shapes => _shapes.All;

    public IReadOnlyCollection<Form> Forms => _shapes.Forms;

    public DemandTable Demand { get; }

    public LeafAsks Asks { get; }

    public NodeHolders Holders { get; }

    /// <summary>By leaf: grows whenever another kind of work begins or ceases to wait or to grow there.</summary>
    public long[] AskChanges { get; }

    /// <summary>Whether anything in the leaf may wait only so long.</summary>
    public bool HasPatience(int leaf) => _shapes.WithPatience > 0 || Tree.MaxWait[leaf] < long.MaxValue;

    /// <summary>Milli-device-milliseconds that all work, running or waiting, is expected to take.</summary>
    public Int128 OpenWork { get; private set; }

    /// <summary>Grows with every change of who holds what.</summary>
    public long Changes { get; private set; }

    /// <summary>Workloads that this cycle has touched, in that order.</summary>
    public List<Entry> Touched { get; } = [];

    /// <summary>Workloads that hold nothing, those that a person holds included.</summary>
    public int Waiting { get; private set; }

    /// <summary>Grows with every fact.</summary>
    public long Facts { get; private set; }

    /// <summary>Workloads that hold nothing and would run if they could.</summary>
    public int WaitingIn(int leaf) => _waitingIn[leaf];

    public int ChipNumber(string chip) => _chipNumber.GetValueOrDefault(chip, -1);

    public Entry? Find(string workloadId) => _entries.GetValueOrDefault(workloadId);

    /// <summary>A number that no pass had before, in this cycle or an earlier one.</summary>
    public int NextPass() => ++_passes;

    /// <summary>Members begin to hold devices that the stock has already given out.</summary>
    public void Take(Entry entry, ReadOnlySpan<Slot> slots, long? sinceMs = null)
    {
        Remember(entry);
        Begin(entry);
        foreach (var slot in slots)
        {
            entry.Members.Add(new HeldMember(entry.LowestFreeMember(), slot, sinceMs ?? NowMs));
            Holders.Add(entry, slot);
            Count(entry.Shape, slot.Chip, +1);
        }

        Index(entry);
    }

    /// <summary>One member lets go; with the last one the workload waits again.</summary>
    public HeldMember Release(Entry entry, int position)
    {
        Remember(entry);
        return LetGo(entry, position);
    }

    /// <summary>Undoes a release: the same member on the same devices.</summary>
    public void Restore(Entry entry, HeldMember member)
    {
        Stocks[member.Slot.Chip].Take(member.Slot.Node, member.Slot.Devices, entry.Shape.Member);
        Begin(entry);
        entry.Members.Add(member);
        Holders.Add(entry, member.Slot);
        Count(entry.Shape, member.Slot.Chip, +1);
        Index(entry);
    }

    /// <summary>A member that began in this cycle begins elsewhere instead, on devices that the stock has already given out.</summary>
    public void Reseat(Entry entry, int position, Slot slot)
    {
        Holders.Remove(entry, entry.Members[position].Slot);
        entry.Members[position] = entry.Members[position] with { Slot = slot };
        Holders.Add(entry, slot);
    }

    /// <summary>One member goes to devices that the stock has already given out; its old ones have been returned.</summary>
    public void Move(Entry entry, int number, Slot slot)
    {
        Remember(entry);
        var position = entry.Members.FindIndex(member => member.Number == number);
        Holders.Remove(entry, entry.Members[position].Slot);
        entry.Members[position] = new HeldMember(number, slot, NowMs);
        Holders.Add(entry, slot);
        Changes++;
        RunningChanges[entry.Shape.Leaf]++;
    }

    /// <summary>What is idle has become less or more although nobody holds anything else than before: what was counted counts no more.</summary>
    public void StockChanged() => Changes++;

    /// <summary>Ends a cycle: everybody holds again what the facts say, whatever the plan was.</summary>
    public void Rollback()
    {
        for (var i = Touched.Count - 1; i >= 0; i--)
        {
            var entry = Touched[i];
            for (var m = entry.Members.Count - 1; m >= 0; m--)
            {
                var slot = entry.Members[m].Slot;
                Stocks[slot.Chip].Return(slot.Node, slot.Devices, entry.Shape.Member);
                Holders.Remove(entry, slot);
                Count(entry.Shape, slot.Chip, -1);
            }
        }

        for (var i = Touched.Count - 1; i >= 0; i--)
        {
            var entry = Touched[i];
            var (before, ran) = (entry.Before!, entry.Running);
            entry.Members.Clear();
            if (before.Count == 0 && ran)
            {
                Cease(entry);
            }

            foreach (var member in before)
            {
                Stocks[member.Slot.Chip].Take(member.Slot.Node, member.Slot.Devices, entry.Shape.Member);
                if (!ran)
                {
                    Begin(entry);
                    ran = true;
                }

                entry.Members.Add(member);
                Holders.Add(entry, member.Slot);
                Count(entry.Shape, member.Slot.Chip, +1);
            }

            Index(entry);
            entry.Forget();
        }

        Touched.Clear();
    }

    private HeldMember LetGo(Entry entry, int position)
    {
        var member = entry.Members[position];
        entry.Members.RemoveAt(position);
        Holders.Remove(entry, member.Slot);
        Stocks[member.Slot.Chip].Return(member.Slot.Node, member.Slot.Devices, entry.Shape.Member);
        Count(entry.Shape, member.Slot.Chip, -1);
        if (!entry.Running)
        {
            Cease(entry);
        }

        Index(entry);
        return member;
    }

    private void Count(Shape shape, int chip, int sign)
    {
        Changes++;
        Tree.Add(shape.Leaf, chip, sign * shape.Member.Milli, shape.Speeds[chip], shape.Preemptible);
    }

    private void Remember(Entry entry)
    {
        if (entry.Before is null)
        {
            entry.Before = [.. entry.Members];
            Touched.Add(entry);
        }
    }

    // What holds nothing yet is about to hold something.
    private void Begin(Entry entry)
    {
        if (entry.Running)
        {
            return;
        }

        Idle(entry, -1);
        var running = RunningIn[entry.Shape.Leaf];
        entry.RunningAt = running.Count;
        running.Add(entry);
        if (entry.Waiting)
        {
            Leave(entry);
        }
        else
        {
            OpenWork += entry.Row.Work;
        }
    }

    // Its last member has let go.
    private void Cease(Entry entry)
    {
        var running = RunningIn[entry.Shape.Leaf];
        running[entry.RunningAt] = running[^1];
        running[entry.RunningAt].RunningAt = entry.RunningAt;
        running.RemoveAt(running.Count - 1);
        OpenWork -= entry.Row.Work;
        Enqueue(entry);
    }

    private void Idle(Entry entry, int sign)
    {
        if (entry.Workload.Members > 0)
        {
            Waiting += sign;
            entry.Shape.Waiting += sign;
        }
    }

    private void Enqueue(Entry entry)
    {
        Idle(entry, +1);
        if (!entry.Workload.Held && entry.Workload.Members > 0)
        {
            entry.Row.Add(entry);
            _waitingIn[entry.Shape.Leaf]++;
            AskChanges[entry.Shape.Leaf] += entry.Row.Waiting == 1 ? 1 : 0;
            OpenWork += entry.Row.Work;
        }
    }

    private void Leave(Entry entry)
    {
        entry.Row.Leave(entry);
        _waitingIn[entry.Shape.Leaf]--;
        AskChanges[entry.Shape.Leaf] += entry.Row.Waiting == 0 ? 1 : 0;
    }

    // After every change of its members: whether it would take more.
    private void Index(Entry entry)
    {
        RunningChanges[entry.Shape.Leaf]++;
        var grows = entry.Running && entry.Members.Count < entry.Shape.Members && !entry.Workload.Held;
        var growing = GrowingIn[entry.Shape.Leaf];
        if (grows && entry.GrowingAt < 0)
        {
            entry.GrowingAt = growing.Count;
            growing.Add(entry);
            AskChanges[entry.Shape.Leaf]++;
        }
        else if (!grows && entry.GrowingAt >= 0)
        {
            growing[entry.GrowingAt] = growing[^1];
            growing[entry.GrowingAt].GrowingAt = entry.GrowingAt;
            growing.RemoveAt(growing.Count - 1);
            entry.GrowingAt = -1;
            AskChanges[entry.Shape.Leaf]++;
        }
    }

}
