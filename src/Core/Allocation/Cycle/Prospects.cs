using Amalgam.Core.Allocation.Stock;

namespace Amalgam.Core.Allocation.Cycle;

/// <summary>
/// What a pass need not even try. Necessary conditions that hold or fail for all equal work of a unit at once, asked when a pass
/// begins: what cannot succeed then cannot succeed later in the same pass, or a grant in it leads to another round.
/// </summary>
internal sealed class Prospects(PlanningState state, CycleTargets targets, Bounds bounds)
{
    private readonly long[] _room = new long[state.Chips.Length];
    private (int Leaf, long Changes) _roomOf = (-1, 0);

    private readonly bool[] _abundant = [.. Enumerable.Range(0, state.Chips.Length).Select(chip => targets.Abundant.Contains(chip))];
    private readonly ulong[] _fits = new ulong[state.Chips.Length];
    private long _fitsAt = -1;

    /// <summary>Idle devices might hold something that the leaf asks for, inside its target.</summary>
    public bool LeafWithinTarget(int leaf)
    {
        CountForms();
        var ask = state.Asks.Of(leaf);
        for (var c = 0; c < _fits.Length; c++)
        {
            var at = state.Tree.At(leaf, c);
            if ((ask.Forms & _fits[c]) != 0 && (ask.LeastMilli == 0 || _abundant[c] || state.Tree.Held[at] + ask.LeastMilli <= targets.Leasable[at]))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Idle devices might hold something that the leaf asks for.</summary>
    public bool LeafAnywhere(int leaf)
    {
        CountForms();
        var forms = state.Asks.Of(leaf).Forms;
        return Array.Exists(_fits, fits => (fits & forms) != 0);
    }

    /// <summary>The leaf might take something back, or something of it goes before lower priorities.</summary>
    public bool LeafReclaims(int leaf)
    {
        var ask = state.Asks.Of(leaf);
        return Array.Exists(RoomOf(leaf), room => ask.LeastMilli <= room) || state.Clock.LowestPriority(leaf) < ask.Priority;
    }

    /// <summary>The same, or a term is over in it, or others might move for it.</summary>
    public bool LeafClaims(int leaf) => LeafReclaims(leaf) || state.Clock.TermOver(leaf) ||
        (state.Settings.Moves && Array.Exists(state.Stocks, stock => stock.FreeMilli >= state.Asks.Of(leaf).LeastMilli));

    // Which forms fit on each class, one member of them at least.
    private void CountForms()
    {
        if (_fitsAt == state.Changes)
        {
            return;
        }

        _fitsAt = state.Changes;
        Array.Clear(_fits);
        foreach (var form in state.Forms)
        {
            for (var c = 0; c < _fits.Length; c++)
            {
                _fits[c] |= Fits(form, c, one: true) ? form.Bit : 0;
            }
        }
    }

    /// <summary>Idle devices might hold it, inside the target of its unit.</summary>
    public bool WithinTarget(Shape shape, bool grows) => Idle(shape, grows, withinTarget: true);

    /// <summary>Idle devices might hold it.</summary>
    public bool Anywhere(Shape shape, bool grows) => Idle(shape, grows, withinTarget: false);

    /// <summary>It might take back what its unit is owed, or go before lower priorities.</summary>
    public bool Reclaims(Shape shape, bool grows) => HasClaim(shape, grows) || OutranksOwn(shape);

    /// <summary>The same, or go before its own unit's work at the end of a term, or others might move for it.</summary>
    public bool Claims(Shape shape, bool grows) =>
        Reclaims(shape, grows) || (!grows && (state.Clock.TermOver(shape.Leaf) || MightMakeRoom(shape)));

    private bool Idle(Shape shape, bool grows, bool withinTarget)
    {
        var milli = grows || shape.Sample.Mixed ? shape.Member.Milli : shape.MinimumMilli;
        for (var c = 0; c < shape.Speeds.Length; c++)
        {
            if (shape.MayUse(c) && Fits(shape.Form, c, grows || shape.Sample.Mixed) &&
                (!withinTarget || milli == 0 || _abundant[c] || state.Tree.Held[state.Tree.At(shape.Leaf, c)] + milli <= targets.Leasable[state.Tree.At(shape.Leaf, c)]))
            {
                return true;
            }
        }

        return false;
    }

    private bool HasClaim(Shape shape, bool grows)
    {
        var milli = grows || shape.Sample.Mixed ? shape.Member.Milli : shape.MinimumMilli;
        var room = RoomOf(shape.Leaf);
        for (var c = 0; c < room.Length; c++)
        {
            if (milli <= room[c] && shape.MayUse(c))
            {
                return true;
            }
        }

        return false;
    }

    // What the leaf may still claim of each class: the same for all its shapes, which are asked about one after the other.
    private long[] RoomOf(int leaf)
    {
        if (_roomOf != (leaf, state.Changes))
        {
            _roomOf = (leaf, state.Changes);
            for (var c = 0; c < _room.Length; c++)
            {
                var at = state.Tree.At(leaf, c);
                _room[c] = Math.Max(Math.Max(targets.Leasable[at], targets.Guaranteed[at]), bounds.Honoured(leaf, c)) - state.Tree.Held[at];
            }
        }

        return _room;
    }

    private bool OutranksOwn(Shape shape) => state.Clock.LowestPriority(shape.Leaf) < shape.Priority;

    private bool MightMakeRoom(Shape shape)
    {
        long free = 0;
        for (var c = 0; c < shape.Speeds.Length && state.Settings.Moves; c++)
        {
            if (shape.MayUse(c) && (free = (shape.Sample.Mixed ? free : 0) + state.Stocks[c].FreeMilli) >= shape.MinimumMilli)
            {
                return true;
            }
        }

        return false;
    }

    // By counting alone, once for all shapes of the form as long as nobody's holdings change.
    private bool Fits(Form form, int chip, bool one)
    {
        if (form.CountedAt != state.Changes)
        {
            form.CountedAt = state.Changes;
            for (var c = 0; c < state.Stocks.Length; c++)
            {
                form.FitsOne[c] = Count(state.Stocks[c], form.Member, 1);
                form.Fits[c] = form.FitsOne[c] && Count(state.Stocks[c], form.Member, form.Minimum);
            }
        }

        return one ? form.FitsOne[chip] : form.Fits[chip];
    }

    private static bool Count(ClassStock stock, in MemberShape member, int members) =>
        stock.FreeMilli >= member.Milli * members && (member.IsShare || GangPlacer.CouldHold(stock, member.Devices, members));
}
