using System.Net.Http.Headers;
using Amalgam.ControlPlane.Ports;
using Amalgam.ControlPlane.State;
using Amalgam.Core.Journal;
using Amalgam.Core.Workloads;
using Microsoft.Extensions.Logging;

namespace Amalgam.ControlPlane.Loops;

/// <summary>Asks replicas whether they can take requests. One that stays silent is ended and replaced.</summary>
public sealed class ReadinessLoop(Cloud cloud, Pool pool, Launches launches, ReplicaKeys keys, ReplicaRouter router, IHttpClientFactory http, ILogger<ReadinessLoop> logger)
    : Loop("readiness", TimeSpan.FromSeconds(1), logger)
{
    private static readonly TimeSpan WhileStarting = TimeSpan.FromMilliseconds(100);
    private static readonly Actor Me = Actor.Loop("readiness");
    private static readonly TimeSpan CheckReadyEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SilentFor = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan NoteMemoryAfter = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, long> _nextCheck = new(StringComparer.Ordinal);

    private bool _starting;

    protected override TimeSpan NextWait => _starting ? WhileStarting : base.NextWait;

    protected override async Task<string> RunOnceAsync(CancellationToken cancel)
    {
        var replicas = cloud.Read(state => state.OpenServices
            .SelectMany(workload => state.OpenLeasesOf(workload.Id).Where(lease => lease.EndingMs is null), (workload, lease) => (Lease: lease, Workload: workload))
            .ToList());
        var due = replicas.Where(replica => cloud.NowMs >= _nextCheck.GetValueOrDefault(replica.Lease.Id)).ToList();
        await Task.WhenAll(due.Select(replica => CheckAsync(replica.Lease, replica.Workload, cancel)));
        foreach (var gone in _nextCheck.Keys.Except(replicas.Select(replica => replica.Lease.Id), StringComparer.Ordinal).ToList())
        {
            _nextCheck.Remove(gone);
        }

        _starting = replicas.Exists(replica => !pool.Sight(replica.Lease.Id).Ready);
        return $"{replicas.Count(replica => pool.Sight(replica.Lease.Id).Ready)} of {replicas.Count} replicas ready";
    }

    private async Task CheckAsync(Lease lease, Workload workload, CancellationToken cancel)
    {
        var sight = pool.Sight(lease.Id);
        if (sight.Observation is not { Phase: MemberPhase.Running, Address: { } address } member || launches.Fit(workload, lease)?.Facts is not { } runtime)
        {
            return;
        }

        var trouble = await AskAsync(address + runtime.HealthPath, keys.For(lease.Id), cancel);
        if (trouble is null)
        {
            await WellAsync(lease, workload, sight, member);
        }
        else
        {
            await SilentAsync(lease, sight, runtime, trouble);
        }
    }

    private async Task WellAsync(Lease lease, Workload workload, MemberSight sight, MemberObservation member)
    {
        (sight.FailingSinceMs, sight.Trouble) = (0, null);
        lock (_nextCheck)
        {
            _nextCheck[lease.Id] = cloud.NowMs + (long)CheckReadyEvery.TotalMilliseconds;
        }

        if (!sight.Ready)
        {
            (sight.Ready, sight.ReadyAtMs) = (true, cloud.NowMs);
            router.Wake();
            if (workload.Failures > 0)
            {
                await cloud.ChangeAsync(Me, (state, _) => Decide.Yes(true, new WorkloadDelayed(workload.Id, 0, 0, "ready again")));
            }
        }

        if (!sight.MemoryNoted && cloud.NowMs - sight.ReadyAtMs > NoteMemoryAfter.TotalMilliseconds && launches.Fit(workload, lease) is { Runtime: { } runtime } fit && member.ResidentMiB > 0)
        {
            sight.MemoryNoted = true;
            await cloud.ChangeAsync(Me, (state, _) =>
                Decide.Yes(true, new MemoryObserved(workload.Spec.Service!.ModelKey, runtime, lease.ChipClass, fit.UncorrectedMemoryMiB, member.ResidentMiB)));
        }
    }

    private async Task SilentAsync(Lease lease, MemberSight sight, RuntimeFacts runtime, string trouble)
    {
        sight.Trouble = trouble;
        sight.FailingSinceMs = sight.FailingSinceMs == 0 ? cloud.NowMs : sight.FailingSinceMs;
        var patience = sight.ReadyAtMs == 0 ? runtime.ReadyTimeout : SilentFor;
        sight.Ready = false;
        if (cloud.NowMs - sight.FailingSinceMs > patience.TotalMilliseconds)
        {
            await cloud.ChangeAsync(Me, (state, _) => state.Lease(lease.Id) is { IsOpen: true, EndingMs: null }
                ? Decide.Yes(true, new LeaseEnding(lease.Id, LeaseEnd.Unhealthy, null))
                : Decide.Yes(false));
        }
    }

    /// <summary>Null when it is well.</summary>
    private async Task<string?> AskAsync(string url, string key, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(TimeSpan.FromSeconds(2));
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
            using var client = http.CreateClient("replica");
            using var answer = await client.SendAsync(request, limit.Token);
            return answer.IsSuccessStatusCode ? null : $"health check answered {(int)answer.StatusCode}";
        }
        catch (Exception fault) when (fault is HttpRequestException or System.Net.Sockets.SocketException or OperationCanceledException && !cancel.IsCancellationRequested)
        {
            return fault is OperationCanceledException ? "health check timed out" : "does not listen yet";
        }
    }
}
