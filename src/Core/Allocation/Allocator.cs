using Amalgam.Core.Allocation.Cycle;
using Amalgam.Core.Allocation.Targets;

namespace Amalgam.Core.Allocation;

/// <summary>The allocator: a pure function from what was asked for and what is there to what is to be done.</summary>
public static class Allocator
{
    /// <exception cref="ArgumentException">The snapshot makes no sense; the message says what and where. See <see cref="SnapshotFaults"/>.</exception>
    public static AllocationPlan Plan(AllocationSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        if (SnapshotFaults.First(snapshot) is { } fault)
        {
            throw new ArgumentException(fault, nameof(snapshot));
        }

        return new AllocationCycle(PlanningState.Of(snapshot), new TargetMemory()).Run();
    }
}
