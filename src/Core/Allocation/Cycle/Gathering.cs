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

    private HashSet<(Entry, int, long?, int, int)> Plans() => [.. _reservations.SelectMany(reservation => reservation.Kept.Append((Node: -1, Device: -1))
        .Select(kept => (reservation.For, reservation.Chip, reservation.StartMs, kept.Node, kept.Device)))];

    private bool FitsShare(Entry entry) => Array.Exists(
        starter.ChipsFor(entry.Shape), chip => bounds.FitsShare(new Request(entry), chip));

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
            if (reservation.For != request.Entry && request.Shape.MayUse(reservation.Chip) && !request.Shape.Sample.Mixed &&
                bounds.MayHold(request, reservation.Chip) &&
                (EndsBefore(request, reservation) || HasBetterClaim(request, reservation)) &&
                TakeFrom(request, reservation))
            {
                return true;
            }
        }

        return false;
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
        var best = Array.Empty<(int Node, int[] Devices, long AtMs)>();
        var (bestChip, bestStart) = (-1, long.MaxValue);
        foreach (var chip in starter.ChipsFor(request.Shape))
        {
            if (!request.Shape.Sample.Mixed && bounds.MayHold(request, chip))
            {
                var places = Soonest(request, chip);
                if (places.Length == request.Members && places[^1].AtMs < bestStart)
                {
                    (best, bestChip, bestStart) = (places, chip, places[^1].AtMs);
                }
            }
        }

        if (bestChip >= 0)
        {
            Reserve(request, bestChip, best, bestStart);
        }
    }

    private void Reserve(in Request request, int chip, (int Node, int[] Devices, long AtMs)[] places, long startMs)
    {
        var known = startMs < Unknown;
        var reservation = new Reservation(request.Entry, chip, !bounds.FitsShare(request, chip), known ? startMs : null, places);
        Keep(reservation);
        _reservations.Add(reservation);
        var kept = reservation.Kept.Count;
        var needed = places.Sum(place => place.Devices.Length);
        request.Entry.Gathering = new GatheringNote(
            $"It has waited longer than allowed; {kept} of {needed} {state.Chips[chip]} devices are kept for it, " +
            (known ? $"planned start in {Math.Max(0, startMs - state.NowMs) / 1000} s." : "the start is open because work in the way declared no end."),
            $"{needed - kept} more {state.Chips[chip]} devices on the gathered nodes to become free.",
            known ? startMs : null);
    }

    /// <summary>Where each member could begin the soonest, by node; sorted by time.</summary>
    private (int Node, int[] Devices, long AtMs)[] Soonest(in Request request, int chip)
    {
        var stock = state.Stocks[chip];
        var ends = Ends(chip);
        var places = new List<(int Node, int[] Devices, long AtMs)>();
        var each = request.Shape.Member.Devices;
        for (var node = 0; node < stock.Nodes.Length; node++)
        {
            var devices = Enumerable.Range(0, stock.Nodes[node].Devices)
                .Where(device => !stock.IsBroken(node, device) && !IsKept(chip, node, device))
                .Select(device => (Device: device, AtMs: ends.GetValueOrDefault((node, device), state.NowMs)))
                .OrderBy(device => device.AtMs).ThenBy(device => device.Device).ToArray();
            for (var from = 0; from + each <= devices.Length; from += each)
            {
                places.Add((node, [.. devices[from..(from + each)].Select(device => device.Device)], devices[from + each - 1].AtMs));
            }
        }

        return [.. places.OrderBy(place => place.AtMs).ThenBy(place => place.Node).Take(request.Members)];
    }

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

    private bool EndsBefore(in Request request, Reservation reservation) =>
        reservation.StartMs is { } start && request.Entry.Workload.DeclaredMs is not null && !request.IsGrowth &&
        state.NowMs + Duration(
            SpendOrder.RestMs(request.Entry.Workload.DeclaredMs, request.Entry.Workload.AttainedMs), request.Shape.Speeds[reservation.Chip]) <= start;

    // A guarantee, or a share where the gang itself is larger than the share of its unit.
    private bool HasBetterClaim(in Request request, Reservation reservation) =>
        bounds.LevelsWithinGuarantee(request, reservation.Chip) > 0 ||
        (reservation.Borrows && bounds.WithinTarget(request, reservation.Chip));

    private static long Duration(long workMs, int speed) => (long)Int128.Min((Int128)workMs * 1_000_000 / Math.Max(1, speed), Unknown - 1);

    private bool TakeFrom(in Request request, Reservation reservation)
    {
        var stock = state.Stocks[reservation.Chip];
        Release(reservation);
        _slots.Clear();
        var taken = state.Placer.TryTake(reservation.Chip, request.Shape.Member, request.Members, _slots);
        if (taken)
        {
            state.Take(request.Entry, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_slots));
            starter.Started(request.Entry);
        }

        Keep(reservation);
        return taken;
    }

    // Keeping is a lease of nobody on what is free now of the gathered devices.
    private void Keep(Reservation reservation)
    {
        var stock = state.Stocks[reservation.Chip];
        foreach (var (node, devices, _) in reservation.Places)
        {
            foreach (var device in devices)
            {
                if (stock.FreeMilliOf(node, device) >= 1000)
                {
                    stock.Take(node, [device], Whole);
                    reservation.Kept.Add((node, device));
                }
            }
        }

        state.StockChanged();
    }

    private void Release(Reservation reservation)
    {
        foreach (var (node, device) in reservation.Kept)
        {
            state.Stocks[reservation.Chip].Return(node, [device], Whole);
        }

        reservation.Kept.Clear();
        state.StockChanged();
    }

    private bool IsKept(int chip, int node, int device) =>
        _reservations.Exists(reservation => reservation.Chip == chip && Array.Exists(reservation.Places, place => place.Node == node && Array.IndexOf(place.Devices, device) >= 0));

    private static readonly MemberShape Whole = new(1, 1000, 0, 0, 0);

    private sealed record Reservation(Entry For, int Chip, bool Borrows, long? StartMs, (int Node, int[] Devices, long AtMs)[] Places)
    {
        public HashSet<(int Node, int Device)> Kept { get; } = [];
    }
}
