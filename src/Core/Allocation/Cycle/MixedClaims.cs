using Amalgam.Core.Allocation.Stock;

namespace Amalgam.Core.Allocation.Cycle;

/// <summary>
/// Makes room for a gang that may sit on several classes. Its part on each class has the right that a gang of that size has there; together
/// the parts are the whole gang, or nobody loses anything.
/// </summary>
internal sealed class MixedClaims(PlanningState state, Bounds bounds, ClaimSearch search, ClaimSettlement settlement)
{
    private readonly MixedPlaces _places = new(state, bounds);
    private readonly List<Removal> _removed = [];
    private readonly List<Slot> _slots = [];

    /// <param name="chips">In order of preference.</param>
    /// <param name="withinTarget">Only where the unit stays within its target at every level.</param>
    public bool TryClaim(in Request request, IReadOnlyList<int> chips, ClaimKind kind, bool withinTarget)
    {
        if (FitsIdle(request, chips, static (_, _) => true))
        {
            return false;
        }

        var may = RightTo(kind, withinTarget);
        _removed.Clear();
        var missing = request.Members - _places.Fill(request, chips, request.Members, may, _slots);
        foreach (var chip in chips)
        {
            missing -= missing > 0 ? ClaimOn(request, chip, kind, missing, may) : 0;
        }

        // Whoever sat on several classes has left devices on those that were looked at before.
        missing -= missing > 0 && _removed.Count > 0 ? _places.Fill(request, chips, missing, may, _slots) : 0;
        _places.Return(request, _slots);
        if (missing > 0)
        {
            for (var i = _removed.Count - 1; i >= 0; i--)
            {
                search.Restore(_removed[i]);
            }

            return false;
        }

        Spare(request, chips, may);
        _places.Fill(request, chips, request.Members, may, _slots);
        _places.Leave(request, _slots);
        settlement.Settle(request, kind, _removed, _slots, GuaranteedLevels(request));
        return true;
    }

    private Func<Request, int, bool> RightTo(ClaimKind kind, bool withinTarget) => kind switch
    {
        ClaimKind.Target when withinTarget => (part, chip) => bounds.WithinTarget(part, chip),
        ClaimKind.Target => (part, chip) => bounds.LevelsWithinTarget(part, chip) != 0,
        ClaimKind.Guarantee or ClaimKind.GuaranteeShielded => (part, chip) => bounds.LevelsWithinGuarantee(part, chip) != 0,
        _ => static (_, _) => true,
    };

    /// <summary>The largest part, up to so many members, for which the class can be cleared.</summary>
    /// <returns>How many members found a place on it.</returns>
    private int ClaimOn(in Request request, int chip, ClaimKind kind, int members, Func<Request, int, bool> may)
    {
        while (members > 0 && !(bounds.MayHold(request with { Only = members }, chip) && may(request with { Only = members }, chip)))
        {
            members--;
        }

        var (least, most, cleared) = (0, members, false);
        for (var part = most; most > least; part = (least + most + 1) / 2)
        {
            cleared = search.TryClear(request with { Only = part }, chip, kind);
            if (!cleared)
            {
                most = part - 1;
                continue;
            }

            least = part;
            if (part < most)
            {
                Restore(search.Removed);
                cleared = false;
            }
        }

        if (least == 0 || (!cleared && !search.TryClear(request with { Only = least }, chip, kind)))
        {
            return 0;
        }

        _removed.AddRange(search.Removed);
        return _places.Fill(request, [chip], least, may, _slots);
    }

    private void Restore(IReadOnlyList<Removal> removed)
    {
        for (var i = removed.Count - 1; i >= 0; i--)
        {
            search.Restore(removed[i]);
        }
    }

    // What was cleared on a later class may leave room for a member that a lease on an earlier one went for.
    private void Spare(in Request request, IReadOnlyList<int> chips, Func<Request, int, bool> may)
    {
        for (var i = _removed.Count - 1; i >= 0; i--)
        {
            if (_removed[i] is { Surplus: true, Entry.Running: false })
            {
                continue;
            }

            search.Restore(_removed[i]);
            if (FitsIdle(request, chips, may))
            {
                _removed.RemoveAt(i);
            }
            else
            {
                search.RemoveAgain(_removed[i]);
            }
        }
    }

    private bool FitsIdle(in Request request, IReadOnlyList<int> chips, Func<Request, int, bool> may)
    {
        var filled = _places.Fill(request, chips, request.Members, may, _slots);
        _places.Return(request, _slots);
        return filled == request.Members;
    }

    // Restores a guarantee where each of its parts does.
    private ulong GuaranteedLevels(in Request request)
    {
        var levels = ulong.MaxValue;
        foreach (var part in _slots.GroupBy(slot => slot.Chip))
        {
            levels &= bounds.LevelsWithinGuarantee(request with { Only = part.Count() }, part.Key);
        }

        return levels;
    }
}
