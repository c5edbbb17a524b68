namespace Amalgam.Core.Allocation.Cycle;

/// <summary>
/// At the end of its lease term a workload that can resume and sits where it does not belong is placed anew on a class where it does:
/// on idle devices, or on those of work that comes later in its unit's order. Without this a job that once started on a slow class to
/// use idle devices would stay there for good.
/// </summary>
internal static class Upgrade
{
    /// <returns>How many moved.</returns>
    public static int Run(PlanningState state, Starter starter, KeyTable keys)
    {
        var moved = 0;
        for (var leaf = 0; leaf < state.RunningIn.Length; leaf++)
        {
            if (!state.Clock.TermOver(leaf))
            {
                continue;
            }

            var candidates = state.RunningIn[leaf].FindAll(entry => IsDue(state, entry));
            candidates.Sort((a, b) => (keys.Of(a), a.Workload.SubmittedMs, a.Index).CompareTo((keys.Of(b), b.Workload.SubmittedMs, b.Index)));
            foreach (var entry in candidates)
            {
                moved += entry.Running && TryMove(state, starter, entry) ? 1 : 0;
            }
        }

        return moved;
    }

    private static bool IsDue(PlanningState state, Entry entry)
    {
        if (!entry.Workload.Resumable || !entry.Shape.Preemptible || entry.Shape.IsService ||
            entry.StartedNow || entry.SinceMs + state.Settings.LeaseTermMs > state.NowMs)
        {
            return false;
        }

        return entry.Members.Exists(member => entry.Shape.Efficiency[member.Slot.Chip] < Starter.Belongs) && entry.Shape.Efficiency.Any(e => e >= Starter.Belongs);
    }

    private static bool TryMove(PlanningState state, Starter starter, Entry entry)
    {
        var held = new List<HeldMember>();
        while (entry.Running)
        {
            held.Add(state.Release(entry, entry.Members.Count - 1));
        }

        var request = new Request(entry);
        if (starter.WhereItBelongs(request) || starter.ReorderToWhereItBelongs(request))
        {
            return true;
        }

        for (var i = held.Count - 1; i >= 0; i--)
        {
            state.Restore(entry, held[i]);
        }

        return false;
    }
}
