namespace Amalgam.Core.Allocation.Cycle;

/// <summary>What time and priority make of the running work of each leaf, remembered as long as nothing begins or ceases to run there.</summary>
internal sealed class RunningClock(PlanningState state)
{
    private readonly Known[] _known = [.. Enumerable.Range(0, state.Tree.Units.Count).Select(_ => new Known(state.Chips.Length))];

    /// <summary>The least priority among what may be preempted; the greatest number where there is nothing.</summary>
    public int LowestPriority(int leaf) => Of(leaf).LowestPriority;

    /// <summary>Whether something that can resume has had its lease term.</summary>
    public bool TermOver(int leaf) => Array.Exists(Of(leaf).Oldest, IsOver);

    /// <summary>The same for what has its first member on a class.</summary>
    public bool TermOver(int leaf, int chip) => IsOver(Of(leaf).Oldest[chip]);

    /// <summary>The next end of a shield or of a lease term in the leaf; the greatest number where there is none.</summary>
    public long NextMs(int leaf)
    {
        var known = Of(leaf);
        if (known.AskedMs > state.NowMs || known.NextMs <= state.NowMs)
        {
            (known.AskedMs, known.NextMs) = (state.NowMs, Next(leaf));
        }

        return known.NextMs;
    }

    private bool IsOver(long sinceMs) => sinceMs <= state.NowMs - state.Settings.LeaseTermMs;

    private Known Of(int leaf)
    {
        var known = _known[leaf];
        if (known.Changes != state.RunningChanges[leaf])
        {
            known.Changes = state.RunningChanges[leaf];
            known.LowestPriority = int.MaxValue;
            (known.AskedMs, known.NextMs) = (long.MaxValue, long.MinValue);
            Array.Fill(known.Oldest, long.MaxValue);
            foreach (var entry in state.RunningIn[leaf])
            {
                Add(known, entry);
            }
        }

        return known;
    }

    private static void Add(Known known, Entry entry)
    {
        if (entry.Shape.Preemptible)
        {
            known.LowestPriority = Math.Min(known.LowestPriority, entry.Shape.Priority);
            if (entry.Workload.Resumable)
            {
                var chip = entry.Members[0].Slot.Chip;
                known.Oldest[chip] = Math.Min(known.Oldest[chip], entry.SinceMs);
            }
        }
    }

    private long Next(int leaf)
    {
        var next = long.MaxValue;
        var term = Math.Max(1, state.Settings.LeaseTermMs);
        foreach (var entry in state.RunningIn[leaf])
        {
            var since = entry.SinceMs;
            next = since + state.Tree.MinRuntime[leaf] is var shield && shield > state.NowMs ? Math.Min(next, shield) : next;
            if (entry.Workload.Resumable)
            {
                next = Math.Min(next, since + ((((state.NowMs - since) / term) + 1) * term));
            }
        }

        return next;
    }

    private sealed class Known(int chips)
    {
        public long Changes { get; set; } = -1;

        public long[] Oldest { get; } = new long[chips];

        public int LowestPriority { get; set; }

        public long AskedMs { get; set; }

        public long NextMs { get; set; }
    }
}
