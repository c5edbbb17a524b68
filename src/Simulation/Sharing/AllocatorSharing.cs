using System.Collections.Immutable;
using System.Globalization;
using Amalgam.Core.Allocation;

namespace Amalgam.Simulation.Sharing;

/// <summary>
/// The cloud's own allocator: each round one snapshot, one plan, carried out to the letter. Jobs can resume; nothing else is special.
/// </summary>
public sealed class AllocatorSharing(
    ImmutableArray<NodeState> nodes, ImmutableArray<UnitState> units, ImmutableArray<string> classes, double restartSeconds, AllocationSettings? settings = null)
    : ISharingPolicy
{
    private readonly SortedDictionary<int, ImmutableArray<MemberLease>> _leases = [];
    private readonly Dictionary<string, JobProgress> _byId = [];
    private readonly Dictionary<int, WorkloadState> _workloads = [];
    private readonly AllocationSettings _settings = settings ?? AllocationSettings.Default;
    private readonly Dictionary<string, int> _classOf = nodes.ToDictionary(n => n.Name, n => classes.IndexOf(n.ChipClass));
    private readonly RecentDemand _recent = new();
    private AllocationHistory _history = AllocationHistory.Empty;
    private long? _wakeMs;
    private bool _changed;

    /// <summary>Sees every snapshot and its plan, for checks.</summary>
    public Action<AllocationSnapshot, AllocationPlan>? Observer { get; init; }

    public void Ended(JobProgress job)
    {
        ArgumentNullException.ThrowIfNull(job);
        _changed = true;
        _leases.Remove(job.Job.Id);
        _workloads.Remove(job.Job.Id);
        _byId.Remove(Id(job.Job));
    }

    public void Decide(double now, IReadOnlyList<JobProgress> active)
    {
        ArgumentNullException.ThrowIfNull(active);
        var nowMs = Ms(now);
        if (!_changed && active.Count == _workloads.Count && !(_wakeMs <= nowMs))
        {
            return;
        }
        var snapshot = new AllocationSnapshot
        {
            NowMs = nowMs,
            Nodes = nodes,
            Units = units,
            Workloads = [.. active.Select(Workload)],
            Leases = [.. _leases.Values.SelectMany(l => l)],
            Settings = _settings,
            History = _history,
            Typical = _recent.Typical,
        };
        var plan = Allocator.Plan(snapshot);
        Observer?.Invoke(snapshot, plan);
        (_history, _wakeMs, _changed) = (plan.History, plan.NextWakeMs, false);
        foreach (var decision in plan.Decisions)
        {
            Carry(decision, now, nowMs);
        }
    }

    private void Carry(AllocationDecision decision, double now, long nowMs)
    {
        var job = _byId[decision.WorkloadId];
        switch (decision)
        {
            case StartDecision start:
                Lease(job, start.Members, nowMs);
                job.Place(classes.IndexOf(start.ChipClass), now, restartSeconds);
                break;
            case EvictDecision:
                _leases.Remove(job.Job.Id);
                job.Place(-1, now, restartSeconds);
                break;
            case MoveDecision move:
                Lease(job, move.Members, nowMs);
                job.Place(_classOf[move.Members[0].Node], now, restartSeconds, elsewhere: true);
                break;
            default:
                throw new InvalidOperationException($"a rigid job cannot be changed by {decision}");
        }
    }

    private void Lease(JobProgress job, ImmutableArray<MemberPlacement> members, long nowMs) =>
        _leases[job.Job.Id] = [.. members.Select(m => new MemberLease
        {
            WorkloadId = Id(job.Job),
            Member = m.Member,
            Node = m.Node,
            Devices = m.Devices,
            MilliPerDevice = m.MilliPerDevice,
            SinceMs = nowMs,
        })];

    private WorkloadState Workload(JobProgress progress)
    {
        var job = progress.Job;
        if (!_workloads.TryGetValue(job.Id, out var workload))
        {
            workload = Describe(job);
            _recent.Ask(workload, workload.Members);
            _byId[workload.Id] = progress;
        }
        var attained = Ms(progress.AttainedSeconds);
        if (workload.AttainedMs != attained)
        {
            workload = workload with { AttainedMs = attained };
        }
        _workloads[job.Id] = workload;
        return workload;
    }

    private WorkloadState Describe(SharedJob job) => new()
    {
        Id = Id(job),
        Name = Id(job),
        Unit = units[job.Unit].Name,
        Members = job.Gang,
        CpuMilli = job.CpuMilli,
        RamMiB = job.RamMiB,
        Speeds = [.. classes.Select((c, k) => new ClassSpeed(c, (int)Math.Round(job.Speeds[k] * 1e6))).Where(s => s.Millionths > 0)],
        Resumable = true,
        CheckpointEveryMs = 1000,
        DeclaredMs = job.DeclaredSeconds is { } declared ? Ms(declared) : null,
        SubmittedMs = Ms(job.SubmitSeconds),
    };

    private static string Id(SharedJob job) => job.Id.ToString("D7", CultureInfo.InvariantCulture);

    private static long Ms(double seconds) => (long)Math.Round(seconds * 1000);
}
