using Amalgam.ControlPlane.State;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Workloads;
using Microsoft.Extensions.Logging;

namespace Amalgam.ControlPlane.Loops;

/// <summary>How many replicas a service wants, from the requests in flight and waiting. Up at once, down when less was enough for a while, to zero when idle.</summary>
public sealed class ScalingLoop(Cloud cloud, Pool pool, ReplicaRouter router, ILogger<ScalingLoop> logger) : Loop("scaling", TimeSpan.FromSeconds(1), logger)
{
    private static readonly Actor Me = Actor.Loop("scaling");
    private const long CalmMs = 30_000;

    /// <summary>Since when fewer replicas would have been enough.</summary>
    private readonly Dictionary<string, long> _calmSince = new(StringComparer.Ordinal);

    protected override async Task<string> RunOnceAsync(CancellationToken cancel)
    {
        var services = cloud.Read(state => state.OpenServices.Where(workload => !workload.StopRequested).ToList());
        var changes = 0;
        foreach (var workload in services)
        {
            var (wanted, why) = Wanted(workload);
            if (wanted != workload.Wanted)
            {
                await cloud.ChangeAsync(Me, (state, _) => Decide.Yes(true, [new WorkloadScaled(workload.Id, wanted, why), .. Surplus(state, workload.Id, wanted)]));
                changes++;
            }
        }

        return $"{services.Count} services, {changes} scaled";
    }

    /// <summary>The replicas that go: those not ready first, then the least busy, then the youngest.</summary>
    private IEnumerable<JournalEvent> Surplus(CloudState state, string workloadId, int wanted)
    {
        var held = state.OpenLeasesOf(workloadId).Where(lease => lease.EndingMs is null).ToList();
        return held
            .OrderBy(lease => pool.Sight(lease.Id).Ready)
            .ThenBy(lease => pool.Sight(lease.Id).InFlight)
            .ThenByDescending(lease => lease.FromMs)
            .Take(Math.Max(0, held.Count - wanted))
            .Select(lease => new LeaseEnding(lease.Id, LeaseEnd.ScaledDown, null));
    }

    private (int Wanted, string Why) Wanted(Workload workload)
    {
        var service = workload.Spec.Service!;
        var load = router.Load(workload.Id);
        var requests = load.InFlight + load.Waiting;
        var needed = Math.Clamp((requests + service.Slots - 1) / service.Slots, service.MinReplicas, service.MaxReplicas);
        if (needed > workload.Wanted)
        {
            _calmSince.Remove(workload.Id);
            return (needed, $"{requests} requests, {service.Slots} at once per replica");
        }

        if (needed == workload.Wanted)
        {
            _calmSince.Remove(workload.Id);
            return (needed, "");
        }

        _calmSince.TryAdd(workload.Id, cloud.NowMs);
        var calm = cloud.NowMs - _calmSince[workload.Id];
        var patience = needed == 0 ? service.IdleMs : Math.Min(CalmMs, service.IdleMs);
        return calm >= patience ? (needed, $"{requests} requests for {calm / 1000} s") : (workload.Wanted, "");
    }
}
