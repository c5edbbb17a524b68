using System.Collections.Concurrent;
using System.Collections.Immutable;
using Amalgam.ControlPlane.Ports;
using Amalgam.Core.Allocation;

namespace Amalgam.ControlPlane.State;

/// <summary>What was seen last: nodes, members, the latest plan. None of it is truth to keep; all of it can be seen again.</summary>
public sealed class Pool
{
    private volatile IReadOnlyList<NodeObservation> _nodes = [];
    private volatile AllocationPlan? _plan;

    public IReadOnlyList<NodeObservation> Nodes
    {
        get => _nodes;
        set => _nodes = value;
    }

    /// <summary>Members by lease.</summary>
    public ConcurrentDictionary<string, MemberSight> Members { get; } = new(StringComparer.Ordinal);

    /// <summary>Null until the first cycle.</summary>
    public AllocationPlan? Plan
    {
        get => _plan;
        set => _plan = value;
    }

    public NodeObservation? Node(string name) => _nodes.FirstOrDefault(node => node.Name == name);

    public MemberSight Sight(string leaseId) => Members.GetOrAdd(leaseId, static _ => new MemberSight());

    public ImmutableDictionary<string, PendingWorkload> PendingById() =>
        _plan?.Pending.ToImmutableDictionary(pending => pending.WorkloadId, StringComparer.Ordinal) ?? ImmutableDictionary<string, PendingWorkload>.Empty;
}

/// <summary>What is known of one member beyond the journal.</summary>
public sealed class MemberSight
{
    private volatile MemberObservation? _observation;
    private volatile bool _ready;
    private volatile string? _trouble;
    private int _inFlight;

    public MemberObservation? Observation
    {
        get => _observation;
        set => _observation = value;
    }

    /// <summary>Its health path answered and it is not known to be broken since.</summary>
    public bool Ready
    {
        get => _ready;
        set => _ready = value;
    }

    /// <summary>Why it is not ready, one clause.</summary>
    public string? Trouble
    {
        get => _trouble;
        set => _trouble = value;
    }

    public int InFlight => Volatile.Read(ref _inFlight);

    public void Enter() => Interlocked.Increment(ref _inFlight);

    public void Leave() => Interlocked.Decrement(ref _inFlight);

    /// <summary>Unix ms since when health checks fail; 0 = they do not.</summary>
    public long FailingSinceMs { get; set; }

    public long ReadyAtMs { get; set; }

    public bool MemoryNoted { get; set; }
}
