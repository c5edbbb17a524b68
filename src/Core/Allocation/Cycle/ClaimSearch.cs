using Amalgam.Core.Allocation.Stock;

namespace Amalgam.Core.Allocation.Cycle;

/// <summary>
/// Makes room for a request by ending leases: victims one by one in their order until the request fits, then back with every one
/// that turns out not to be needed. All or nothing: where the request would still not fit nobody loses anything.
/// </summary>
internal sealed class ClaimSearch(PlanningState state, Bounds bounds, VictimSource source, ClaimSettlement settlement)
{
    /// <summary>A search gives up after this many leases: a sentence is better than a cycle that does not end.</summary>
    private const int MostVictims = 2_000;

    private const int MostSpared = 16;

    /// <summary>Nodes looked at one by one where victims in their order make no hole.</summary>
    private const int MostNodes = 256;

    private readonly List<Removal> _removed = [];
    private readonly List<Slot> _slots = [];
    private readonly List<Entry> _failed = [];
    private readonly List<Entry> _tried = [];
    private readonly List<Entry> _guaranteed = [];

    /// <summary>Who had to go for the last request that was cleared.</summary>
    public IReadOnlyList<Removal> Removed => _removed;

    /// <summary>The request begins on the class, its victims gone; false = nothing has changed.</summary>
    public bool TryClaim(in Request request, int chip, ClaimKind kind)
    {
        Begin();
        // What is idle is no matter of rights: it is given out in the passes for idle devices, in their order.
        if (!source.MightServe(request, chip, kind) || Fits(request, chip) || !Search(request, chip, kind))
        {
            return false;
        }

        state.Placer.TryTake(chip, request.Shape.Member, request.Members, _slots);
        settlement.Settle(request, kind, _removed, _slots, bounds.LevelsWithinGuarantee(request, chip));
        return true;
    }

    /// <summary>The request fits on the class, and who had to go for it is in <see cref="Removed"/>; false = nothing has changed.</summary>
    public bool TryClear(in Request request, int chip, ClaimKind kind)
    {
        Begin();
        return source.MightServe(request, chip, kind) && Search(request, chip, kind);
    }

    private void Begin()
    {
        _removed.Clear();
        _guaranteed.Clear();
        source.Begin();
    }

    private bool Search(in Request request, int chip, ClaimKind kind) =>
        ClearLawfully(request, chip, kind, onlyNode: -1) || ClearBesideGuaranteed(request, chip, kind) ||
        (Tried() && (ClearNodeByNode(request, chip, kind) || ClearSparingSome(request, chip, kind) || ClearLargestFirst(request, chip, kind)));

    // In their order victims may be taken that the rest of their unit's holding leaves wholly within its guarantee: without those, then.
    private bool ClearBesideGuaranteed(in Request request, int chip, ClaimKind kind)
    {
        for (var tries = 0; _guaranteed.Count > 0 && tries < MostSpared; tries++)
        {
            source.Spared.UnionWith(_guaranteed);
            if (ClearLawfully(request, chip, kind, onlyNode: -1))
            {
                return true;
            }
        }

        source.Spared.Clear();
        return false;
    }

    /// <summary>Until the request fits, nobody gone who need not go, and nobody who is wholly within a guarantee.</summary>
    private bool ClearLawfully(in Request request, int chip, ClaimKind kind, int onlyNode)
    {
        _guaranteed.Clear();
        return Clear(request, chip, kind, onlyNode) && SpareLawfully(request, chip, kind);
    }

    private bool SpareLawfully(in Request request, int chip, ClaimKind kind)
    {
        Spare(request, chip);
        foreach (var removal in _removed)
        {
            if (source.IsGuaranteed(request, removal.Entry, removal.Members.Count, chip, kind) || WouldInheritGuaranteed(request, removal, chip))
            {
                _guaranteed.Add(removal.Entry);
            }
        }

        if (_guaranteed.Count > 0)
        {
            Remember(0);
            RestoreFrom(0);
        }

        return _guaranteed.Count == 0;
    }

    // Who takes the place of one that others gave way to needs a right to those, too: priority in a unit does not turn what a guarantee
    // was owed into what it may borrow.
    private bool WouldInheritGuaranteed(in Request request, Removal removal, int chip)
    {
        if (!removal.Entry.Paid || removal.Surplus)
        {
            return false;
        }

        foreach (var entry in state.Touched)
        {
            var lost = entry.EvictedFor == removal.Entry && !entry.Running ? entry.Before!.Count(member => member.Slot.Chip == chip) : 0;
            if (lost > 0 && source.IsGuaranteed(request, entry, lost, chip, ClaimKind.Target))
            {
                return true;
            }
        }

        return false;
    }

    private void Remember(int start)
    {
        _failed.Clear();
        _failed.AddRange(_removed.Skip(start).Select(removal => removal.Entry));
    }

    // What the first search had taken before it gave up; nothing taken, nothing to vary.
    private bool Tried()
    {
        _tried.Clear();
        _tried.AddRange(_failed);
        return _tried.Count > 0;
    }

