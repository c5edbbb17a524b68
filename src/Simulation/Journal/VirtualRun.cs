using System.Collections.Immutable;
using Amalgam.Core.Allocation;
using Amalgam.Core.Cloud;
using Amalgam.Simulation.Scenarios;

namespace Amalgam.Simulation.Journal;

/// <summary>
/// Recorded demand in virtual time under given rules: from event to event (what was recorded, the end of a job, a wake-up that the plan asked for), a plan
/// after each. Starts and ends take no time; replicas are scaled when they were scaled.
/// </summary>
internal sealed class VirtualRun
{
    private readonly RecordedDemand _demand;
    private readonly Rules _rules;
    private readonly Dictionary<string, DemandedWorkload> _demanded;
    private readonly Dictionary<string, VirtualWorkload> _byId = new(StringComparer.Ordinal);
    private readonly SortedDictionary<int, VirtualWorkload> _open = [];
    private readonly Dictionary<string, int> _order = new(StringComparer.Ordinal);
    private readonly HashSet<string> _started = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _chipOf = new(StringComparer.Ordinal);
    private readonly Measuring _measuring;
    private ImmutableArray<NodeState> _nodes = [];
    private ImmutableArray<UnitState> _units = [];
    private AllocationPlan _plan = new() { AtMs = 0 };
    private readonly RecentDemand _recent = new();
    private AllocationHistory _history = AllocationHistory.Empty;
    private int _next;

    private VirtualRun(RecordedDemand demand, Rules rules)
    {
        (_demand, _rules) = (demand, rules);
        _demanded = demand.Workloads.ToDictionary(workload => workload.Id, StringComparer.Ordinal);
        _measuring = new Measuring(demand.Prices);
    }

    public static Tally Of(RecordedDemand demand, Rules rules)
    {
        var run = new VirtualRun(demand, rules);
        run.Go();
        return run._measuring.Tally;
    }

    private void Go()
    {
        var now = _demand.FromMs;
        while (NextInstant(now) is { } at && at <= _demand.ToMs)
        {
            Pass(now, at);
            now = at;
            Happen(now);
            Plan(now);
        }

        Pass(now, _demand.ToMs);
        foreach (var workload in _open.Values)
        {
            _measuring.Unfinished(workload, _started.Contains(workload.Id) ? null : _demand.ToMs);
        }
    }

    private long? NextInstant(long now)
    {
        var at = _next < _demand.Changes.Length ? _demand.Changes[_next].AtMs : long.MaxValue;
        if (_plan.NextWakeMs is { } wake)
        {
            at = Math.Min(at, Math.Max(now + 1, wake));
        }

        foreach (var workload in _open.Values)
        {
            at = workload.EndMs(SpeedOf) is { } end ? Math.Min(at, Math.Max(now, end)) : at;
        }

        return at == long.MaxValue ? null : at;
    }

    private void Pass(long fromMs, long toMs)
    {
        _measuring.Pass(fromMs, toMs, _nodes, _units, _open.Values, _plan, _chipOf);
        foreach (var workload in _open.Values)
        {
            workload.Progress(toMs, SpeedOf);
        }
    }

    private void Happen(long now)
    {
        foreach (var done in _open.Values.Where(workload => workload.EndMs(SpeedOf) <= now).ToList())
        {
            _measuring.Completed(done);
            Close(done.Id);
        }

        for (; _next < _demand.Changes.Length && _demand.Changes[_next].AtMs <= now; _next++)
        {
            Happen(_demand.Changes[_next], now);
        }
    }

    private void Happen(RecordedChange change, long now)
    {
        switch (change)
        {
            case RecordedChange.Nodes nodes:
                _nodes = _rules.Nodes(nodes.Now);
                foreach (var node in _nodes)
                {
                    _chipOf[node.Name] = node.ChipClass;
                }

                break;
            case RecordedChange.Units units:
                _units = _rules.Units(units.Now);
                break;
            case RecordedChange.Submitted submitted:
                Submit(_demanded[submitted.Id]);
                break;
            case RecordedChange.Rated rated when _byId.TryGetValue(rated.Id, out var workload):
                Amend(workload, state => state with { Speeds = rated.Speeds });
                if (!workload.Submitted)
                {
                    _recent.Ask(workload.Described.State, Math.Max(1, workload.Described.State.Members));
                }

                workload.Submitted = true;
                break;
            case RecordedChange.Scaled scaled when _byId.TryGetValue(scaled.Id, out var workload):
                Scale(workload, scaled.Wanted, now);
                break;
            case RecordedChange.Stopped stopped when _byId.TryGetValue(stopped.Id, out var workload):
                _measuring.Stopped(workload, _started.Contains(stopped.Id) ? null : now);
                Close(stopped.Id);
                break;
        }
    }

    private void Submit(DemandedWorkload demanded)
    {
        var state = AllocationInput.Described(demanded.Spec, []) with { Id = demanded.Id, SubmittedMs = demanded.SubmittedMs };
        _order[demanded.Id] = _order.Count;
        _open[_order[demanded.Id]] = _byId[demanded.Id] = new VirtualWorkload(new ScenarioWorkload(state, demanded.WorkMs, null));
    }

    private void Close(string id)
    {
        _byId[id].End();
        _open.Remove(_order[id]);
        _byId.Remove(id);
    }

    private void Scale(VirtualWorkload workload, int wanted, long now)
    {
        if (workload.Described.State.Members == 0)
        {
            _measuring.Wanted(workload.Id, now);
        }

        Amend(workload, state => state with { Members = wanted });
        if (workload.Members.Length > wanted)
        {
            workload.Change([.. workload.Members.Take(wanted).Select(member => member.Placement)], now, moved: false, SpeedOf);
        }
    }

    private static void Amend(VirtualWorkload workload, Func<WorkloadState, WorkloadState> change) =>
        workload.Described = workload.Described with { State = change(workload.Described.State) };

    private void Plan(long now)
    {
        var present = _open.Values.Where(workload => workload.Submitted && workload.Described.State.Members > 0).ToList();
        _plan = Allocator.Plan(new AllocationSnapshot
        {
            NowMs = now,
            Nodes = _nodes,
            Units = _units,
            Workloads = [.. present.Select(workload => workload.State)],
            Leases = [.. present.SelectMany(workload => workload.Leases)],
            Settings = _rules.Settings,
            History = _history,
            Typical = _recent.Typical,
        });
        _history = _plan.History;
        foreach (var decision in _plan.Decisions)
        {
            CarryOut(decision, now);
        }

        _measuring.Planned(now, _plan);
    }

    private void CarryOut(AllocationDecision decision, long now)
    {
        var workload = _byId[decision.WorkloadId];
        switch (decision)
        {
            case StartDecision start:
                if (_started.Add(workload.Id))
                {
                    _measuring.Started(workload, start.ChipClass, now);
                }

                workload.Start(start.Members, now);
                break;
            case EvictDecision:
                _measuring.Evicted(workload, _chipOf, () => workload.Stop(now, SpeedOf));
                break;
            case MoveDecision move:
                _measuring.Moved(workload, () => workload.Change(move.Members, now, moved: true, SpeedOf));
                break;
            case ResizeDecision resize when resize.BeneficiaryId is not null && resize.Members.Length < workload.Members.Length:
                _measuring.Evicted(workload, _chipOf, () => workload.Change(resize.Members, now, moved: false, SpeedOf));
                break;
            case ResizeDecision resize:
                workload.Change(resize.Members, now, moved: false, SpeedOf);
                break;
        }
    }

    private long SpeedOf(VirtualWorkload workload) => workload.Speed(_chipOf);
}
