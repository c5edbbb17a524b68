namespace Amalgam.Core.Allocation.Cycle;

/// <summary>The next instant at which a plan may differ although nothing happens: a term ends, a shield falls, patience is over.</summary>
internal static class WakeTimes
{
    public static long? Next(PlanningState state)
    {
        var next = long.MaxValue;
        for (var leaf = 0; leaf < state.RunningIn.Length; leaf++)
        {
            if (state.RunningIn[leaf].Count > 0 && (state.WaitingIn(leaf) > 0 || state.Tree.MinRuntime[leaf] > 0))
            {
                next = Math.Min(next, state.Clock.NextMs(leaf));
            }

            if (state.WaitingIn(leaf) > 0 && state.HasPatience(leaf))
            {
                next = Math.Min(next, PatienceOver(state, leaf));
            }
        }

        return next == long.MaxValue ? null : next;
    }

    private static long PatienceOver(PlanningState state, int leaf)
    {
        var next = long.MaxValue;
        foreach (var row in state.Rows[leaf])
        {
            var patience = row.Shape.Sample.MaxWaitMs ?? state.Tree.MaxWait[leaf];
            if (patience < long.MaxValue && row.Head() is { } head && head.WaitingSinceMs + patience > state.NowMs)
            {
                next = Math.Min(next, head.WaitingSinceMs + patience);
            }
        }

        return next;
    }
}
