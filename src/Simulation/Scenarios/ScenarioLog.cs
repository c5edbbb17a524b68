using Amalgam.Core.Allocation;

namespace Amalgam.Simulation.Scenarios;

/// <summary>What happened, in order.</summary>
internal sealed class ScenarioLog
{
    public List<(long AtMs, AllocationDecision? Decision, string Workload)> Entries { get; } = [];

    public void Add(long atMs, AllocationDecision decision) => Entries.Add((atMs, decision, decision.WorkloadId));

    public void AddFinish(long atMs, string workload) => Entries.Add((atMs, null, workload));
}
