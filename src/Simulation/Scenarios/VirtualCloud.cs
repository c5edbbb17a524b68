using System.Collections.Immutable;
using Amalgam.Core.Allocation;

namespace Amalgam.Simulation.Scenarios;

/// <summary>Nodes, units and workloads in virtual time: makes snapshots, carries plans out, lets events happen.</summary>
internal sealed class VirtualCloud
{
    private readonly Dictionary<string, VirtualWorkload> _byId = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _chipOf = new(StringComparer.Ordinal);
    private readonly Scenario _scenario;
    private readonly ScenarioLog _log;
    private readonly List<(string Unit, ClassRefusal Refusal)> _refused = [];
    private ImmutableArray<NodeState> _nodes;
    private ImmutableArray<UnitState> _units;
    private AllocationHistory _history = AllocationHistory.Empty;

    public VirtualCloud(Scenario scenario, ScenarioLog log)
    {
        (_scenario, _log, _nodes, _units) = (scenario, log, scenario.Nodes, scenario.Units);
        foreach (var node in scenario.Nodes)
        {
            _chipOf[node.Name] = node.ChipClass;
        }

        Workloads = [.. scenario.Workloads.Select(workload => new VirtualWorkload(workload))];
        foreach (var workload in Workloads)
        {
            _byId[workload.Id] = workload;
        }

        BeginRunning();
    }

    public IReadOnlyList<VirtualWorkload> Workloads { get; }

    public ImmutableArray<UnitState> Units => _units;

    public string ChipOf(string node) => _chipOf[node];

    public AllocationSnapshot Snapshot(long nowMs)
    {
        var present = Workloads.Where(workload => workload.Submitted && !workload.Finished).ToList();
        foreach (var workload in present)
        {
            workload.Progress(nowMs, SpeedOf);
        }

        return new AllocationSnapshot
        {
            NowMs = nowMs,
            Nodes = _nodes,
            Units = _units,
            Workloads = [.. present.Select(workload => workload.State with { Refusals = RefusalsOf(workload) })],
            Leases = [.. present.SelectMany(workload => workload.Leases)],
            Settings = _scenario.Settings,
            History = _history,
        };
    }

    public void CarryOut(AllocationPlan plan)
    {
        _history = plan.History;
        foreach (var decision in plan.Decisions)
        {
            CarryOut(decision, plan.AtMs);
        }
    }

    /// <summary>Everything that happens by itself up to and at this instant. True if anything did.</summary>
    public bool Advance(long fromMs, long toMs)
    {
        var happened = false;
        while (NextEnd(toMs) is { } ended)
        {
            Finish(ended.Workload, ended.AtMs);
            happened = true;
        }

        foreach (var occurrence in _scenario.Events.Where(occurrence => occurrence.AtMs > fromMs && occurrence.AtMs <= toMs))
        {
            Happen(occurrence);
            happened = true;
        }

        foreach (var workload in Workloads)
        {
            if (!workload.Submitted && workload.Described.State.SubmittedMs <= toMs)
            {
                workload.Submitted = true;
                happened = true;
            }
        }

        return happened;
    }

    private void CarryOut(AllocationDecision decision, long atMs)
    {
        var workload = _byId[decision.WorkloadId];
        switch (decision)
        {
            case StartDecision start:
                workload.Start(start.Members, atMs);
                break;
            case EvictDecision:
                workload.Stop(atMs, SpeedOf);
                workload.WasEvicted = true;
                break;
            case MoveDecision move:
                workload.Change(move.Members, atMs, moved: true, SpeedOf);
                break;
            case ResizeDecision resize:
                workload.Change(resize.Members, atMs, moved: false, SpeedOf);
                break;
        }

        _log.Add(atMs, decision);
    }

    private (VirtualWorkload Workload, long AtMs)? NextEnd(long toMs)
    {
        (VirtualWorkload, long)? first = null;
        var least = long.MaxValue;
        foreach (var workload in Workloads)
        {
            if (workload.EndMs(SpeedOf) is { } end && end <= toMs && end < least)
            {
                (first, least) = ((workload, end), end);
            }
        }

        return first;
    }

