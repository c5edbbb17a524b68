namespace Amalgam.Core.Allocation.Laws;

/// <summary>L5 and L7: nobody loses without need, and nobody loses what is guaranteed.</summary>
internal static class EvictionLaws
{
    public static void Check(CheckedState state, List<LawViolation> found)
    {
        // What is kept for a gathering gang looks idle and is not.
        var gathering = state.Plan.Pending.Any(pending => pending.Reason == PendingReason.Gathering);
        var starts = state.Plan.Decisions.OfType<StartDecision>().Select(start => start.WorkloadId)
            .Concat(state.Plan.Decisions.OfType<ResizeDecision>().Select(resize => resize.WorkloadId))
            .Concat(state.Plan.Decisions.OfType<MoveDecision>().Select(move => move.WorkloadId)).ToHashSet(StringComparer.Ordinal);
        foreach (var evict in state.Plan.Decisions.OfType<EvictDecision>())
        {
            if (evict.BeneficiaryId is not { } beneficiary)
            {
                continue;
            }

            if (!starts.Contains(beneficiary))
            {
                found.Add(new(Law.L5, $"{evict.WorkloadId} was evicted for {beneficiary}, which did not begin"));
                continue;
            }

            if (!gathering)
            {
                Needed(state, evict.WorkloadId, beneficiary, found);
            }

            WithinGuarantee(state, evict.WorkloadId, beneficiary, found);
        }
    }

    private static void Needed(CheckedState state, string victim, string beneficiary, List<LawViolation> found)
    {
        var free = new FreeDevices(state, state.After.Where(held => !string.Equals(held.Key, beneficiary, StringComparison.Ordinal))
            .SelectMany(held => held.Value));
        foreach (var piece in state.Before[victim])
        {
            // One after the other: several pieces of it may share a device.
            if (state.After.GetValueOrDefault(victim) is { Count: > 0 } || Enumerable.Any(piece.Devices, device => free.MilliOf(piece.Node, device) < piece.MilliPerDevice))
            {
                // Its place is taken by a third, or it runs elsewhere: nothing to put back.
                return;
            }

            free.Take(piece);
        }

        // On each class as many as it has there: replicas and mixed gangs may sit on several, each with limits of its own.
        var workload = state.Workloads[beneficiary];
        var fits = state.After[beneficiary].GroupBy(piece => state.ChipOf(piece.Node), StringComparer.Ordinal)
            .All(there => free.Fits(workload, there.Key, there.Count()));
        if (fits && LimitsAllow(state, victim))
        {
            found.Add(new(Law.L5, $"{victim} was evicted for {beneficiary}, which would have fitted without"));
        }
    }

    // What others of its unit have begun since counts too.
    private static bool LimitsAllow(CheckedState state, string victim)
    {
        foreach (var unit in state.PathOf(state.Workloads[victim].Unit))
        {
            foreach (var limit in state.Units[unit].Limit.Entries)
            {
                var back = state.Before[victim].Where(piece => string.Equals(state.ChipOf(piece.Node), limit.Key, StringComparison.Ordinal)).Sum(piece => piece.Milli);
                if (state.HeldAfter(unit, limit.Key) + back > limit.Value)
                {
                    return false;
                }
            }
        }

        return true;
    }

    private static void WithinGuarantee(CheckedState state, string victim, string beneficiary, List<LawViolation> found)
    {
        var gainer = state.PathOf(state.Workloads[beneficiary].Unit);
        var loser = state.PathOf(state.Workloads[victim].Unit);
        var gaining = gainer.Where(unit => !loser.Contains(unit)).ToList();
        foreach (var chip in state.Before[victim].Select(piece => state.ChipOf(piece.Node)).Distinct(StringComparer.Ordinal))
        {
            if (gaining.Count == 0 || state.HeldAfter(gaining[^1], chip) - GainedByOthers(state, gaining[^1], chip, beneficiary) <= state.Guarantee(gaining[^1], chip))
            {
                continue;
            }

            foreach (var unit in loser.Where(unit => !gainer.Contains(unit)))
            {
                var kept = Math.Max(state.HeldAfter(unit, chip), state.HeldBefore(unit, chip) - LostToOutside(state, unit, chip));
                // The lease that straddles the guarantee is the last that may go.
                if (state.HeldAfter(unit, chip) < state.HeldBefore(unit, chip) && kept < state.Guarantee(unit, chip) && kept + LargestLost(state, unit, chip) <= state.Guarantee(unit, chip))
                {
                    found.Add(new(Law.L7, $"{victim} was evicted for {beneficiary}, although {unit} held no more than its guarantee of {chip}"));
                }
            }
        }
    }

    // Others of the unit may have begun after the claimant, by rights of their own.
    private static long GainedByOthers(CheckedState state, string unit, string chip, string claimant)
    {
        long gained = 0;
        foreach (var start in state.Plan.Decisions.OfType<StartDecision>())
        {
            if (!string.Equals(start.WorkloadId, claimant, StringComparison.Ordinal) &&
                state.PathOf(state.Workloads[start.WorkloadId].Unit).Contains(unit))
            {
                gained += state.After[start.WorkloadId].Where(piece => string.Equals(state.ChipOf(piece.Node), chip, StringComparison.Ordinal)).Sum(piece => piece.Milli);
            }
        }

        return gained;
    }

    private static long LostToOutside(CheckedState state, string unit, string chip) => LossesToOutside(state, unit, chip).Sum();

    private static long LargestLost(CheckedState state, string unit, string chip) => LossesToOutside(state, unit, chip).DefaultIfEmpty(0).Max();

    private static IEnumerable<long> LossesToOutside(CheckedState state, string unit, string chip)
    {
        foreach (var evict in state.Plan.Decisions.OfType<EvictDecision>())
        {
            if (evict.BeneficiaryId is { } beneficiary && state.PathOf(state.Workloads[evict.WorkloadId].Unit).Contains(unit) &&
                !state.PathOf(state.Workloads[beneficiary].Unit).Contains(unit))
            {
                yield return state.Before[evict.WorkloadId].Where(piece => string.Equals(state.ChipOf(piece.Node), chip, StringComparison.Ordinal)).Sum(piece => piece.Milli);
            }
        }
    }
}
