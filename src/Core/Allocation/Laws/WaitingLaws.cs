namespace Amalgam.Core.Allocation.Laws;

/// <summary>L4, L4b, L8 and L10: who waits, waits for a reason.</summary>
internal static class WaitingLaws
{
    public static void Check(CheckedState state, List<LawViolation> found)
    {
        Reasons(state, found);
        var gathering = state.Plan.Pending.Any(pending => pending.Reason == PendingReason.Gathering);
        var free = new FreeDevices(state, state.After.Values.SelectMany(pieces => pieces));
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var workload in state.Snapshot.Workloads)
        {
            if (state.After.GetValueOrDefault(workload.Id) is { Count: > 0 } || workload.Held || workload.Members == 0 ||
                !seen.Add(Likeness(workload)))
            {
                continue;
            }

            if (workload.Mixed)
            {
                new MixedLaws(state, workload, free).Check(gathering, found);
                continue;
            }

            foreach (var chip in state.Chips)
            {
                if (IsOpenTo(state, workload, chip))
                {
                    Idle(state, workload, chip, free, gathering, found);
                    new ClaimLaws(state, workload, chip, CheckedState.Least(workload), free).Check(gathering, found);
                }
            }
        }
    }

    private static void Reasons(CheckedState state, List<LawViolation> found)
    {
        var reasons = state.Plan.Pending.ToLookup(pending => pending.WorkloadId, StringComparer.Ordinal);
        foreach (var workload in state.Snapshot.Workloads)
        {
            var given = reasons[workload.Id].ToList();
            var waits = state.After.GetValueOrDefault(workload.Id) is not { Count: > 0 } && workload.Members > 0;
            if (given.Count != (waits ? 1 : 0))
            {
                found.Add(new(Law.L8, $"{workload.Name} {(waits ? "waits" : "runs")} and has {given.Count} reasons"));
            }
            else if (waits && (given[0].Detail.Length == 0 || given[0].SmallestChange.Length == 0 || !Enum.IsDefined(given[0].Reason)))
            {
                found.Add(new(Law.L8, $"the reason of {workload.Name} does not say what would start it"));
            }
        }
    }

    private static void Idle(
        CheckedState state, WorkloadState workload, string chip, FreeDevices free, bool gathering, List<LawViolation> found)
    {
        var least = CheckedState.Least(workload);
        if (!gathering && MayHold(state, workload, chip, least) && free.Fits(workload, chip, least))
        {
            found.Add(new(Law.L10, $"{workload.Name} waits although {least} of its members fit on idle devices of {chip}"));
        }
    }

    /// <summary>Speed, policies, and a stock that could hold it.</summary>
    public static bool IsOpenTo(CheckedState state, WorkloadState workload, string chip)
    {
        if (!RunsOn(workload, chip) ||
            workload.Refusals.Any(refusal => refusal.ChipClass is null || string.Equals(refusal.ChipClass, chip, StringComparison.Ordinal)))
        {
            return false;
        }

        var empty = new FreeDevices(state, []);
        return workload.Mixed
            ? empty.Fits(workload, chip, 1) && state.Chips.Sum(other => RunsOn(workload, other) ? empty.RoomFor(workload, other, CheckedState.Least(workload)) : 0) >= CheckedState.Least(workload)
            : empty.Fits(workload, chip, CheckedState.Least(workload));
    }

    private static bool RunsOn(WorkloadState workload, string chip) =>
        workload.Speeds.Any(speed => speed.Millionths > 0 && string.Equals(speed.ChipClass, chip, StringComparison.Ordinal));

    public static bool MayHold(CheckedState state, WorkloadState workload, string chip, int members)
    {
        var size = CheckedState.Milli(workload, members);
        foreach (var unit in state.PathOf(workload.Unit))
        {
            if (state.Units[unit].Limit.Find(chip) is { } limit && state.HeldAfter(unit, chip) + size > limit)
            {
                return false;
            }

            // What is not preemptible is bound to the guarantee; more of it may run already, so this is the generous side.
            if (!workload.Preemptible && state.HeldAfter(unit, chip) + size > state.Guarantee(unit, chip))
            {
                return false;
            }
        }

        return true;
    }

    private static string Likeness(WorkloadState workload) =>
        $"{workload.Unit}|{workload.Kind}|{CheckedState.Least(workload)}|{workload.DevicesMilli}|{workload.MemoryMiB}|{workload.CpuMilli}|" +
        $"{workload.RamMiB}|{workload.Preemptible}|{workload.Mixed}|{string.Join(';', workload.Speeds)}|{string.Join(';', workload.Refusals)}";
}
