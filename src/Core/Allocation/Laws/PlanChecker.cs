namespace Amalgam.Core.Allocation.Laws;

/// <summary>
/// Checks a plan against the laws that one snapshot and one plan can show; <see cref="PlanReplay"/> checks those that need the
/// allocator to be asked again. Runs in scenarios, simulations, soaks and the live cloud.
/// </summary>
public static class PlanChecker
{
    /// <returns>Every violation found; empty = the plan is lawful.</returns>
    public static IReadOnlyList<LawViolation> Check(AllocationSnapshot snapshot, AllocationPlan plan)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(plan);
        var state = new CheckedState(snapshot, plan);
        var found = new List<LawViolation>();
        HoldingLaws.Check(state, found);
        if (found.Count > 0)
        {
            // Rights are not worth weighing while devices are counted wrongly.
            return found;
        }

        EvictionLaws.Check(state, found);
        WaitingLaws.Check(state, found);
        return found;
    }
}
