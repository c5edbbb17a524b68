namespace Amalgam.Core.Allocation.Cycle;

/// <summary>Names the next lease that would have to go for a request, by the rules of reclaim and preemption.</summary>
internal sealed class VictimSource(PlanningState state, CycleTargets targets, Bounds bounds, KeyTable keys)
{
    private readonly VictimList?[] _lists = new VictimList?[state.Tree.Units.Count];
    private readonly int[] _onPath = new int[state.Tree.Units.Count];
    private readonly List<int> _losers = [];
    private readonly RoomAfter _might = new();
    private (int Chip, ClaimKind Kind) _losersOf = (-1, default);
    private long _changes;
    private int _path;

    private readonly Dictionary<(Entry Claimant, Entry Victim, ClaimKind Kind), int> _took = [];

    /// <summary>Left out of the search that is going on.</summary>
    public HashSet<Entry> Spared { get; } = [];

    /// <summary>A workload began in this cycle: it may have to give way again.</summary>
    public void Started(Entry entry) => _lists[entry.Shape.Leaf]?.Add(entry);

    /// <summary>The claimant began on devices of the victim.</summary>
    public void Took(Entry claimant, Entry victim, ClaimKind kind) =>
        _took[(claimant, victim, kind)] = _took.GetValueOrDefault((claimant, victim, kind)) + 1;

    // Rights can turn in a circle: first in its unit by priority, then reclaimed by another unit, whose devices a third is guaranteed. Who asks
    // again has lost to a better right what it took: the weakest right in the circle gives up first, a guarantee never.
    private bool MayTakeFrom(Entry claimant, Entry victim, ClaimKind kind) => kind switch
    {
        ClaimKind.Priority or ClaimKind.Term => !_took.ContainsKey((claimant, victim, kind)),
        ClaimKind.Target => _took.GetValueOrDefault((claimant, victim, kind)) < 2,
        _ => true,
    };

    /// <param name="onlyNode">Only members on this node count; -1 = any.</param>
    public Victim? Next(in Request request, int chip, ClaimKind kind, int onlyNode)
    {
        return kind switch
        {
            ClaimKind.Priority => FirstOfOwn(request, chip, onlyNode),
            ClaimKind.Term => FirstPastTerm(request, chip, onlyNode),
            _ => FirstOfOthers(request, chip, kind, onlyNode),
        };
    }

    private VictimList ListOf(int leaf) => _lists[leaf] ??= new VictimList(state.RunningIn[leaf], state.NowMs);

    private Victim? FirstOfOwn(in Request request, int chip, int onlyNode)
    {
        var list = ListOf(request.Shape.Leaf);
        for (var i = 0; i < list.Count; i++)
        {
            var victim = list[i];
            if (victim.Entry.Shape.Priority >= request.Shape.Priority)
            {
                return null;
            }

            if (IsThere(victim, chip, onlyNode, evenPaid: true) && !IsYoung(victim) &&
                MayTakeFrom(request.Entry, victim.Entry, ClaimKind.Priority))
            {
                return victim;
            }
        }

        return null;
    }

    // The one that comes last in the order goes first.
    private Victim? FirstPastTerm(in Request request, int chip, int onlyNode)
    {
        Victim? found = null;
        var worst = keys.Of(request.Entry);
        foreach (var entry in state.RunningIn[request.Shape.Leaf])
        {
            var victim = new Victim(entry, entry.Members.Count > entry.Shape.Minimum, 0, entry.SinceMs);
            if (entry.Shape.Priority <= request.Shape.Priority && entry.Shape.Preemptible && entry.Workload.Resumable &&
                !entry.StartedNow && entry.SinceMs + state.Settings.LeaseTermMs <= state.NowMs &&
                keys.Of(entry) is var key && (key > worst || (key == worst && entry.Index > found?.Entry.Index)) &&
                IsThere(victim, chip, onlyNode) && !IsYoung(victim) && MayTakeFrom(request.Entry, entry, ClaimKind.Term))
            {
                (found, worst) = (victim, key);
            }
        }

        return found;
    }

    private Victim? FirstOfOthers(in Request request, int chip, ClaimKind kind, int onlyNode)
    {
        var levels = Levels(request, chip, kind);
        if (levels == 0)
        {
            return null;
        }

        MarkPath(request.Shape.Leaf);
        Victim? best = null;
        var bestExcess = long.MinValue;
        foreach (var leaf in Losers(chip, kind))
        {
            if (Pushable(request, leaf, chip, kind, levels) is not (> 0 and var pushable))
            {
                continue;
            }

            var at = state.Tree.At(leaf, chip);
            var excess = state.Tree.Held[at] - targets.Leasable[at];
            if (excess < bestExcess || FirstIn(request, leaf, chip, kind, levels, onlyNode, pushable) is not { } victim)
            {
                continue;
            }

            if (excess > bestExcess || VictimList.CompareAcross(victim, best!.Value) < 0)
            {
                (best, bestExcess) = (victim, excess);
            }
        }

        return best;
    }

