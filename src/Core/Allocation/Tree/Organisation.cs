using System.Collections.Immutable;

namespace Amalgam.Core.Allocation.Tree;

/// <summary>
/// The organisation tree of a cycle with what each unit holds. Units are numbered so that a parent comes before its children
/// and siblings keep their order of creation. Amounts are milli-devices per unit and chip class, in one flat array each.
/// </summary>
/// <remarks>
/// Workloads live in leaves. A unit that has children and workloads of its own (a unit was moved below it) gets an unnamed
/// leaf of weight 1 for them, so that they share with the children like one more sibling.
/// </remarks>
internal sealed class Organisation
{
    private readonly Dictionary<string, int> _numberOf = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _leafOf = new(StringComparer.Ordinal);

    public Organisation(ImmutableArray<UnitState> units, IReadOnlySet<string> withWorkloads, string[] chips)
    {
        Chips = chips;
        var order = ParentsFirst(units);
        var number = _numberOf;
        var inner = new HashSet<string>(units.Where(unit => unit.Parent is not null).Select(unit => unit.Parent!), StringComparer.Ordinal);
        foreach (var unit in order)
        {
            number[unit.Name] = Units.Count;
            _leafOf[unit.Name] = Units.Count;
            Parent.Add(unit.Parent is null ? -1 : number[unit.Parent]);
            Units.Add(unit);
        }

        Named = Units.Count;
        foreach (var unit in order.Where(unit => inner.Contains(unit.Name) && withWorkloads.Contains(unit.Name)))
        {
            _leafOf[unit.Name] = Units.Count;
            Parent.Add(number[unit.Name]);
            Units.Add(new UnitState { Name = unit.Name });
        }

        Children = new List<int>[Units.Count];
        for (var u = 0; u < Units.Count; u++)
        {
            Children[u] = [];
            (Parent[u] < 0 ? Roots : Children[Parent[u]]).Add(u);
        }

        Held = new long[Units.Count * chips.Length];
        Fixed = new long[Units.Count * chips.Length];
        Delivered = new long[Units.Count];
        Guarantee = RollUp(static (unit, chip) => Math.Max(unit.Guarantee[chip], unit.Firm[chip]));
        Firm = RollUp(static (unit, chip) => unit.Firm[chip]);
        Limit = Fill(static (unit, chip) => unit.Limit.Find(chip) ?? long.MaxValue);
        (MinRuntime, MaxWait) = (new long[Units.Count], new long[Units.Count]);
        for (var u = 0; u < Units.Count; u++)
        {
            MinRuntime[u] = Units[u].MinRuntimeMs ?? (Parent[u] < 0 ? 0 : MinRuntime[Parent[u]]);
            MaxWait[u] = Units[u].MaxWaitMs ?? (Parent[u] < 0 ? long.MaxValue : MaxWait[Parent[u]]);
        }
    }

    public string[] Chips { get; }

    public List<UnitState> Units { get; } = [];

    /// <summary>Units beyond this number are the unnamed leaves.</summary>
    public int Named { get; }

    public List<int> Parent { get; } = [];

    public List<int> Roots { get; } = [];

    public List<int>[] Children { get; }

    public long[] Held { get; private set; }

    /// <summary>The part of <see cref="Held"/> that is not preemptible.</summary>
    public long[] Fixed { get; private set; }

    /// <summary>Work per unit of what is held: thousandths of a device at speed 1.</summary>
    public long[] Delivered { get; }

    public long[] Guarantee { get; }

    public long[] Firm { get; }

    public long[] Limit { get; }

    public long[] MinRuntime { get; }

    public long[] MaxWait { get; }

    /// <summary>As it is now, whatever becomes of the holdings.</summary>
    public Organisation Frozen()
    {
        var frozen = (Organisation)MemberwiseClone();
        (frozen.Held, frozen.Fixed) = ([.. Held], [.. Fixed]);
        return frozen;
    }

    public int At(int unit, int chip) => (unit * Chips.Length) + chip;

    /// <summary>The unit of that name itself, or -1.</summary>
    public int NumberOf(string unit) => _numberOf.GetValueOrDefault(unit, -1);

    /// <summary>Where workloads of this unit live, or -1 if there is no such unit.</summary>
    public int LeafOf(string unit) => _leafOf.GetValueOrDefault(unit, -1);

    public bool IsLeaf(int unit) => Children[unit].Count == 0;

    /// <summary>Adds to the unit and all above it.</summary>
    public void Add(int unit, int chip, long milli, int speed, bool preemptible)
    {
        var work = milli * speed / 1_000_000;
        for (var u = unit; u >= 0; u = Parent[u])
        {
            Held[At(u, chip)] += milli;
            Delivered[u] += work;
            if (!preemptible)
            {
                Fixed[At(u, chip)] += milli;
            }
        }
    }

    private long[] Fill(Func<UnitState, string, long> amount)
    {
        var filled = new long[Units.Count * Chips.Length];
        for (var u = 0; u < Units.Count; u++)
        {
            for (var c = 0; c < Chips.Length; c++)
            {
                filled[At(u, c)] = amount(Units[u], Chips[c]);
            }
        }

        return filled;
    }

    // A family is guaranteed the larger of its own and its children's sum.
    private long[] RollUp(Func<UnitState, string, long> own)
    {
        var rolled = Fill(own);
        var children = new long[rolled.Length];
        for (var u = Units.Count - 1; u >= 0; u--)
        {
            for (var c = 0; c < Chips.Length; c++)
            {
                rolled[At(u, c)] = Math.Max(rolled[At(u, c)], children[At(u, c)]);
                if (Parent[u] >= 0)
                {
                    children[At(Parent[u], c)] += rolled[At(u, c)];
                }
            }
        }

        return rolled;
    }

    private static List<UnitState> ParentsFirst(ImmutableArray<UnitState> units)
    {
        var byParent = units.ToLookup(unit => unit.Parent ?? "", StringComparer.Ordinal);
        var order = new List<UnitState>(units.Length);
        var names = new HashSet<string>(units.Select(unit => unit.Name), StringComparer.Ordinal);
        order.AddRange(units.Where(unit => unit.Parent is null || !names.Contains(unit.Parent)).Select(unit => unit with { Parent = null }));
        for (var next = 0; next < order.Count; next++)
        {
            order.AddRange(byParent[order[next].Name]);
        }

        return order;
    }
}
