using Amalgam.Core.Allocation.Stock;

namespace Amalgam.Core.Allocation.Cycle;

/// <summary>
/// Looks back when all claims are settled: what a later claim has set free may hold an earlier claimant as well. Then the lease
/// that was ended for it goes on where it was, and the claimant begins in the other place.
/// </summary>
internal sealed class Reprieve(PlanningState state, Bounds bounds)
{
    /// <returns>Whether anything changed: another right may now claim what goes on.</returns>
    public bool Run()
    {
        var changed = false;
        foreach (var entry in state.Touched.ToList())
        {
            if (!entry.Running && !entry.Reprieved && entry.Evicted is not null && entry.EvictedFor is { Running: true } claimant &&
                Begun(claimant) is { Count: > 0 } begun)
            {
                changed |= TryGoOn(entry, claimant, begun);
            }
        }

        return changed;
    }

    // What it did not hold before the cycle: all of a workload that begins, the new members of one that grows.
    private static List<HeldMember> Begun(Entry claimant) => claimant.StartedNow
        ? [.. claimant.Members]
        : claimant.Members.FindAll(member => !claimant.Before!.Exists(before => before.Number == member.Number));

    private bool TryGoOn(Entry entry, Entry claimant, List<HeldMember> held)
    {
        foreach (var member in held)
        {
            state.Stocks[member.Slot.Chip].Return(member.Slot.Node, member.Slot.Devices, claimant.Shape.Member);
        }

        var back = entry.Before!.TakeWhile(member => TakeBack(entry, member)).ToList();
        var slots = new List<Slot>();
        if (back.Count == entry.Before!.Count && LimitsAllow(entry) &&
            TakeElsewhere(claimant, held, slots))
        {
            for (var i = 0; i < held.Count; i++)
            {
                var at = slots.FindIndex(slot => slot.Chip == held[i].Slot.Chip);
                state.Reseat(claimant, claimant.Members.IndexOf(held[i]), slots[at]);
                slots.RemoveAt(at);
            }

            back.ForEach(member => state.Stocks[member.Slot.Chip].Return(member.Slot.Node, member.Slot.Devices, entry.Shape.Member));
            back.ForEach(member => state.Restore(entry, member));
            (entry.Evicted, entry.EvictedFor, entry.Reprieved) = (null, null, true);
            return true;
        }

        back.ForEach(member => state.Stocks[member.Slot.Chip].Return(member.Slot.Node, member.Slot.Devices, entry.Shape.Member));
        held.ForEach(member => state.Stocks[member.Slot.Chip].Take(member.Slot.Node, member.Slot.Devices, claimant.Shape.Member));
        return false;
    }

    // On each class as many as it has there: what it may hold of one says nothing of another.
    private bool TakeElsewhere(Entry claimant, List<HeldMember> held, List<Slot> slots)
    {
        foreach (var part in held.GroupBy(member => member.Slot.Chip))
        {
            if (!state.Placer.TryTake(part.Key, claimant.Shape.Member, part.Count(), slots))
            {
                slots.ForEach(slot => state.Stocks[slot.Chip].Return(slot.Node, slot.Devices, claimant.Shape.Member));
                return false;
            }
        }

        return true;
    }

    private bool TakeBack(Entry entry, HeldMember member)
    {
        var stock = state.Stocks[member.Slot.Chip];
        if (!Array.TrueForAll(member.Slot.Devices, device => stock.DeviceFits(member.Slot.Node, device, entry.Shape.Member)) ||
            !stock.HasRoom(member.Slot.Node, entry.Shape.Member))
        {
            return false;
        }

        stock.Take(member.Slot.Node, member.Slot.Devices, entry.Shape.Member);
        return true;
    }

    private bool LimitsAllow(Entry entry) => entry.Before!.Select(member => member.Slot.Chip).Distinct()
        .All(chip => bounds.WithinLimit(new Request(entry, entry.Before!.Count(member => member.Slot.Chip == chip)), chip));
}
