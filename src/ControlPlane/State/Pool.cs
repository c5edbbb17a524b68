using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Immutable;
using Amalgam.ControlPlane.Ports;
using Amalgam.Core.Allocation;

namespace Amalgam.ControlPlane.State;

/// <summary>What was seen last: nodes, members, the latest plan. None of it is truth to keep; all of it can be seen again.</summary>
public sealed class Pool(IEnumerable<IEngine> engines)
{
    private readonly ImmutableArray<string> _engines = [.. engines.Select(engine => engine.Name)];
    private readonly Lock _gate = new();
    private ImmutableDictionary<string, IReadOnlyList<NodeObservation>> _byEngine = ImmutableDictionary<string, IReadOnlyList<NodeObservation>>.Empty;
    private volatile IReadOnlyList<NodeObservation> _nodes = [];
    private volatile FrozenDictionary<string, NodeObservation> _byName = FrozenDictionary<string, NodeObservation>.Empty;
    private volatile FrozenSet<string> _classes = [];
    private volatile AllocationPlan? _plan;

    /// <summary>Of all engines, in the order in which the engines were given.</summary>
    public IReadOnlyList<NodeObservation> Nodes => _nodes;

    /// <summary>Every engine has told its nodes. Before that nobody can say that a node is gone.</summary>
    public bool Complete => Volatile.Read(ref _byEngine).Count == _engines.Length;

    public IReadOnlyList<NodeObservation> NodesOf(string engine) => Volatile.Read(ref _byEngine).GetValueOrDefault(engine) ?? [];

    public void Report(string engine, IReadOnlyList<NodeObservation> nodes)
    {
        lock (_gate)
        {
            _byEngine = _byEngine.SetItem(engine, nodes);
            _nodes = [.. _engines.SelectMany(NodesOf)];
            _byName = _nodes.DistinctBy(node => node.Name, StringComparer.Ordinal).ToFrozenDictionary(node => node.Name, StringComparer.Ordinal);
            _classes = _nodes.Select(node => node.ChipClass).ToFrozenSet(StringComparer.Ordinal);
        }
    }

    /// <summary>Chip classes of the nodes that were seen.</summary>
    public IReadOnlySet<string> Classes => _classes;

    /// <summary>The engine that a lease's commands go to: that of its node, and the first engine for nodes that no engine knows any more.</summary>
    public string EngineOf(string node) => Node(node)?.Engine ?? _engines[0];

    /// <summary>Members by lease.</summary>
    public ConcurrentDictionary<string, MemberSight> Members { get; } = new(StringComparer.Ordinal);

    /// <summary>Null until the first cycle.</summary>
    public AllocationPlan? Plan
    {
        get => _plan;
        set => _plan = value;
    }

    public NodeObservation? Node(string name) => _byName.GetValueOrDefault(name);

    public MemberSight Sight(string leaseId) => Members.GetOrAdd(leaseId, static _ => new MemberSight());

    /// <summary>Why a workload waits, as the last plan left it; null = it does not. Only while reading or changing the cloud: it looks into what the planner knows.</summary>
    public PendingWorkload? Pending(string workloadId) => _plan?.Pending.Find(workloadId);
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
