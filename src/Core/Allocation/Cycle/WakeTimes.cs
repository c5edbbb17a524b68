namespace Amalgam.Core.Allocation.Cycle;

/// <summary>The next instant at which a plan may differ although nothing happens: a term ends, a shield falls, patience is over.</summary>
internal static class WakeTimes
{
    public static long? Next(PlanningState state)
    {
        var next = long.MaxValue;
        for (var leaf = 0; leaf < state.RunningIn.Length; leaf++)
        {
            if (!state.Rows[leaf].Exists(static row => row.Waiting > 0) && state.Tree.MinRuntime[leaf] == 0)
            {
                continue;
            }

            foreach (var entry in state.RunningIn[leaf])
            {
                var since = entry.SinceMs;
                next = Later(state, next, since + state.Tree.MinRuntime[leaf]);
                if (entry.Workload.Resumable)
                {
                    var term = Math.Max(1, state.Settings.LeaseTermMs);
                    next = Later(state, next, since + ((((state.NowMs - since) / term) + 1) * term));
                }
            }
        }

        foreach (var rows in state.Rows)
        {
            foreach (var row in rows)
            {
                var patience = row.Shape.Sample.MaxWaitMs ?? state.Tree.MaxWait[row.Shape.Leaf];
                if (patience < long.MaxValue && row.Head() is { } head)
                {
                    next = Later(state, next, head.WaitingSinceMs + patience);
                }
            }
        }

        return next == long.MaxValue ? null : next;
    }

    private static long Later(PlanningState state, long next, long at) => at > state.NowMs ? Math.Min(next, at) : next;
}
