using System.Collections.Concurrent;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;
using Amalgam.Core.Workloads;

namespace Amalgam.ControlPlane.State;

/// <summary>Finds the replica for a request; counts what is in flight and what waits, which is what scaling goes by.</summary>
public sealed class ReplicaRouter(Cloud cloud, Pool pool)
{
    /// <summary>Requests that may wait for one service at once.</summary>
    public const int MaxWaiting = 512;

    private readonly ConcurrentDictionary<string, ServiceLoad> _loads = new(StringComparer.Ordinal);
    private volatile TaskCompletionSource _changed = New();

    /// <summary>Set while the cloud stops.</summary>
    public bool Closed { get; private set; }

    /// <summary>Raised when a request has to wait: more replicas may be wanted.</summary>
    public event Action? Waiting;

    public ServiceLoad Load(string workloadId) => _loads.GetOrAdd(workloadId, static _ => new ServiceLoad());

    /// <summary>Services that this caller may use, by name.</summary>
    public static IEnumerable<Workload> Visible(CloudState state, Caller caller) => state.OpenServices
        .Where(workload => !workload.StopRequested && workload.Spec.Service is { } service
            && (state.Units.IsWithin(caller.Unit, service.OpenTo) || state.Units.IsWithin(workload.Spec.Unit, caller.Unit)));

    public static Workload? Find(CloudState state, Caller caller, string model) => Visible(state, caller).FirstOrDefault(workload => workload.Spec.Name == model);

    /// <summary>Wakes all that wait: a replica became ready, or something else changed.</summary>
    public void Wake() => Interlocked.Exchange(ref _changed, New()).TrySetResult();

    public void Close()
    {
        Closed = true;
        Wake();
    }

    /// <summary>A ready replica with room that is open to the caller (null = all are), entered; null when none came in time. The caller leaves it through <see cref="Leave"/>.</summary>
    public async ValueTask<Lease?> EnterAsync(Workload workload, IReadOnlyCollection<string> avoid, TimeSpan patience, CancellationToken cancel, Func<CloudState, Lease, bool>? open = null)
    {
        var load = Load(workload.Id);
        if (TryEnter(workload, load, avoid, open) is { } free)
        {
            return free;
        }

        load.Wait();
        try
        {
            Waiting?.Invoke();
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(patience);
            return await WaitAsync(workload, load, avoid, open, limit.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return null;
        }
        finally
        {
            load.Stop();
        }
    }

    public void Leave(string workloadId, string leaseId)
    {
        // A lease that ended meanwhile is out of sight and must not come back.
        if (pool.Members.TryGetValue(leaseId, out var sight))
        {
            sight.Leave();
        }

        Load(workloadId).Leave(cloud.NowMs);
        Wake();
    }

    /// <summary>Not chosen again until a health check succeeds.</summary>
    public void Distrust(string leaseId, string reason)
    {
        var sight = pool.Sight(leaseId);
        (sight.Ready, sight.Trouble) = (false, reason);
    }

    private async ValueTask<Lease?> WaitAsync(Workload workload, ServiceLoad load, IReadOnlyCollection<string> avoid, Func<CloudState, Lease, bool>? open, CancellationToken cancel)
    {
        while (!Closed && cloud.Read(state => state.Workload(workload.Id)) is { IsOpen: true, StopRequested: false })
        {
            var changed = _changed.Task;
            if (TryEnter(workload, load, avoid, open) is { } lease)
            {
                return lease;
            }

            await changed.WaitAsync(cancel);
        }

        return null;
    }

    /// <summary>
    /// The least busy ready replica. A replica takes more than its slots (it queues a few itself) so that it never runs dry between two requests;
    /// beyond that the request waits here, where a new replica can take it.
    /// </summary>
    private Lease? TryEnter(Workload workload, ServiceLoad load, IReadOnlyCollection<string> avoid, Func<CloudState, Lease, bool>? open)
    {
        var room = workload.Spec.Service!.Slots * 2;
        lock (load)
        {
            var best = cloud.Read(state => state.OpenLeasesOf(workload.Id)
                .Where(lease => lease.EndingMs is null && pool.Sight(lease.Id) is { Ready: true } sight && sight.InFlight < room && !avoid.Contains(lease.Id) && open?.Invoke(state, lease) != false)
                .MinBy(lease => pool.Sight(lease.Id).InFlight / Rate(state, workload, lease)));
            if (best is not null)
            {
                pool.Sight(best.Id).Enter();
                load.Enter();
            }

            return best;
        }
    }

    /// <summary>A replica on a chip twice as fast carries twice as many requests.</summary>
    private static double Rate(CloudState state, Workload workload, Lease lease) =>
        Math.Max(1, state.Speed(workload.Spec.Service!.ModelKey, lease.ChipClass)?.DecodeMilliTokensPerSecond ?? 1000);

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>Requests of one service.</summary>
public sealed class ServiceLoad
{
    private int _inFlight;
    private int _waiting;
    private long _lastMs;

    public int InFlight => Volatile.Read(ref _inFlight);

    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Unix ms when the last request ended; 0 = none yet.</summary>
    public long LastRequestMs => Volatile.Read(ref _lastMs);

    public void Enter() => Interlocked.Increment(ref _inFlight);

    public void Leave(long nowMs)
    {
        Interlocked.Decrement(ref _inFlight);
        Volatile.Write(ref _lastMs, nowMs);
    }

    public void Wait() => Interlocked.Increment(ref _waiting);

    public void Stop() => Interlocked.Decrement(ref _waiting);
}
