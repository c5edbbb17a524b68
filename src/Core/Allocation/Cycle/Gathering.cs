using Amalgam.Core.Allocation.Order;
using Amalgam.Core.Allocation.Stock;

namespace Amalgam.Core.Allocation.Cycle;

/// <summary>
/// Whoever has waited longer than its class of work allows goes first, and where it still cannot start devices are gathered for
/// it: those that will be free the soonest are kept, and lent only to work that is declared to end before the planned start, or
/// that is owed a guarantee.
/// </summary>
internal sealed class Gathering(PlanningState state, Bounds bounds, Starter starter, Consolidation consolidation)
{
    /// <summary>At one time; the others wait their turn.</summary>
    private const int Most = 8;

    private readonly List<Reservation> _reservations = [];
    private readonly List<Slot> _slots = [];

    /// <summary>Those whose unit's share would hold them: before everybody else.</summary>
    /// <returns>Whether one of them began.</returns>
    public bool RunWithinShare()
    {
        var started = false;
        foreach (var entry in Overdue().Where(FitsShare).Take(Most))
        {
            var request = new Request(entry);
            if (!starter.WhereItBelongs(request) && !starter.WithinTarget(request) && !starter.ReclaimWithinTarget(request) &&
                !starter.Borrow(request) && !starter.Preempt(request) && !consolidation.TryMakeRoom(request))
            {
                Gather(request);
                continue;
            }

            started = true;
        }

        return started;
    }

    /// <summary>Those larger than the share of their unit: before other borrowers.</summary>
    /// <returns>Whether one of them began.</returns>
    public bool RunBeyondShare()
    {
        var started = false;
        foreach (var entry in Overdue().Where(entry => !FitsShare(entry)).Take(Math.Max(0, Most - _reservations.Count)))
        {
            var request = new Request(entry);
            if (entry.Gathering is not null)
            {
                continue;
            }

            if (starter.Borrow(request) || starter.Preempt(request) || consolidation.TryMakeRoom(request))
            {
                started = true;
            }
            else
            {
                Gather(request);
            }
        }

        return started;
    }

    /// <summary>
    /// Gathers anew on what the passes have left: work in the way may have gone, and then the gang begins, or other devices will be
    /// free sooner. A plan that kept what the next one would not keep would not be at rest.
    /// </summary>
    /// <returns>Whether anything changed.</returns>
    public bool Refresh()
    {
        var before = Plans();
        foreach (var reservation in _reservations)
        {
            Release(reservation);
            reservation.For.Gathering = null;
        }

        _reservations.Clear();
        var started = RunWithinShare();
        return RunBeyondShare() || started || !Plans().SetEquals(before);
    }

    private HashSet<(Entry, long?, int, int, int)> Plans() => [.. _reservations.SelectMany(reservation => reservation.Kept.Append((Chip: -1, Node: -1, Device: -1))
        .Select(kept => (reservation.For, reservation.StartMs, kept.Chip, kept.Node, kept.Device)))];

    private bool FitsShare(Entry entry)
    {
        var request = new Request(entry);
        var chips = starter.ChipsFor(entry.Shape);
        return request.Shape.Sample.Mixed
            ? chips.Sum(chip => MostMembers(request, chip, bounds.FitsShare)) >= request.Members
            : Array.Exists(chips, chip => bounds.FitsShare(request, chip));
    }

    // Of a gang over several classes, on one of them.
    private static int MostMembers(in Request request, int chip, Asked may)
    {
        var members = request.Members;
        while (members > 0 && !may(request with { Only = members }, chip))
        {
            members--;
        }

        return members;
    }

    private delegate bool Asked(in Request request, int chip);

    public bool IsGathering => _reservations.Count > 0;

    /// <summary>The cycle is over: nothing is kept any longer. What was noted, by whom it is for.</summary>
    public Dictionary<Entry, GatheringNote> End()
    {
        var notes = new Dictionary<Entry, GatheringNote>();
        foreach (var reservation in _reservations)
        {
            Release(reservation);
            notes[reservation.For] = reservation.For.Gathering!;
            reservation.For.Gathering = null;
        }

        _reservations.Clear();
        return notes;
    }

    /// <summary>Devices that are being gathered, for a request that will have left them in time or has the better claim.</summary>
    public bool Lend(Request request)
    {
        foreach (var reservation in _reservations)
        {
            if (reservation.For == request.Entry)
            {
                continue;
            }

            var chips = Array.FindAll(reservation.Chips, request.Shape.MayUse);
            if (request.Shape.Sample.Mixed
                ? chips.Length > 0 && TakeFrom(reservation, () => LendMixed(request, reservation))
                : Array.Exists(chips, chip => bounds.MayHold(request, chip) && MayBorrow(request, reservation, chip) &&
                    TakeFrom(reservation, () => LendOn(request, chip))))
            {
                return true;
            }
        }

        return false;
    }

