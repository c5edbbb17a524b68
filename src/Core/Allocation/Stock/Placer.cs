using System.Collections.Immutable;
using Amalgam.Core.Allocation.Placement;

namespace Amalgam.Core.Allocation.Stock;

/// <summary>
/// Decides where requests land, on one of several chip classes at equal standing: where the loss to the others is least, see
/// <see cref="PlacementBook"/>. The members of a gang stay near each other unless that costs the others clearly more.
/// Whatever fits is found: the rule chooses among places, it refuses none.
/// </summary>
internal sealed class Placer
{
    /// <summary>Devices per device of a gang by which a nearer place may cost more. Covers all opening charges, not a scarce kind of node.</summary>
    private const double Near = 0.05;

    /// <summary>Larger gangs go by nearness alone: weighing them node by node would not pay.</summary>
    private const int MostMembersWeighed = 64;

    /// <summary>After so many kinds of requests the book begins anew: it keeps what it knows of each.</summary>
    private const int MostKinds = 4096;

    private readonly ClassStock[] _stocks;
    private readonly ImmutableArray<NodeState> _nodes;
    private readonly bool[] _uniform;
    private readonly List<Slot> _trial = [];
    private TypicalWork _typical = TypicalWork.Unknown;
    private PlacementBook? _book;
    private (int Chip, int Node)[] _at = [];
    private int[][] _number = [];

    /// <param name="nodes">Of all classes, in the fixed order that breaks ties.</param>
    public Placer(ClassStock[] stocks, ImmutableArray<NodeState> nodes)
    {
        (_stocks, _nodes, _uniform) = (stocks, nodes, new bool[stocks.Length]);
        Expect(_typical);
    }

    /// <summary>What is typically asked for from now on.</summary>
    public void Learn(TypicalWork typical)
    {
        if (!ReferenceEquals(typical, _typical))
        {
            Expect(typical);
            _book = null;
        }
    }

    private void Expect(TypicalWork typical)
    {
        _typical = typical;
        var (asksCpu, asksRam) = (AsksFor(typical, kind => kind.CpuMilli), AsksFor(typical, kind => kind.RamMiB));
        for (var chip = 0; chip < _stocks.Length; chip++)
        {
            _uniform[chip] = IsUniform(_stocks[chip], asksCpu, asksRam);
        }
    }

    /// <summary>Takes the devices on one class and adds the slots, all or nothing.</summary>
    public bool TryTake(int chip, in MemberShape shape, int members, List<Slot> slots) => TryTake([chip], shape, members, slots);

    /// <summary>The same on whichever of these classes costs the others least.</summary>
    public bool TryTake(ReadOnlySpan<int> chips, in MemberShape shape, int members, List<Slot> slots)
    {
        Span<int> open = stackalloc int[chips.Length];
        var count = 0;
        foreach (var chip in chips)
        {
            if (MightHold(_stocks[chip], shape, members))
            {
                open[count++] = chip;
            }
        }

        if (count == 0)
        {
            return false;
        }

        if (count == 1 && (members > MostMembersWeighed || (_uniform[open[0]] && !shape.IsShare)))
        {
            return GangPlacer.TryTake(_stocks[open[0]], open[0], shape, members, slots);
        }

        Refresh();
        return members == 1 ? TakeOne(open[..count], shape, slots) : TakeGang(open[..count], shape, members, slots);
    }

    private static bool MightHold(ClassStock stock, in MemberShape shape, int members) =>
        stock.FreeMilli >= shape.Milli * members && (shape.IsShare || GangPlacer.CouldHold(stock, shape.Devices, members));

    private bool TakeOne(ReadOnlySpan<int> chips, in MemberShape shape, List<Slot> slots)
    {
        if (_book!.BestAtPrices(_book.KindOf(RequestOf(shape, 1)), chips) is not { } choice)
        {
            return false;
        }

        slots.Add(Take(choice.Node, [.. choice.Devices], shape));
        return true;
    }

    private bool TakeGang(ReadOnlySpan<int> chips, in MemberShape shape, int members, List<Slot> slots)
    {
        var (best, least) = (default(List<Slot>), double.PositiveInfinity);
        foreach (var chip in chips)
        {
            if (PlaceGang(chip, shape, members) is { } placed && (best is null || placed.Loss < least))
            {
                (best, least) = placed;
            }
        }

        if (best is null)
        {
            return false;
        }

        foreach (var slot in best)
        {
            _stocks[slot.Chip].Take(slot.Node, slot.Devices, shape);
        }

        slots.AddRange(best);
        return true;
    }

    /// <summary>Where a gang would go on a class; nothing is taken.</summary>
    private (List<Slot> Slots, double Loss)? PlaceGang(int chip, in MemberShape shape, int members)
    {
        _trial.Clear();
        if (!GangPlacer.TryTake(_stocks[chip], chip, shape, members, _trial))
        {
            return null;
        }

        var near = Weigh(shape);
        if (shape.IsShare || members > MostMembersWeighed)
        {
            return near;
        }

        var scattered = OneByOne(chip, shape, members);
        var together = OnOneNode(chip, shape, members);
        var least = Math.Min(scattered.Loss, Math.Min(near.Loss, together?.Loss ?? near.Loss));
        var allowed = least + Near * shape.Devices * members * WorthTables.Pico * _book!.PriceOf(_number[chip][scattered.Slots[0].Node]);
        return together?.Loss <= allowed ? together : near.Loss <= allowed ? near : scattered;
    }

