using System.Collections.Immutable;
using System.Globalization;
using Amalgam.Core.Allocation;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger.Admission;
using Amalgam.Core.Ledger.Stock;
using Amalgam.Core.Workloads;

namespace Amalgam.Core.Cloud;

/// <summary>
/// Keeps an allocator in step with the cloud, record by record: what a record may have changed is described anew before the next
/// plan, and nothing else. The plan is the one on <see cref="AllocationInput.Of"/>; whoever doubts it asks both.
/// </summary>
public sealed class AllocationFeed
{
    private readonly AllocatorState _allocator = new(AllocationSettings.Default);
    private readonly HashSet<string> _workloads = new(StringComparer.Ordinal);
    private readonly HashSet<string> _leases = new(StringComparer.Ordinal);
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private readonly HashSet<string> _budgeted = new(StringComparer.Ordinal);
    private readonly SortedSet<(long AtMs, string Id)> _delayed = [];
    private bool _primed;
    private bool _ruled;
    private bool _nodesStale;
    private bool _unitsStale;
    private long _promisesUntilMs;

    /// <summary>Who holds which device, by the records taken in so far.</summary>
    public DeviceBook Devices { get; } = new();

    /// <summary>Takes note of one record, after the state did. Cheap: the work is done by the next plan.</summary>
    public void Apply(JournalRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        switch (record.Event)
        {
            case WorkloadSubmitted submitted: _workloads.Add(submitted.WorkloadId); break;
            case WorkloadScaled scaled: _workloads.Add(scaled.WorkloadId); break;
            case WorkloadStopRequested stop: _workloads.Add(stop.WorkloadId); break;
            case WorkloadDelayed delayed: _workloads.Add(delayed.WorkloadId); break;
            case WorkloadEnded ended: _workloads.Add(ended.WorkloadId); break;
            case WorkloadsFitted fitted: _workloads.UnionWith(fitted.WorkloadIds); break;
            case LeaseStarted started: Note(started.Lease.Id, started.Lease.WorkloadId); break;
            case LeaseEnding ending: Note(ending.LeaseId, null); break;
            case LeaseEnded ended: Note(ended.LeaseId, null); break;
            case NodesSeen or StockEvent: _nodesStale = true; break;
            case ContractEvent or CloudStopped: _unitsStale = true; break;
            case BudgetSet or BudgetRemoved or UnitSet or UnitRemoved or UnitMoveEvent: _primed = false; break;
            case BudgetEvent or InvoiceEvent or LeaseCharged or TokensCharged or KeyCreated or KeyRevoked: break;
            case PriceSet or PricingEvent or AdmissionEvent: break;
            case PlanMade or SpeedMeasured or MemoryObserved or CloudFounded or CloudStarted: break;
            default: _primed = false; break;
        }
    }

    /// <summary>Believe nothing that was noted: everything is described anew before the next plan.</summary>
    public void Forget() => _primed = false;

    /// <param name="state">With every record that was applied, and no other.</param>
    public AllocationPlan Plan(CloudState state, AllocationHistory history, long nowMs)
    {
        ArgumentNullException.ThrowIfNull(state);
        Follow(state, nowMs);
        _allocator.Typical = state.Demand.Typical;
        return _allocator.Plan(nowMs, history);
    }

    private void Note(string leaseId, string? workloadId)
    {
        _leases.Add(leaseId);
        if (workloadId is not null)
        {
            _workloads.Add(workloadId);
        }
    }

    private void Follow(CloudState state, long nowMs)
    {
        if (!_primed)
        {
            Prime(state);
        }

        if (_nodesStale || state.Stock.Classes.Any())
        {
            var nodes = Supply.InService(state, nowMs);
            _allocator.SetNodes(nodes);
            Devices.SetNodes(nodes);
        }

        if (_unitsStale || nowMs >= _promisesUntilMs)
        {
            _allocator.SetUnits(AllocationInput.Units(state, nowMs));
            _promisesUntilMs = AllocationInput.NextChangeMs(state, nowMs, null) ?? long.MaxValue;
        }

        (_nodesStale, _unitsStale) = (false, false);
        foreach (var lease in _leases)
        {
            Settle(state, lease);
        }

        Describe(state, nowMs);
        _leases.Clear();
        _workloads.Clear();
    }

    private void Prime(CloudState state)
    {
        (_primed, _nodesStale, _unitsStale) = (true, true, true);
        _workloads.UnionWith(_known);
        _workloads.UnionWith(state.OpenWorkloads.Select(workload => workload.Id));
        _leases.UnionWith(Devices.Leases);
        _leases.UnionWith(state.OpenLeases.Select(lease => lease.Id));
        _budgeted.Clear();
        _delayed.Clear();
    }

    private void Settle(CloudState state, string id)
    {
        var (lease, before) = (state.Lease(id), Devices.Lease(id));
        if ((lease ?? before)?.WorkloadId is not { } workloadId)
        {
            return;
        }

        var number = long.Parse(id.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture);
        _workloads.Add(workloadId);
        Devices.Settle(id, lease);
        var (held, holds) = (before is { EndingMs: null }, lease is { IsOpen: true, EndingMs: null });
        if (held && !holds)
        {
            _allocator.LetGo(number);
        }
        else if (holds && !held)
        {
            _allocator.Hold(number, AllocationInput.Held(lease!));
        }
    }

    private void Describe(CloudState state, long nowMs)
    {
        while (_delayed.Count > 0 && _delayed.Min is var due && due.AtMs <= nowMs)
        {
            _delayed.Remove(due);
            _workloads.Add(due.Id);
        }

        // What a budget has left changes with every charge, and what is waiting for it with the price.
        _workloads.UnionWith(_budgeted);
        var rules = AdmissionView.Of(state, nowMs);
        if (rules is not null || _ruled)
        {
            // A rule may look at anything: who leases how much, prices, facts, contracts.
            _workloads.UnionWith(_known);
        }

        _ruled = rules is not null;
        foreach (var id in _workloads)
        {
            if (state.Workload(id) is { IsOpen: true } workload && state.SpeedsOf(id) is { } speeds)
            {
                Watch(state, workload, nowMs);
                if (AllocationInput.Demand(state, workload, speeds, nowMs, rules) is { } demand)
                {
                    _allocator.Put(demand, int.Parse(id.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture));
                    continue;
                }
            }
            else
            {
                _known.Remove(id);
                _budgeted.Remove(id);
            }

            _allocator.Remove(id);
        }
    }

    private void Watch(CloudState state, Workload workload, long nowMs)
    {
        _known.Add(workload.Id);
        if (workload.NotBeforeMs > nowMs)
        {
            _delayed.Add((workload.NotBeforeMs, workload.Id));
        }

        if (!state.Budgets.IsEmpty && !state.Budgets.Over(workload.Spec.Unit).IsEmpty)
        {
            _budgeted.Add(workload.Id);
        }
    }
}
