using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Amalgam.Core.Allocation.Cycle;

/// <summary>Compares what workloads held before and after: the shortest list of decisions that leads from one to the other.</summary>
internal static class Decisions
{
    public static ImmutableArray<AllocationDecision> Of(PlanningState state)
    {
        var decisions = new List<(int Step, AllocationDecision Decision)>();
        foreach (var entry in state.Touched)
        {
            Add(state, entry, decisions);
        }

        // Ending makes room for moving, moving for starting: a plan can be carried out from the front to the back.
        return [.. decisions.OrderBy(decision => decision.Step).Select(decision => decision.Decision)];
    }

    private static void Add(PlanningState state, Entry entry, List<(int, AllocationDecision)> decisions)
    {
        var before = entry.Before!;
        var id = entry.Workload.Id;
        if (before.Count > 0 && entry.Evicted is { } reason)
        {
            if (Same(before, entry.Members))
            {
                return;
            }

            var (meant, cause) = CauseOf(entry, reason);
            decisions.Add((0, new EvictDecision(id, GainerOf(state, entry, meant)?.Workload.Id, cause)));
            before = [];
        }

        if (before.Count == 0)
        {
            if (entry.Running)
            {
                decisions.Add((3, new StartDecision(id, state.Chips[entry.Members[0].Slot.Chip], Placements(state, entry))));
            }
        }
        else if (before.Count != entry.Members.Count)
        {
            decisions.Add((entry.Members.Count < before.Count ? 1 : 4,
                new ResizeDecision(id, Placements(state, entry), entry.Beneficiary?.Workload.Id)));
        }
        else if (!Same(before, entry.Members))
        {
            decisions.Add((2, new MoveDecision(id, Placements(state, entry), entry.Beneficiary?.Workload.Id)));
        }
    }

    // Who went for another that got its own old place back went for what had ended that one.
    private static (Entry? For, EvictionReason Reason) CauseOf(Entry evicted, EvictionReason reason)
    {
        var meant = evicted.EvictedFor;
        for (var hop = 0; hop < 8 && meant is { Evicted: { } earlier, Before: { } before } && Same(before, meant.Members); hop++)
        {
            (meant, reason) = (meant.EvictedFor, earlier);
        }

        return (meant, reason);
    }

    // For whom it was evicted, or, where that one did not begin after all, who has its place now.
    private static Entry? GainerOf(PlanningState state, Entry evicted, Entry? meant)
    {
        if (meant is null || Gained(meant))
        {
            return meant;
        }

        return state.Touched.Find(other => other != evicted && Gained(other) && other.Members.Exists(member =>
            evicted.Before!.Exists(before => before.Slot.Chip == member.Slot.Chip && before.Slot.Node == member.Slot.Node &&
                before.Slot.Devices.AsSpan().IndexOfAny(member.Slot.Devices) >= 0)));
    }

    private static bool Gained(Entry entry) => entry.Running && entry.Before is { } before && !Same(before, entry.Members);

    private static ImmutableArray<MemberPlacement> Placements(PlanningState state, Entry entry)
    {
        var placements = new MemberPlacement[entry.Members.Count];
        for (var i = 0; i < placements.Length; i++)
        {
            var (number, slot, _) = entry.Members[i];
            placements[i] = new MemberPlacement(number, state.Stocks[slot.Chip].Nodes[slot.Node].Name, [.. slot.Devices], slot.MilliPerDevice);
        }

        Array.Sort(placements, static (a, b) => a.Member.CompareTo(b.Member));
        return ImmutableCollectionsMarshal.AsImmutableArray(placements);
    }

    private static bool Same(List<HeldMember> a, List<HeldMember> b)
    {
        if (a.Count != b.Count)
        {
            return false;
        }

        var rest = new List<HeldMember>(b);
        foreach (var member in a)
        {
            var at = rest.FindIndex(other => other.Slot.Chip == member.Slot.Chip && other.Slot.Node == member.Slot.Node &&
                other.Slot.Devices.AsSpan().SequenceEqual(member.Slot.Devices));
            if (at < 0)
            {
                return false;
            }

            rest.RemoveAt(at);
        }

        return true;
    }
}
