using Amalgam.Core.Allocation.Tree;

namespace Amalgam.Core.Allocation.Cycle;

/// <summary>What the quotas say about a request, at every level of the tree.</summary>
internal sealed class Bounds(Organisation tree, CycleTargets targets)
{
    /// <summary>No unit above its limit, and nothing that cannot be taken back beyond a guarantee.</summary>
    public bool MayHold(in Request request, int chip) =>
        WithinLimit(request, chip) && (request.Shape.Preemptible || WithinGuarantee(request, chip));

    public bool WithinLimit(in Request request, int chip)
    {
        for (var u = request.Shape.Leaf; u >= 0; u = tree.Parent[u])
        {
            var at = tree.At(u, chip);
            if (tree.Limit[at] != long.MaxValue && tree.Held[at] + request.Milli > tree.Limit[at])
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>What is not preemptible stays within the guarantee, or within what is left of it where stock was lost.</summary>
    public bool WithinGuarantee(in Request request, int chip)
    {
        for (var u = request.Shape.Leaf; u >= 0; u = tree.Parent[u])
        {
            var at = tree.At(u, chip);
            if (u < tree.Named && tree.Fixed[at] + request.Milli > Honoured(u, chip))
            {
                return false;
            }
        }

        return true;
    }

    public bool WithinTarget(in Request request, int chip)
    {
        for (var u = request.Shape.Leaf; u >= 0; u = tree.Parent[u])
        {
            // The target of a family without siblings binds nobody: what is above it there was lent to its own members.
            var at = tree.At(u, chip);
            if ((u == request.Shape.Leaf || HasSiblings(u)) && tree.Held[at] + request.Milli > targets.Leasable[at])
            {
                return false;
            }
        }

        return true;
    }

    public bool LeafWithinTarget(in Request request, int chip)
    {
        var at = tree.At(request.Shape.Leaf, chip);
        return tree.Held[at] + request.Milli <= targets.Leasable[at];
    }

    /// <summary>Whether the unit's share, were it empty, would hold the request.</summary>
    public bool FitsShare(in Request request, int chip) => request.Milli <= targets.Leasable[tree.At(request.Shape.Leaf, chip)];

    /// <summary>The levels (bit 0 = the leaf) up to which the request stays within the target, without a gap.</summary>
    public ulong LevelsWithinTarget(in Request request, int chip)
    {
        var levels = 0UL;
        for (var (u, bit) = (request.Shape.Leaf, 1UL); u >= 0; (u, bit) = (tree.Parent[u], bit << 1))
        {
            var at = tree.At(u, chip);
            if (tree.Held[at] + request.Milli > targets.Leasable[at])
            {
                return levels;
            }

            levels |= bit;
        }

        return levels;
    }

    /// <summary>
    /// The levels (bit 0 = the leaf) at which the unit delivers less than its guarantee and the request stays within it, those below staying
    /// within target or guarantee. What a family is guaranteed is a right against other families and no right inside it, so a claim needs the
    /// very level below the common ancestor.
    /// </summary>
    public ulong LevelsWithinGuarantee(in Request request, int chip)
    {
        var levels = 0UL;
        for (var (u, bit) = (request.Shape.Leaf, 1UL); u >= 0; (u, bit) = (tree.Parent[u], bit << 1))
        {
            var at = tree.At(u, chip);
            var after = tree.Held[at] + request.Milli;
            if (after <= Honoured(u, chip) && tree.Delivered[u] + 1 < targets.Alone[u] * 1000)
            {
                levels |= bit;
            }
            else if (after > Math.Max(targets.Guaranteed[at], targets.Leasable[at]))
            {
                return levels;
            }
        }

        return levels;
    }

    /// <param name="apart">Units of the claimant's path that do not contain the other.</param>
    public static bool Has(ulong levels, int apart) => apart is > 0 and <= 64 && (levels >> (apart - 1) & 1) == 1;

    private bool HasSiblings(int unit) =>
        (tree.Parent[unit] < 0 ? tree.Roots : tree.Children[tree.Parent[unit]]).Count > 1;

    /// <summary>What is guaranteed, or what is left of it where stock was lost.</summary>
    public long Honoured(int unit, int chip)
    {
        var at = tree.At(unit, chip);
        var short_ = targets.Solution.ShortfallMilli[unit][chip];
        return short_ > 0 ? targets.Guaranteed[at] : tree.Guarantee[at];
    }
}