    // While one claim is looked into nobody else begins: whoever has nothing to lose at its beginning has nothing to lose until its end.
    private List<int> Losers(int chip, ClaimKind kind)
    {
        if (_losersOf != (chip, kind))
        {
            _losersOf = (chip, kind);
            _losers.Clear();
            for (var leaf = 0; leaf < state.RunningIn.Length; leaf++)
            {
                if (state.RunningIn[leaf].Count > 0 && Above(leaf, chip, kind) > 0)
                {
                    _losers.Add(leaf);
                }
            }
        }

        return _losers;
    }

    /// <summary>A claim begins; what was found out for the one before counts only as long as nobody's holdings have changed.</summary>
    public void Begin()
    {
        Spared.Clear();
        (_losersOf, _changes) = (_changes == state.Changes ? _losersOf : (-1, default), state.Changes);
    }

    /// <summary>
    /// Whether there would be room if everybody went who might go at all. Asked when a claim begins, it spares the search, which would try one order
    /// of victims after the other and find none: typically of what holds parts of devices that others share.
    /// </summary>
    public bool MightServe(in Request request, int chip, ClaimKind kind)
    {
        if (Next(request, chip, kind, onlyNode: -1) is null)
        {
            return false;
        }

        if (kind is ClaimKind.Priority or ClaimKind.Term)
        {
            return true;
        }

        _might.Clear(state.Stocks[chip]);
        foreach (var leaf in Losers(chip, kind))
        {
            // Who goes first can make room in the quotas for who goes next, so how far up the claimant may reach is left open.
            var pushable = AboveFloors(leaf, chip, kind);
            var list = pushable > 0 ? ListOf(leaf) : null;
            for (var i = 0; i < list?.Count; i++)
            {
                if (SizeOf(list[i], chip) <= pushable && IsThere(list[i], chip, onlyNode: -1, evenPaid: true))
                {
                    _might.Add(list[i].Entry, chip);
                }
            }
        }

        return _might.Holds(request, chip);
    }

    private long AboveFloors(int leaf, int chip, ClaimKind kind)
    {
        var least = _onPath[leaf] > 0 ? 0 : long.MaxValue;
        for (var u = leaf; u >= 0 && _onPath[u] <= 0; u = state.Tree.Parent[u])
        {
            least = Math.Min(least, Above(u, chip, kind));
        }

        return least;
    }

    private ulong Levels(in Request request, int chip, ClaimKind kind) =>
        kind == ClaimKind.Target ? bounds.LevelsWithinTarget(request, chip) : bounds.LevelsWithinGuarantee(request, chip);

    private Victim? FirstIn(in Request request, int leaf, int chip, ClaimKind kind, ulong levels, int onlyNode, long pushable)
    {
        var list = ListOf(leaf);
        for (var i = 0; i < list.Count; i++)
        {
            var victim = list[i];
            if (IsThere(victim, chip, onlyNode, evenPaid: true) && SizeOf(victim, chip) <= pushable &&
                (kind == ClaimKind.GuaranteeShielded || !IsYoung(victim)) && MayTakeFrom(request.Entry, victim.Entry, kind) &&
                OtherClassesAllow(request, victim, chip, kind, levels))
            {
                return victim;
            }
        }

        return null;
    }