    /// <summary>What the others lose by the slots on trial, which then go back.</summary>
    private (List<Slot> Slots, double Loss) Weigh(in MemberShape shape)
    {
        var nodes = _trial.Select(slot => _number[slot.Chip][slot.Node]).Distinct().ToList();
        var before = nodes.Sum(_book!.Weighted);
        Load();
        var loss = before - nodes.Sum(_book.Weighted);
        return (Retract(shape), loss);
    }

    private (List<Slot> Slots, double Loss) OneByOne(int chip, in MemberShape shape, int members)
    {
        double loss = 0;
        var kind = _book!.KindOf(RequestOf(shape, 1));
        while (_trial.Count < members)
        {
            // Whatever order a gang of equal members is placed in, as many find room.
            var choice = _book.BestAtPrices(kind, [chip]) ?? throw new InvalidOperationException("a gang that fits did not find its places");
            _trial.Add(Take(choice.Node, [.. choice.Devices], shape));
            loss += choice.Weighted;
            Load();
        }

        return (Retract(shape), loss);
    }

    private (List<Slot> Slots, double Loss)? OnOneNode(int chip, in MemberShape shape, int members)
    {
        if (shape.Devices * members > _stocks[chip].MostDevices ||
            _book!.BestAtPrices(_book.KindOf(RequestOf(shape, members)), [chip]) is not { } choice)
        {
            return null;
        }

        var slots = new List<Slot>();
        for (var member = 0; member < members; member++)
        {
            slots.Add(new Slot(chip, _at[choice.Node].Node, [.. choice.Devices.AsSpan().Slice(member * shape.Devices, shape.Devices)], shape.MilliPerDevice));
        }

        return (slots, choice.Weighted);
    }

    private List<Slot> Retract(in MemberShape shape)
    {
        var slots = _trial.ToList();
        GangPlacer.Undo(_stocks[slots[0].Chip], shape, _trial, 0);
        Load();
        return slots;
    }

    private Slot Take(int number, int[] devices, in MemberShape shape)
    {
        var (chip, node) = _at[number];
        _stocks[chip].Take(node, devices, shape);
        return new Slot(chip, node, devices, shape.MilliPerDevice);
    }

    private static PlacementRequest RequestOf(in MemberShape shape, int members) =>
        new((int)shape.Milli * members, shape.CpuMilli * members, shape.RamMiB * members, shape.MemoryMiB);

    private void Refresh()
    {
        if (_book is null || _book.KindCount > MostKinds)
        {
            Open();
        }

        Load();
        _book!.RefreshPrices();
    }

    /// <summary>Tells the book what has changed in the stock.</summary>
    private void Load()
    {
        for (var chip = 0; chip < _stocks.Length; chip++)
        {
            var changed = _stocks[chip].Changed!;
            for (var node = changed.Next(0); node >= 0; node = changed.Next(node + 1))
            {
                _book!.Load(_number[chip][node], _stocks[chip], node);
                changed.Remove(node);
            }
        }
    }

    private void Open()
    {
        _book = PlacementBook.Of([.. _nodes.Select(ShapeOf)], [.. _stocks.Select(stock => stock.Name)], _typical);
        _at = new (int, int)[_nodes.Length];
        _number = [.. _stocks.Select(stock => new int[stock.Nodes.Length])];
        var next = new int[_stocks.Length];
        for (var number = 0; number < _nodes.Length; number++)
        {
            var chip = ChipOf(_nodes[number]);
            _at[number] = (chip, next[chip]);
            _number[chip][next[chip]++] = number;
        }

        foreach (var stock in _stocks)
        {
            stock.Changed = new NodeSet(stock.Nodes.Length);
            for (var node = 0; node < stock.Nodes.Length; node++)
            {
                stock.Changed.Add(node);
            }
        }
    }

    private NodeShape ShapeOf(NodeState node) => new(ChipOf(node), node.Devices, node.CpuMilli, node.RamMiB, node.MemoryMiB);

    private int ChipOf(NodeState node) => Array.FindIndex(_stocks, stock => string.Equals(stock.Name, node.ChipClass, StringComparison.Ordinal));

    private static bool AsksFor(TypicalWork typical, Func<TypicalRequest, long> amount) =>
        typical.Kinds.IsEmpty || typical.Kinds.Any(kind => kind.DevicesMilli > 0 && amount(kind) > 0);

    // On equal nodes where nobody is short of cores or RAM whole devices cost the same wherever they lie, but for opening an untouched node: the
    // tightest place is the one that the rule would choose, and is found without it.
    private static bool IsUniform(ClassStock stock, bool asksCpu, bool asksRam)
    {
        foreach (var node in stock.Nodes)
        {
            var first = stock.Nodes[0];
            if (node.Devices != first.Devices || node.MemoryMiB != first.MemoryMiB || (asksCpu && node.CpuMilli != 0) || (asksRam && node.RamMiB != 0))
            {
                return false;
            }
        }

        return true;
    }
}
