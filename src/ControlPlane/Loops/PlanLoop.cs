using Amalgam.ControlPlane.State;
using Amalgam.Core.Allocation;
using Amalgam.Core.Journal;
using Microsoft.Extensions.Logging;

namespace Amalgam.ControlPlane.Loops;

/// <summary>Snapshot, plan, events: gives leases and takes them away. Decides nothing itself.</summary>
public sealed class PlanLoop(Cloud cloud, Pool pool, Fits fits, ILogger<PlanLoop> logger) : Loop("plan", TimeSpan.FromSeconds(5), logger)
{
    private static readonly Actor Me = Actor.Loop("plan");
    private AllocationHistory _history = AllocationHistory.Empty;

    /// <summary>Set while the cloud stops: nothing new is started.</summary>
    public bool Paused { get; set; }

    protected override TimeSpan NextWait
    {
        get
        {
            var wake = pool.Plan?.NextWakeMs is { } at ? TimeSpan.FromMilliseconds(Math.Max(1, at - cloud.NowMs)) : base.NextWait;
            return wake < base.NextWait ? wake : base.NextWait;
        }
    }

    protected override async Task<string> RunOnceAsync(CancellationToken cancel)
    {
        if (Paused)
        {
            return "paused: the cloud is stopping";
        }

        if (!pool.Complete)
        {
            return "waits until every engine has told its nodes";
        }

        var nodes = pool.Nodes;
        var simulated = nodes.Where(node => node.Simulated).Select(node => node.Name).ToHashSet(StringComparer.Ordinal);
        var outcome = await cloud.ChangeAsync<PlanExecution>(Me, (state, nowMs) =>
        {
            var snapshot = Snapshot.Of(state, nodes, fits, _history, nowMs);
            var execution = PlanExecution.Of(Allocator.Plan(snapshot), snapshot, state, simulated);
            return new(execution, execution.Events, null);
        });
        if (outcome.Value is not { } done)
        {
            return outcome.Refusal!.Message;
        }

        pool.Plan = done.Plan;
        _history = done.Plan.History;
        return $"{done.Started} leases started, {done.Ending} told to end, {done.Plan.Pending.Length} workloads wait";
    }
}