    // Victims in their order may use up what their unit can lose and leave the ones that would do. Without one of them, then, or
    // without the first ones.
    private bool ClearSparingSome(in Request request, int chip, ClaimKind kind)
    {
        var tried = _tried.Distinct().Take(MostSpared).ToList();
        foreach (var spared in tried)
        {
            source.Spared.Clear();
            source.Spared.Add(spared);
            if (ClearLawfully(request, chip, kind, onlyNode: -1))
            {
                return true;
            }
        }

        source.Spared.Clear();
        for (var spared = 0; spared < MostSpared && source.Next(request, chip, kind, -1) is { } first; spared++)
        {
            source.Spared.Add(first.Entry);
            if (ClearLawfully(request, chip, kind, onlyNode: -1))
            {
                return true;
            }
        }

        return false;
    }

    // What a unit can still lose may be enough for the large ones, but not once small ones have used a part of it.
    private bool ClearLargestFirst(in Request request, int chip, ClaimKind kind)
    {
        source.Spared.Clear();
        while (source.Spared.Count < MostSpared && source.Next(request, chip, kind, -1) is { } next)
        {
            source.Spared.Add(next.Entry);
        }

        foreach (var entry in source.Spared.OrderByDescending(entry => entry.MilliOn(chip)).ThenBy(entry => entry.Index).ToList())
        {
            source.Spared.Remove(entry);
            while (source.Next(request, chip, kind, -1) is { } victim && victim.Entry == entry)
            {
                Remove(victim, chip, -1);
                if (Fits(request, chip))
                {
                    return SpareLawfully(request, chip, kind);
                }
            }

            source.Spared.Add(entry);
        }

        RestoreFrom(0);
        return false;
    }

    private bool Clear(in Request request, int chip, ClaimKind kind, int onlyNode)
    {
        var start = _removed.Count;
        while (!Fits(request, chip))
        {
            if (_removed.Count - start >= MostVictims || source.Next(request, chip, kind, onlyNode) is not { } victim)
            {
                Remember(start);
                RestoreFrom(start);
                return false;
            }

            Remove(victim, chip, onlyNode);
        }

        return true;
    }

    // In their order the victims may lie scattered. One member at a time, on the node where the least has to go.
    private bool ClearNodeByNode(in Request request, int chip, ClaimKind kind)
    {
        var stock = state.Stocks[chip];
        if (request.Members > 1 || stock.Nodes.Length > MostNodes)
        {
            return request.Members > 1 && ClearManyNodes(request, chip, kind) && SpareLawfully(request, chip, kind);
        }

        var (bestNode, bestMilli) = (-1, long.MaxValue);
        for (var node = 0; node < stock.Nodes.Length; node++)
        {
            if (ClearLawfully(request, chip, kind, node))
            {
                var milli = _removed.Sum(removal => removal.Members.Count * removal.Entry.Shape.Member.Milli);
                (bestNode, bestMilli) = milli < bestMilli ? (node, milli) : (bestNode, bestMilli);
                RestoreFrom(0);
            }
        }

        return bestNode >= 0 && ClearLawfully(request, chip, kind, bestNode);
    }

    private bool ClearManyNodes(in Request request, int chip, ClaimKind kind)
    {
        var nodes = Math.Min(MostNodes, state.Stocks[chip].Nodes.Length);
        for (var node = 0; node < nodes && _removed.Count < MostVictims; node++)
        {
            while (_removed.Count < MostVictims && source.Next(request, chip, kind, node) is { } victim)
            {
                Remove(victim, chip, node);
                if (Fits(request, chip))
                {
                    return true;
                }
            }
        }

        RestoreFrom(0);
        return false;
    }

    private bool Fits(in Request request, int chip)
    {
        if (!bounds.MayHold(request, chip) ||
            !GangPlacer.TryTake(state.Stocks[chip], chip, request.Shape.Member, request.Members, _slots))
        {
            return false;
        }

        GangPlacer.Undo(state.Stocks[chip], request.Shape.Member, _slots, 0);
        return true;
    }

    // The last one was needed, or the search would have ended before it.
    private void Spare(in Request request, int chip)
    {
        for (var i = _removed.Count - 2; i >= 0; i--)
        {
            var removal = _removed[i];
            if (removal.Surplus && !removal.Entry.Running)
            {
                continue;
            }

            Restore(removal);
            if (Fits(request, chip))
            {
                _removed.RemoveAt(i);
            }
            else
            {
                RemoveAgain(removal);
            }
        }
    }

    private void Remove(in Victim victim, int chip, int onlyNode)
    {
        var removal = new Removal(victim.Entry, victim.Surplus, []);
        _removed.Add(removal);
        if (victim.Surplus)
        {
            removal.Members.Add(state.Release(victim.Entry, VictimSource.MayGo(victim.Entry, chip, onlyNode)));
            return;
        }

        RemoveAgain(removal);
    }

    public void RemoveAgain(Removal removal)
    {
        if (removal.Surplus)
        {
            var number = removal.Members[0].Number;
            removal.Members[0] = state.Release(removal.Entry, removal.Entry.Members.FindIndex(member => member.Number == number));
            return;
        }

        removal.Members.Clear();
        while (removal.Entry.Running)
        {
            removal.Members.Add(state.Release(removal.Entry, removal.Entry.Members.Count - 1));
        }
    }

    private void RestoreFrom(int start)
    {
        for (var i = _removed.Count - 1; i >= start; i--)
        {
            Restore(_removed[i]);
        }

        _removed.RemoveRange(start, _removed.Count - start);
    }

    public void Restore(Removal removal)
    {
        for (var i = removal.Members.Count - 1; i >= 0; i--)
        {
            state.Restore(removal.Entry, removal.Members[i]);
        }
    }}
