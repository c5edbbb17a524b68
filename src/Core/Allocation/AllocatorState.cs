using System.Collections.Immutable;
using Amalgam.Core.Allocation.Cycle;
using Amalgam.Core.Allocation.Targets;

namespace Amalgam.Core.Allocation;

/// <summary>
/// The allocator with a memory of the world: it is told what has changed and plans on what it knows, so that an event costs what the
/// event changes and not what the cloud is large. A plan is the one that <see cref="Allocator.Plan"/> gives on the
/// <see cref="Snapshot"/> of the same facts; nothing that a plan decides becomes a fact by itself. Not for several threads at once.
/// </summary>
public sealed class AllocatorState(AllocationSettings settings)
{
    private readonly Dictionary<string, (WorkloadState Workload, int Order)> _workloads = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedDictionary<long, MemberLease>> _leasesOf = new(StringComparer.Ordinal);
    private readonly Dictionary<long, MemberLease> _leases = [];
    private readonly Dictionary<string, int> _workloadsIn = new(StringComparer.Ordinal);
    private readonly TargetMemory _memory = new();
    private ImmutableArray<NodeState> _nodes = [];
    private ImmutableArray<UnitState> _units = [];
    private HashSet<string> _unitNames = new(StringComparer.Ordinal);
    private HashSet<string> _families = new(StringComparer.Ordinal);
    private PlanningState? _state;

    public AllocationSettings Settings { get; } = settings;

    public int Workloads => _workloads.Count;

    /// <summary>See <see cref="AllocationSnapshot.Typical"/>.</summary>
    public TypicalWork Typical { get; set; } = TypicalWork.Unknown;

    /// <summary>The state of a snapshot, order and all.</summary>
    public static AllocatorState Of(AllocationSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        var state = new AllocatorState(snapshot.Settings) { Typical = snapshot.Typical };
        state.SetNodes(snapshot.Nodes);
        state.SetUnits(snapshot.Units);
        for (var i = 0; i < snapshot.Workloads.Length; i++)
        {
            state.Put(snapshot.Workloads[i], i);
        }

        for (var i = 0; i < snapshot.Leases.Length; i++)
        {
            if (!snapshot.Leases[i].Ending)
            {
                state.Hold(i, snapshot.Leases[i]);
            }
        }

        return state;
    }

    /// <summary>All nodes, in order. Cheap where devices only break or come back; else the world is indexed anew at the next plan.</summary>
    public void SetNodes(ImmutableArray<NodeState> nodes)
    {
        if (_state is { } state && (nodes.Length != _nodes.Length || !Renewed(state, nodes)))
        {
            _state = null;
        }

        _nodes = nodes;
    }

    /// <summary>All units, in order of creation. The world is indexed anew at the next plan where any differs.</summary>
    public void SetUnits(ImmutableArray<UnitState> units)
    {
        if (!units.AsSpan().SequenceEqual(_units.AsSpan()))
        {
            _state = null;
            _units = units;
            _unitNames = new(units.Select(unit => unit.Name), StringComparer.Ordinal);
            _families = new(units.Where(unit => unit.Parent is not null).Select(unit => unit.Parent!), StringComparer.Ordinal);
        }
    }

    /// <summary>A workload is new, or not what it was.</summary>
    /// <param name="order">Of creation, among all workloads; the same every time.</param>
    /// <exception cref="ArgumentException">It makes no sense; the message says what.</exception>
    public void Put(WorkloadState workload, int order)
    {
        ArgumentNullException.ThrowIfNull(workload);
        if (_workloads.TryGetValue(workload.Id, out var known))
        {
            // Equal lists are the same list: then records can be compared.
            workload = workload with
            {
                Speeds = workload.Speeds.AsSpan().SequenceEqual(known.Workload.Speeds.AsSpan()) ? known.Workload.Speeds : workload.Speeds,
                Refusals = workload.Refusals.AsSpan().SequenceEqual(known.Workload.Refusals.AsSpan()) ? known.Workload.Refusals : workload.Refusals,
            };
            if (known.Workload == workload)
            {
                return;
            }
        }

        if (SnapshotFaults.In(workload, _unitNames) is { } fault)
        {
            throw new ArgumentException(fault, nameof(workload));
        }

        Remove(workload.Id);
        _workloads[workload.Id] = (workload, order);
        Count(workload.Unit, +1);
        if (_state?.Add(workload, order) is { } entry && _leasesOf.TryGetValue(workload.Id, out var leases))
        {
            foreach (var lease in leases.Values)
            {
                _state.Hold(entry, lease);
            }
        }
    }

