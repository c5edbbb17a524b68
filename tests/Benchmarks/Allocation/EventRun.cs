using System.Diagnostics;
using Amalgam.Core.Allocation;

namespace Amalgam.Benchmarks.Allocation;

/// <summary>Drives an allocator with a memory as a cloud would: facts in, a plan, its decisions as facts. Only facts and plans are timed.</summary>
internal sealed class EventRun
{
    private readonly AllocatorState _state;
    private readonly Dictionary<string, List<long>> _leasesOf = new(StringComparer.Ordinal);
    private readonly List<double> _milliseconds = [];
    private AllocationHistory _history = AllocationHistory.Empty;
    private AllocationSnapshot _cloud;
    private long _nowMs;
    private long _lease;
    private long _bytes;

    public EventRun(AllocationSnapshot cloud)
    {
        _cloud = cloud;
        _nowMs = cloud.NowMs;
        _state = AllocatorState.Of(cloud);
    }

    public IReadOnlyCollection<string> Running => _leasesOf.Keys;

    public int Decisions { get; private set; }

    public Action<AllocationPlan>? Planned { get; set; }

    public double MedianMs => _milliseconds.Order().ElementAt(_milliseconds.Count / 2);

    public double WorstMs => _milliseconds.Max();

    public double CpuMs => _milliseconds.Sum();

    /// <summary>Wall time; all others are processor time, which a busy machine changes less.</summary>
    public double TotalMs { get; private set; }

    public double MiBEach => _bytes / 1048576.0 / _milliseconds.Count;

    public void Reset()
    {
        _milliseconds.Clear();
        (_bytes, Decisions, TotalMs) = (0, 0, 0);
    }

    /// <summary>Plans until a plan decides nothing, a few times at most; not timed.</summary>
    public void Settle()
    {
        for (var turn = 0; turn < 3 && Step(_ => { }) > 0; turn++)
        {
        }

        Reset();
    }

    /// <summary>One event, one plan, carried out.</summary>
    /// <returns>How many workloads began.</returns>
    public int Step(Action<AllocatorState> happens, long ms = 1)
    {
        _nowMs += ms;
        var bytes = GC.GetAllocatedBytesForCurrentThread();
        var before = Environment.CpuUsage.TotalTime;
        var watch = Stopwatch.StartNew();
        happens(_state);
        var plan = _state.Plan(_nowMs, _history);
        TotalMs += watch.Elapsed.TotalMilliseconds;
        _milliseconds.Add((Environment.CpuUsage.TotalTime - before).TotalMilliseconds);
        _bytes += GC.GetAllocatedBytesForCurrentThread() - bytes;
        Planned?.Invoke(plan);
        _history = plan.History;
        Decisions += plan.Decisions.Length;
        foreach (var decision in plan.Decisions)
        {
            CarryOut(decision);
        }

        return plan.Decisions.Count(decision => decision is StartDecision);
    }

    public void Finish(string id, AllocatorState state)
    {
        LetGo(id, state);
        state.Remove(id);
    }

    /// <summary>A node is lost, or is there again.</summary>
    public void Lose(int node, AllocatorState state)
    {
        _cloud = _cloud with { Nodes = _cloud.Nodes.SetItem(node, _cloud.Nodes[node] with { Healthy = !_cloud.Nodes[node].Healthy }) };
        state.SetNodes(_cloud.Nodes);
    }

    private void CarryOut(AllocationDecision decision)
    {
        LetGo(decision.WorkloadId, _state);
        var members = decision switch
        {
            StartDecision start => start.Members,
            MoveDecision move => move.Members,
            ResizeDecision resize => resize.Members,
            _ => [],
        };
        if (!members.IsEmpty)
        {
            _leasesOf[decision.WorkloadId] = [];
        }

        foreach (var member in members)
        {
            _leasesOf[decision.WorkloadId].Add(++_lease);
            _state.Hold(_lease, new MemberLease
            {
                WorkloadId = decision.WorkloadId, Member = member.Member, Node = member.Node, Devices = member.Devices, MilliPerDevice = member.MilliPerDevice, SinceMs = _nowMs,
            });
        }
    }

    private void LetGo(string id, AllocatorState state)
    {
        if (_leasesOf.Remove(id, out var leases))
        {
            leases.ForEach(state.LetGo);
        }
    }
}
