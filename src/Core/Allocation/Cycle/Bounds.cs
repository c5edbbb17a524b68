namespace Amalgam.Core.Allocation.Cycle;

/// <summary>What the quotas say about a request, at every level of the tree.</summary>
internal sealed class Bounds(PlanningState state, CycleTargets targets)
{
    /// <summary>No unit above its limit, and nothing that cannot be taken back beyond a guarantee.</summary>
    public bool MayHold(in Request request, int chip) =>
        WithinLimit(request, chip) && (request.Shape.Preemptible || WithinGuarantee(request, chip));

    public bool WithinLimit(in Request request, int chip)
    {
        for (var u = request.Shape.Leaf; u >= 0; u = state.Tree.Parent[u])
        {
            var at = state.Tree.At(u, chip);
            if (state.Tree.Limit[at] != long.MaxValue && state.Tree.Held[at] + request.Milli > state.Tree.Limit[at])
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>What is not preemptible stays within the guarantee, or within what is left of it where stock was lost.</summary>
    public bool WithinGuarantee(in Request request, int chip)
    {
        for (var u = request.Shape.Leaf; u >= 0; u = state.Tree.Parent[u])
        {
            var at = state.Tree.At(u, chip);
            if (u < state.Tree.Named && state.Tree.Fixed[at] + request.Milli > Honoured(u, chip))
            {
                return false;
            }
        }

        return true;
    }

    public bool WithinTarget(in Request request, int chip)
    {
        for (var u = request.Shape.Leaf; u >= 0; u = state.Tree.Parent[u])
        {
            // The target of a family without siblings binds nobody: what is above it there was lent to its own members.
            var at = state.Tree.At(u, chip);
            if ((u == request.Shape.Leaf || HasSiblings(u)) && state.Tree.Held[at] + request.Milli > targets.Leasable[at])
            {
                return false;
            }
        }

        return true;
    }

    public bool LeafWithinTarget(in Request request, int chip)
    {
        var at = state.Tree.At(request.Shape.Leaf, chip);
        return state.Tree.Held[at] + request.Milli <= targets.Leasable[at];
    }

    /// <summary>Whether the unit's share, were it empty, would hold the request.</summary>
    public bool FitsShare(in Request request, int chip) => request.Milli <= targets.Leasable[state.Tree.At(request.Shape.Leaf, chip)];

    /// <summary>How many levels up from the leaf the request stays within the target, without a gap.</summary>
    public int LevelsWithinTarget(in Request request, int chip)
    {
        var levels = 0;
        for (var u = request.Shape.Leaf; u >= 0; u = state.Tree.Parent[u])
        {
            var at = state.Tree.At(u, chip);
            if (state.Tree.Held[at] + request.Milli > targets.Leasable[at])
            {
                return levels;
            }

            levels++;
        }

        return levels;
    }

    /// <summary>
    /// The highest level up to which the unit there delivers less than its guarantee and the request stays within it, those below
    /// staying within target or guarantee; 0 = none.
    /// </summary>
    public int LevelsWithinGuarantee(in Request request, int chip)
    {
        var (levels, best) = (0, 0);
        for (var u = request.Shape.Leaf; u >= 0; u = state.Tree.Parent[u])
        {
            levels++;
            var at = state.Tree.At(u, chip);
            var after = state.Tree.Held[at] + request.Milli;
            if (after <= Honoured(u, chip) && state.Tree.Delivered[u] + 1 < targets.Alone[u] * 1000)
            {
                best = levels;
            }
            else if (after > Math.Max(targets.Guaranteed[at], targets.Leasable[at]))
            {
                return best;
            }
        }

        return best;
    }

    private bool HasSiblings(int unit) =>
        (state.Tree.Parent[unit] < 0 ? state.Tree.Roots : state.Tree.Children[state.Tree.Parent[unit]]).Count > 1;

    /// <summary>What is guaranteed, or what is left of it where stock was lost.</summary>
    public long Honoured(int unit, int chip)
    {
        var at = state.Tree.At(unit, chip);
        var short_ = targets.Solution.ShortfallMilli[unit][chip];
        return short_ > 0 ? targets.Guaranteed[at] : state.Tree.Guarantee[at];
    }
}