    /// <summary>It asks for nothing any more. What it still holds stays known, and counts again should it come back.</summary>
    public void Remove(string workloadId)
    {
        if (_workloads.Remove(workloadId, out var known))
        {
            if (_state?.Find(workloadId) is { } entry)
            {
                _state.Remove(entry);
            }

            Count(known.Workload.Unit, -1);
        }
    }

    /// <summary>A member holds devices.</summary>
    /// <param name="number">Names the lease; in order of their starts.</param>
    public void Hold(long number, MemberLease lease)
    {
        ArgumentNullException.ThrowIfNull(lease);
        _leases.Add(number, lease);
        if (!_leasesOf.TryGetValue(lease.WorkloadId, out var leases))
        {
            _leasesOf[lease.WorkloadId] = leases = [];
        }

        leases.Add(number, lease);
        if (_state?.Find(lease.WorkloadId) is { } entry)
        {
            _state.Hold(entry, lease);
        }
    }

    /// <summary>A lease has ended or was told to. Nothing happens where it is not known.</summary>
    public void LetGo(long number)
    {
        if (!_leases.Remove(number, out var lease))
        {
            return;
        }

        var leases = _leasesOf[lease.WorkloadId];
        leases.Remove(number);
        if (leases.Count == 0)
        {
            _leasesOf.Remove(lease.WorkloadId);
        }

        if (_state?.Find(lease.WorkloadId) is { } entry)
        {
            _state.LetGo(entry, lease);
        }
    }

    /// <exception cref="ArgumentException">The facts make no sense together; the message says what and where.</exception>
    public AllocationPlan Plan(long nowMs, AllocationHistory history)
    {
        var state = _state ?? Build(nowMs, history);
        _state = null;
        (state.NowMs, state.History) = (nowMs, history);
        state.Placer.Learn(Typical);
        var plan = new AllocationCycle(state, _memory).Run();
        state.Rollback();
        _state = state;
        return plan;
    }

    /// <summary>The facts as they are, written out in full.</summary>
    public AllocationSnapshot Snapshot(long nowMs, AllocationHistory history) => new()
    {
        NowMs = nowMs,
        Nodes = _nodes,
        Units = _units,
        Workloads = [.. _workloads.Values.OrderBy(known => known.Order).Select(known => known.Workload)],
        Leases = [.. _leases.OrderBy(lease => lease.Key).Select(lease => lease.Value)],
        Settings = Settings,
        History = history,
        Typical = Typical,
    };

    private PlanningState Build(long nowMs, AllocationHistory history)
    {
        var snapshot = Snapshot(nowMs, history);
        if (SnapshotFaults.First(snapshot) is { } fault)
        {
            throw new ArgumentException(fault);
        }

        var own = _families.Where(unit => _workloadsIn.GetValueOrDefault(unit) > 0).ToHashSet(StringComparer.Ordinal);
        var state = new PlanningState(_nodes, _units, own, Settings, _workloads.Count);
        foreach (var (workload, order) in _workloads.Values.OrderBy(known => known.Order))
        {
            state.Add(workload, order);
        }

        foreach (var lease in snapshot.Leases)
        {
            if (state.Find(lease.WorkloadId) is { } entry)
            {
                state.Hold(entry, lease);
            }
        }

        return state;
    }

    private bool Renewed(PlanningState state, ImmutableArray<NodeState> nodes)
    {
        for (var i = 0; i < nodes.Length; i++)
        {
            if (!ReferenceEquals(nodes[i], _nodes[i]) && nodes[i] != _nodes[i] && (nodes[i].Name != _nodes[i].Name || !state.Renew(nodes[i])))
            {
                return false;
            }
        }

        return true;
    }

    // The first and the last workload of a unit with children change the tree: such work shares with them like one more child.
    private void Count(string unit, int change)
    {
        var before = _workloadsIn.GetValueOrDefault(unit);
        _workloadsIn[unit] = before + change;
        if (_families.Contains(unit) && (before == 0 || before + change == 0))
        {
            _state = null;
        }
    }
}
