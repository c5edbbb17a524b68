using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger.Pricing;
using Amalgam.Core.Workloads;

namespace Amalgam.Core.Ledger.Budgets;

/// <summary>
/// The one place where device time becomes slices. A slice lies within one UTC day, so that it lies within one period of every budget. Under a hard budget
/// a lease is charged for what it had set aside: time beyond it, which passes only while nobody could end the lease, is recorded and charged to nobody.
/// </summary>
public static class LeaseMetering
{
    /// <summary>Price version of slices beyond what a hard budget held; their amount is 0.</summary>
    public const int Unfunded = -1;

    /// <summary>What is to be charged of one lease up to <paramref name="toMs"/>.</summary>
    public static List<LeaseSlice> Slices(CloudState state, Lease lease, long toMs, long nowMs) => Slices(state, lease, toMs, new BudgetDraft(state.Budgets, nowMs));

    /// <summary>The same within a decision that charges several leases, one after the other: they share the draft and the rater.</summary>
    public static List<LeaseSlice> Slices(CloudState state, Lease lease, long toMs, BudgetDraft draft, Rater? rater = null)
    {
        var funding = state.Budgets.Held.Lease(lease.Id);
        var end = Math.Min(toMs, lease.ToMs ?? long.MaxValue);
        var funded = Math.Min(end, funding?.ToMs ?? long.MaxValue);
        var (held, heldMs) = (funding?.HeldNano ?? 0, funding?.HeldMilliDeviceMs ?? 0);
        var slices = new List<LeaseSlice>();
        foreach (var slice in Rated(state, lease, funded, rater))
        {
            var charged = Capped(slice, held, draft);
            var used = new BudgetUse(charged.AmountNano, lease.ChipClass, (charged.ToMs - charged.FromMs) * charged.MilliDevices);
            var freed = new BudgetUse(Math.Min(held, used.Nano), lease.ChipClass, Math.Min(heldMs, used.MilliDeviceMs));
            (held, heldMs) = (held - freed.Nano, heldMs - freed.MilliDeviceMs);
            draft.Give(lease.Unit, freed);
            draft.Take(lease.Unit, used);
            slices.Add(charged);
        }

        if (end > Math.Max(funded, lease.ChargedToMs))
        {
            slices.AddRange(Beyond(lease, Math.Max(funded, lease.ChargedToMs), end));
        }

        return slices;
    }

    /// <summary>Rated slices that no midnight lies in; what a lease costs from where it is charged to an instant that may lie ahead.</summary>
    /// <param name="rater">Of a decision that charges several leases: monthly quantities count on from one to the next.</param>
    public static IEnumerable<LeaseSlice> Rated(CloudState state, Lease lease, long toMs, Rater? rater = null)
    {
        rater ??= state.Rater();
        var end = Math.Min(toMs, lease.ToMs ?? long.MaxValue);
        while (lease.ChargedToMs < end)
        {
            // What is used before a move belongs to the old place, to the millisecond.
            var to = Math.Min(end, state.Moves.NextAfter(lease.ChargedToMs));
            foreach (var slice in rater.Slices(lease, to))
            {
                yield return slice;
            }

            lease = lease with { ChargedToMs = to };
        }
    }

    /// <summary>A price that rose since the money was set aside takes more only where there is more.</summary>
    private static LeaseSlice Capped(LeaseSlice slice, long heldNano, BudgetDraft draft)
    {
        var room = draft.Room(slice.Unit);
        return room >= slice.AmountNano - heldNano ? slice : slice with
        {
            AmountNano = heldNano + room,
            Entries = Rating.Book(slice.Unit, slice.Entries[^1].Account, heldNano + room),
        };
    }

    private static IEnumerable<LeaseSlice> Beyond(Lease lease, long fromMs, long toMs)
    {
        while (fromMs < toMs)
        {
            var to = Math.Min(toMs, ((fromMs / BudgetCalendar.DayMs) + 1) * BudgetCalendar.DayMs);
            yield return new LeaseSlice(
                lease.Id, lease.WorkloadId, lease.Unit, lease.ChipClass, fromMs, to, lease.MilliDevices, Unfunded, 0, Rating.Book(lease.Unit, "income/beyond-budget", 0), lease.Simulated);
            fromMs = to;
        }
    }
}