    private void Happen(ScenarioEvent occurrence)
    {
        switch (occurrence)
        {
            case ScenarioEvent.Finish finish:
                Finish(_byId[finish.Workload], finish.AtMs);
                break;
            case ScenarioEvent.Lose lose:
                SetHealth(lose.Node, healthy: false);
                break;
            case ScenarioEvent.Restore restore:
                SetHealth(restore.Node, healthy: true);
                break;
            case ScenarioEvent.Refuse refuse:
                _refused.Add((refuse.Unit, refuse.Refusal));
                break;
            case ScenarioEvent.Allow allow:
                _refused.RemoveAll(refused => string.Equals(refused.Unit, allow.Unit, StringComparison.Ordinal) &&
                    (allow.ChipClass is null || string.Equals(refused.Refusal.ChipClass, allow.ChipClass, StringComparison.Ordinal)));
                break;
            case ScenarioEvent.SetUnit set:
                _units = [.. _units.Select(unit => string.Equals(unit.Name, set.Unit, StringComparison.Ordinal) ? set.Change(unit) : unit)];
                break;
        }
    }

    // What is said of a unit concerns those below it too.
    private ImmutableArray<ClassRefusal> RefusalsOf(VirtualWorkload workload)
    {
        var path = new HashSet<string>(StringComparer.Ordinal);
        for (string? unit = workload.Described.State.Unit; unit is not null && path.Add(unit);)
        {
            unit = _units.First(known => string.Equals(known.Name, unit, StringComparison.Ordinal)).Parent;
        }

        return [.. _refused.Where(refused => path.Contains(refused.Unit)).Select(refused => refused.Refusal)];
    }

    private void Finish(VirtualWorkload workload, long atMs)
    {
        if (!workload.Finished)
        {
            workload.Submitted = true;
            workload.End();
            _log.AddFinish(atMs, workload.Id);
        }
    }

    private void SetHealth(string name, bool healthy) =>
        _nodes = [.. _nodes.Select(node => string.Equals(node.Name, name, StringComparison.Ordinal) ? node with { Healthy = healthy } : node)];

    private long SpeedOf(VirtualWorkload workload) => workload.Speed(_chipOf);

    // On the lowest free devices, in the order of the file.
    private void BeginRunning()
    {
        var free = _scenario.Nodes.ToDictionary(
            node => node.Name, node => Enumerable.Repeat(1000L, node.Devices).ToArray(), StringComparer.Ordinal);
        foreach (var workload in Workloads.Where(workload => workload.Described.Running is not null))
        {
            var (state, running) = (workload.Described.State, workload.Described.Running!);
            var members = running.On.Length == 1 ? state.Members : running.On.Length;
            var placed = ImmutableArray.CreateBuilder<MemberPlacement>(members);
            for (var m = 0; m < members; m++)
            {
                placed.Add(Lowest(workload, m, running.On[running.On.Length == 1 ? 0 : m], free));
            }

            workload.Submitted = true;
            workload.Start(placed.MoveToImmutable(), running.SinceMs);
        }
    }

    private static MemberPlacement Lowest(VirtualWorkload workload, int member, string node, Dictionary<string, long[]> free)
    {
        var state = workload.Described.State;
        var (count, milli) = state.DevicesMilli < 1000 ? (1, state.DevicesMilli) : ((int)(state.DevicesMilli / 1000), 1000L);
        var picked = new List<int>();
        for (var device = 0; device < free[node].Length && picked.Count < count; device++)
        {
            if (free[node][device] >= milli)
            {
                picked.Add(device);
                free[node][device] -= milli;
            }
        }

        return picked.Count == count
            ? new MemberPlacement(member, node, [.. picked], milli)
            : throw new ScenarioException("scenario", 1, $"workloads.{workload.Id}.running", $"node {node} has no room for it; let less run there");
    }
}