    // A gang over several classes gives all of them up.
    private bool OtherClassesAllow(in Request request, in Victim victim, int chip, ClaimKind kind, ulong levels)
    {
        if (!victim.Entry.Shape.Sample.Mixed)
        {
            return true;
        }

        for (var c = 0; c < state.Chips.Length; c++)
        {
            if (c != chip && victim.Entry.MilliOn(c) is > 0 and var milli && milli > Pushable(request, victim.Entry.Shape.Leaf, c, kind, levels))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// How much the leaf can lose on a class before it, or a family of it that is not the claimant's, is at its floor. For a
    /// guarantee the floor is the guarantee of those who lose, and a gang that straddles it counts as borrowed. For a target it is
    /// the target, and nothing that is wholly within a guarantee goes to who is beyond its own.
    /// </summary>
    private long Pushable(in Request request, int leaf, int chip, ClaimKind kind, ulong levels)
    {
        var least = long.MaxValue;
        for (var u = leaf; u >= 0 && _onPath[u] <= 0; u = state.Tree.Parent[u])
        {
            var parent = state.Tree.Parent[u];
            var common = parent < 0 ? _path : _onPath[parent] - 1;
            if ((parent < 0 || _onPath[parent] > 0) && !Bounds.Has(levels, common))
            {
                return 0;
            }

            least = Math.Min(least, Above(u, chip, kind));
        }

        return least == long.MaxValue || (kind == ClaimKind.Target &&
            BorrowsFromGuaranteed(request, leaf, chip)) ? 0 : least;
    }

    private long Above(int unit, int chip, ClaimKind kind)
    {
        var at = state.Tree.At(unit, chip);
        return kind is ClaimKind.Guarantee or ClaimKind.GuaranteeShielded
            ? state.Tree.Held[at] > bounds.Honoured(unit, chip) ? long.MaxValue - 1 : 0
            : state.Tree.Held[at] - targets.Leasable[at];
    }

    private bool BorrowsFromGuaranteed(in Request request, int leaf, int chip)
    {
        var guaranteed = false;
        var u = leaf;
        for (; u >= 0 && _onPath[u] <= 0; u = state.Tree.Parent[u])
        {
            guaranteed |= state.Tree.Held[state.Tree.At(u, chip)] <= bounds.Honoured(u, chip);
        }

        return guaranteed && IsBeyondGuarantee(request, u, chip);
    }

    // The claimant's branch below the common ancestor, with what it asks for.
    private bool IsBeyondGuarantee(in Request request, int common, int chip)
    {
        var u = request.Shape.Leaf;
        while (state.Tree.Parent[u] != common)
        {
            u = state.Tree.Parent[u];
        }

        return state.Tree.Held[state.Tree.At(u, chip)] + request.Milli > bounds.Honoured(u, chip);
    }

    /// <summary>
    /// Whether what the entry has lost would, put back, lie wholly within a guarantee of its side: then it may not go to who is
    /// beyond its own. Asked of all victims together, since which of them straddles a guarantee depends on who goes first.
    /// </summary>
    public bool IsGuaranteed(in Request request, Entry lost, int members, int chip, ClaimKind kind)
    {
        var milli = members * lost.Shape.Member.Milli;
        if (kind is ClaimKind.Priority or ClaimKind.Term)
        {
            return BecomesBorrowed(request, milli, chip);
        }

        if (kind != ClaimKind.Target || lost.Shape.Sample.Mixed)
        {
            return false;
        }

        MarkPath(request.Shape.Leaf);
        var guaranteed = false;
        var u = lost.Shape.Leaf;
        for (; u >= 0 && _onPath[u] <= 0; u = state.Tree.Parent[u])
        {
            guaranteed |= state.Tree.Held[state.Tree.At(u, chip)] + milli <= bounds.Honoured(u, chip);
        }

        return guaranteed && IsBeyondGuarantee(request, u, chip);
    }

    // Inside a unit too: what would put it above its guarantee and its target is borrowing, and ends nobody whom the guarantee covers. Others
    // would reclaim it at once.
    private bool BecomesBorrowed(in Request request, long milli, int chip)
    {
        for (var u = request.Shape.Leaf; u >= 0; u = state.Tree.Parent[u])
        {
            var held = state.Tree.Held[state.Tree.At(u, chip)];
            if (held + milli <= bounds.Honoured(u, chip) && held + request.Milli > bounds.Honoured(u, chip) && !bounds.WithinTarget(request, chip))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>How many units of the claimant's path do not contain the other.</summary>
    public int LevelsApart(in Request request, Entry other)
    {
        MarkPath(request.Shape.Leaf);
        var u = other.Shape.Leaf;
        while (u >= 0 && _onPath[u] <= 0)
        {
            u = state.Tree.Parent[u];
        }

        return u < 0 ? _path : _onPath[u] - 1;
    }

    private void MarkPath(int leaf)
    {
        Array.Clear(_onPath);
        _path = 0;
        for (var u = leaf; u >= 0; u = state.Tree.Parent[u])
        {
            _onPath[u] = ++_path;
        }
    }

    private bool IsThere(in Victim victim, int chip, int onlyNode, bool evenPaid = false)
    {
        var entry = victim.Entry;
        if (!entry.Running || Spared.Contains(entry) || (entry.Paid && !evenPaid && !victim.Surplus) ||
            (victim.Surplus && entry.Members.Count <= entry.Shape.Minimum))
        {
            return false;
        }

        return MayGo(entry, chip, onlyNode) >= 0;
    }

    /// <summary>The last member on the class and node that may go, or -1.</summary>
    public static int MayGo(Entry entry, int chip, int onlyNode)
    {
        for (var i = entry.Members.Count - 1; i >= 0; i--)
        {
            var slot = entry.Members[i].Slot;
            if (slot.Chip == chip && (onlyNode < 0 || slot.Node == onlyNode))
            {
                return i;
            }
        }

        return -1;
    }

    private bool IsYoung(in Victim victim) =>
        !victim.Entry.StartedNow && state.NowMs - victim.SinceMs < state.Tree.MinRuntime[victim.Entry.Shape.Leaf];

    private static long SizeOf(in Victim victim, int chip) =>
        victim.Surplus ? victim.Entry.Shape.Member.Milli : victim.Entry.MilliOn(chip);
}
