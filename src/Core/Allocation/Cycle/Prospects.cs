using Amalgam.Core.Allocation.Stock;

namespace Amalgam.Core.Allocation.Cycle;

/// <summary>
/// What a pass need not even try. Necessary conditions that hold or fail for all equal work of a unit at once, asked when a pass
/// begins: what cannot succeed then cannot succeed later in the same pass, or a grant in it leads to another round.
/// </summary>
internal sealed class Prospects(PlanningState state, CycleTargets targets, Bounds bounds)
{
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
                (!withinTarget || milli == 0 || targets.Abundant.Contains(c) || state.Tree.Held[state.Tree.At(shape.Leaf, c)] + milli <= targets.Leasable[state.Tree.At(shape.Leaf, c)]))
            {
                return true;
            }
        }

        return false;
    }

    private bool HasClaim(Shape shape, bool grows)
    {
        var milli = grows || shape.Sample.Mixed ? shape.Member.Milli : shape.MinimumMilli;
        for (var c = 0; c < shape.Speeds.Length; c++)
        {
            var at = state.Tree.At(shape.Leaf, c);
            if (shape.MayUse(c) && state.Tree.Held[at] + milli <= Math.Max(Math.Max(targets.Leasable[at], targets.Guaranteed[at]), bounds.Honoured(shape.Leaf, c)))
            {
                return true;
            }
        }

        return false;
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