    private bool MayBorrow(Request request, Reservation reservation, int chip) =>
        EndsBefore(request, reservation, chip) || HasBetterClaim(request, reservation, chip);

    private bool LendMixed(Request request, Reservation reservation) => starter.TakeMixed(
        request, starter.ChipsFor(request.Shape), (one, chip) => Array.IndexOf(reservation.Chips, chip) < 0 || MayBorrow(one, reservation, chip));

    private bool LendOn(Request request, int chip)
    {
        _slots.Clear();
        if (!state.Placer.TryTake(chip, request.Shape.Member, request.Members, _slots))
        {
            return false;
        }

        state.Take(request.Entry, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_slots));
        starter.Started(request.Entry);
        return true;
    }

    private List<Entry> Overdue()
    {
        var overdue = new List<(Entry Entry, long SinceMs)>();
        for (var leaf = 0; leaf < state.Rows.Length; leaf++)
        {
            var rows = state.HasPatience(leaf) ? state.Rows[leaf] : [];
            foreach (var row in rows)
            {
                var patience = row.Waiting == 0 ? long.MaxValue : row.Shape.Sample.MaxWaitMs ?? state.Tree.MaxWait[row.Shape.Leaf];
                if (patience < long.MaxValue && row.Shape.Member.Milli > 0 && row.Shape.IsDemand && row.Head() is { } head &&
                    head.Evicted is null && state.NowMs - head.WaitingSinceMs >= patience && !IsOutranked(row, rows))
                {
                    overdue.Add((head, head.WaitingSinceMs + patience));
                }
            }
        }

        return [.. overdue.OrderByDescending(late => late.Entry.Shape.Priority).ThenBy(late => late.SinceMs).ThenBy(late => late.Entry.Index)
            .Select(late => late.Entry)];
    }

    // Patience does not overtake priority inside a unit.
    private static bool IsOutranked(Row row, List<Row> rows) =>
        rows.Exists(other => other.Waiting > 0 && other.Shape.IsDemand && other.Shape.Priority > row.Shape.Priority);

    private void Gather(in Request request)
    {
        var chips = starter.ChipsFor(request.Shape);
        var (best, bestStart) = (Array.Empty<Place>(), long.MaxValue);
        if (request.Shape.Sample.Mixed)
        {
            var places = new List<Place>();
            foreach (var chip in chips)
            {
                var most = MostMembers(request, chip, bounds.MayHold);
                places.AddRange(most > 0 ? Soonest(request with { Only = most }, chip) : []);
            }

            best = [.. Sorted(places).Take(request.Members)];
            bestStart = best.Length == request.Members ? best[^1].AtMs : long.MaxValue;
        }

        foreach (var chip in request.Shape.Sample.Mixed ? [] : chips)
        {
            if (bounds.MayHold(request, chip) && Soonest(request, chip) is var here && here.Length == request.Members && here[^1].AtMs < bestStart)
            {
                (best, bestStart) = (here, here[^1].AtMs);
            }
        }

        if (bestStart < long.MaxValue)
        {
            Reserve(request, best, bestStart);
        }
    }

    private void Reserve(in Request request, Place[] places, long startMs)
    {
        var known = startMs < Unknown;
        var reservation = new Reservation(request.Entry, !FitsShareOn(request, places), known ? startMs : null, places);
        Keep(reservation);
        _reservations.Add(reservation);
        var kept = reservation.Kept.Count;
        var needed = places.Sum(place => place.Devices.Length);
        var name = string.Join(" and ", reservation.Chips.Select(chip => state.Chips[chip]));
        request.Entry.Gathering = new GatheringNote(
            $"It has waited longer than allowed; {kept} of {needed} {name} devices are kept for it, " +
            (known ? $"planned start in {Math.Max(0, startMs - state.NowMs) / 1000} s." : "the start is open because work in the way declared no end."),
            $"{needed - kept} more {name} devices on the gathered nodes to become free.",
            known ? startMs : null);
    }

    private bool FitsShareOn(Request request, Place[] places) => places.GroupBy(place => place.Chip)
        .All(part => bounds.FitsShare(request with { Only = part.Count() }, part.Key));

    /// <summary>Where each member could begin the soonest, by node; sorted by time. Fewer places than members where there are no more.</summary>
    private Place[] Soonest(in Request request, int chip)
    {
        var stock = state.Stocks[chip];
        var ends = Ends(chip);
        var places = new List<Place>();
        var each = request.Shape.Member.Devices;
        for (var node = 0; node < stock.Nodes.Length; node++)
        {
            var devices = Enumerable.Range(0, stock.Nodes[node].Devices)
                .Where(device => !stock.IsBroken(node, device) && !IsKept(chip, node, device))
                .Select(device => (Device: device, AtMs: ends.GetValueOrDefault((node, device), state.NowMs)))
                .OrderBy(device => device.AtMs).ThenBy(device => device.Device).ToArray();
            for (var from = 0; from + each <= devices.Length; from += each)
            {
                places.Add(new Place(chip, node, [.. devices[from..(from + each)].Select(device => device.Device)], devices[from + each - 1].AtMs));
            }
        }

        return [.. Sorted(places).Take(request.Members)];
    }

    private static IEnumerable<Place> Sorted(IEnumerable<Place> places) =>
        places.OrderBy(place => place.AtMs).ThenBy(place => place.Chip).ThenBy(place => place.Node);

    /// <summary>Beyond any real end: work that did not say how long it takes.</summary>
    private const long Unknown = long.MaxValue / 2;

    private Dictionary<(int Node, int Device), long> Ends(int chip)
    {
        var ends = new Dictionary<(int, int), long>();
        foreach (var running in state.RunningIn)
        {
            foreach (var entry in running)
            {
                var end = EndOf(entry, chip);
                foreach (var member in entry.Members.Where(member => member.Slot.Chip == chip))
                {
                    foreach (var device in member.Slot.Devices)
                    {
                        var at = (member.Slot.Node, device);
                        ends[at] = Math.Max(ends.GetValueOrDefault(at), end);
                    }
                }
            }
        }

        return ends;
    }

    // Among unknown ends the oldest lease is expected to end first, which never changes as time goes by.
    private long EndOf(Entry entry, int chip) => entry.Workload.DeclaredMs is { } declared && entry.Shape.Speeds[chip] > 0
        ? state.NowMs + Duration(Math.Max(0, declared - entry.Workload.AttainedMs), entry.Shape.Speeds[chip])
        : Unknown + entry.SinceMs;

    private bool EndsBefore(in Request request, Reservation reservation, int chip) =>
        reservation.StartMs is { } start && request.Entry.Workload.DeclaredMs is not null && !request.IsGrowth &&
        state.NowMs + Duration(SpendOrder.RestMs(request.Entry.Workload.DeclaredMs, request.Entry.Workload.AttainedMs), request.Shape.Speeds[chip]) <= start;

    // A guarantee, or a share where the gang itself is larger than the share of its unit.
    private bool HasBetterClaim(in Request request, Reservation reservation, int chip) =>
        bounds.LevelsWithinGuarantee(request, chip) != 0 || (reservation.Borrows && bounds.WithinTarget(request, chip));

    private static long Duration(long workMs, int speed) => (long)Int128.Min((Int128)workMs * 1_000_000 / Math.Max(1, speed), Unknown - 1);

    private bool TakeFrom(Reservation reservation, Func<bool> take)
    {
        Release(reservation);
        var taken = take();
        Keep(reservation);
        return taken;
    }

    // Keeping is a lease of nobody on what is free now of the gathered devices.
    private void Keep(Reservation reservation)
    {
        foreach (var (chip, node, devices, _) in reservation.Places)
        {
            foreach (var device in devices)
            {
                if (state.Stocks[chip].FreeMilliOf(node, device) >= 1000)
                {
                    state.Stocks[chip].Take(node, [device], Whole);
                    reservation.Kept.Add((chip, node, device));
                }
            }
        }

        state.StockChanged();
    }

    private void Release(Reservation reservation)
    {
        foreach (var (chip, node, device) in reservation.Kept)
        {
            state.Stocks[chip].Return(node, [device], Whole);
        }

        reservation.Kept.Clear();
        state.StockChanged();
    }

    private bool IsKept(int chip, int node, int device) => _reservations.Exists(reservation =>
        Array.Exists(reservation.Places, place => place.Chip == chip && place.Node == node && Array.IndexOf(place.Devices, device) >= 0));

    private static readonly MemberShape Whole = new(1, 1000, 0, 0, 0);

    private readonly record struct Place(int Chip, int Node, int[] Devices, long AtMs);

    private sealed record Reservation(Entry For, bool Borrows, long? StartMs, Place[] Places)
    {
        public int[] Chips { get; } = [.. Places.Select(place => place.Chip).Distinct()];

        public HashSet<(int Chip, int Node, int Device)> Kept { get; } = [];
    }
}
