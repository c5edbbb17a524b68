namespace Amalgam.Core.Allocation.Cycle;

/// <summary>What must end before anything is given out: leases on lost devices, held work, what no budget pays for, holdings above a limit.</summary>
internal sealed class Withdrawal(PlanningState state)
{
    public void Run()
    {
        foreach (var entry in state.Suspects())
        {
            Check(entry);
        }

        for (var u = 0; u < state.Tree.Units.Count; u++)
        {
            for (var c = 0; c < state.Chips.Length; c++)
            {
                EnforceLimit(u, c);
            }
        }
    }

    private void Check(Entry entry)
    {
        if (entry.Workload.Held || entry.Workload.Members == 0)
        {
            End(entry, EvictionReason.Refused);
            return;
        }

        var refused = false;
        for (var i = entry.Members.Count - 1; i >= 0; i--)
        {
            var leaves = entry.Shape.MustLeave(entry.Members[i].Slot.Chip);
            if (leaves || IsLost(entry.Members[i]))
            {
                refused |= leaves;
                state.Release(entry, i);
            }
        }

        if (entry.Members.Count < entry.Shape.Minimum)
        {
            End(entry, refused ? EvictionReason.Refused : EvictionReason.Lost);
        }

        while (entry.Members.Count > entry.Shape.Members)
        {
            state.Release(entry, entry.Members.Count - 1);
        }
    }

    private void End(Entry entry, EvictionReason reason)
    {
        while (entry.Running)
        {
            state.Release(entry, entry.Members.Count - 1);
        }

        entry.Evicted = reason;
    }

    private bool IsLost(in HeldMember member)
    {
        var stock = state.Stocks[member.Slot.Chip];
        foreach (var device in member.Slot.Devices)
        {
            if (stock.IsBroken(member.Slot.Node, device))
            {
                return true;
            }
        }

        return false;
    }

    private void EnforceLimit(int unit, int chip)
    {
        var at = state.Tree.At(unit, chip);
        if (state.Tree.Held[at] <= state.Tree.Limit[at])
        {
            return;
        }

        var victims = Subtree(unit).SelectMany(leaf => state.RunningIn[leaf])
            .Where(entry => entry.MilliOn(chip) > 0)
            .OrderByDescending(entry => entry.Shape.Preemptible).ThenBy(entry => entry.Shape.Priority)
            .ThenBy(entry => entry.LostWork(state.NowMs)).ThenByDescending(entry => entry.SinceMs)
            .ThenByDescending(entry => entry.Index).ToList();
        foreach (var victim in victims)
        {
            while (state.Tree.Held[at] > state.Tree.Limit[at] && victim.Members.Count > victim.Shape.Minimum)
            {
                state.Release(victim, victim.Members.Count - 1);
            }
        }

        foreach (var victim in victims)
        {
            if (state.Tree.Held[at] > state.Tree.Limit[at])
            {
                End(victim, EvictionReason.Limit);
            }
        }
    }

    private IEnumerable<int> Subtree(int unit)
    {
        var open = new Stack<int>([unit]);
        while (open.TryPop(out var next))
        {
            yield return next;
            foreach (var child in state.Tree.Children[next])
            {
                open.Push(child);
            }
        }
    }
}
