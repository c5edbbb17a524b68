using System.Collections.Immutable;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Workloads;

namespace Amalgam.Simulation.Journal;

/// <summary>
/// Takes the demand out of a journal: submissions, stops, scaling, nodes and units as they were; the work of a job from how long it really ran, times
/// the speed of the class that it ran on.
/// </summary>
internal sealed class DemandReader
{
    private readonly List<RecordedChange> _changes = [];
    private readonly Dictionary<string, Seen> _seen = new(StringComparer.Ordinal);
    private readonly List<Seen> _order = [];
    private readonly SortedSet<string> _units = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _classes = new(StringComparer.Ordinal);
    private long? _fromMs;

    /// <param name="state">After the record.</param>
    public void Add(JournalRecord record, CloudState state)
    {
        var at = record.AtMs;
        _fromMs ??= at;
        switch (record.Event)
        {
            case NodesSeen seen:
                _classes.UnionWith(seen.Changed.Select(node => node.ChipClass));
                _changes.Add(new RecordedChange.Nodes(at, state.Nodes));
                break;
            case UnitSet or UnitRemoved:
                _units.UnionWith(state.Units.InOrder.Select(unit => unit.Name));
                _changes.Add(new RecordedChange.Units(at, [.. state.Units.InOrder.Select(AllocationInput.Unit)]));
                break;
            case WorkloadSubmitted submitted:
                _order.Add(_seen[submitted.WorkloadId] = new Seen(submitted.WorkloadId, submitted.Spec, at));
                _changes.Add(new RecordedChange.Submitted(at, submitted.WorkloadId));
                break;
            case WorkloadsFitted fitted:
                _changes.AddRange(fitted.WorkloadIds.Select(id => new RecordedChange.Rated(at, id, fitted.Speeds)));
                break;
            case WorkloadScaled scaled:
                _changes.Add(new RecordedChange.Scaled(at, scaled.WorkloadId, scaled.Wanted));
                break;
            case WorkloadStopRequested stop:
                _seen[stop.WorkloadId].Stopped = true;
                _changes.Add(new RecordedChange.Stopped(at, stop.WorkloadId));
                break;
            case LeaseStarted { Lease: var lease } when _seen.TryGetValue(lease.WorkloadId, out var started):
                started.First ??= (at, lease.ChipClass);
                break;
            case LeaseEnded ended:
                Work(ended, state);
                break;
            case WorkloadEnded ended:
                _seen[ended.WorkloadId].Ended = true;
                break;
        }
    }

    public RecordedDemand Read(CloudState state)
    {
        var typical = _order.Where(seen => seen.IsDone).GroupBy(seen => seen.Spec.Unit, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => Median([.. group.Select(seen => seen.WorkMs)]), StringComparer.Ordinal);
        return new RecordedDemand
        {
            FromMs = _fromMs ?? 0,
            ToMs = state.LastAtMs,
            Changes = [.. _changes],
            Workloads = [.. _order.Select(seen => Demanded(seen, typical))],
            Waited = Waited(state.LastAtMs),
            Prices = state.Prices,
            Currency = state.Currency,
            Units = [.. _units],
            Classes = [.. _classes],
        };
    }

    private Tally Waited(long endMs)
    {
        var waited = new Tally();
        foreach (var seen in _order.Where(seen => seen.First is not null || !seen.Ended))
        {
            var (at, chip) = seen.First ?? (endMs, Tally.Never);
            waited.Of(seen.Spec.Unit).WaitsMs.Add(at - seen.SubmittedMs);
            waited.Of(seen.Spec.Unit, chip).WaitsMs.Add(at - seen.SubmittedMs);
        }

        return waited;
    }

    private static DemandedWorkload Demanded(Seen seen, Dictionary<string, long> typical)
    {
        if (seen.Spec.IsService || seen.Stopped)
        {
            return new DemandedWorkload(seen.Id, seen.Spec, seen.SubmittedMs, null, false);
        }

        if (seen.IsDone)
        {
            return new DemandedWorkload(seen.Id, seen.Spec, seen.SubmittedMs, seen.WorkMs, false);
        }

        var assumed = seen.Spec.DeclaredMs ?? (typical.TryGetValue(seen.Spec.Unit, out var median) ? median : null);
        return new DemandedWorkload(seen.Id, seen.Spec, seen.SubmittedMs, assumed, assumed is not null);
    }

    /// <summary>Of the first member: the others of a gang run as long. What cannot resume did its work in the last attempt alone.</summary>
    private void Work(LeaseEnded ended, CloudState state)
    {
        if (state.Lease(ended.LeaseId) is not { Member: 0 } lease || !_seen.TryGetValue(lease.WorkloadId, out var seen))
        {
            return;
        }

        var speed = state.SpeedsOf(lease.WorkloadId)?.FirstOrDefault(speed => speed.ChipClass == lease.ChipClass).Millionths ?? 0;
        var work = (long)((Int128)Math.Max(0, ended.ToMs - lease.FromMs) * (speed == 0 ? 1_000_000 : speed) / 1_000_000);
        seen.WorkMs = seen.Spec.Resumable ? seen.WorkMs + work : work;
    }

    private static long Median(List<long> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }

    private sealed class Seen(string id, WorkloadSpec spec, long submittedMs)
    {
        public string Id { get; } = id;

        public WorkloadSpec Spec { get; } = spec;

        public long SubmittedMs { get; } = submittedMs;

        public long WorkMs { get; set; }

        /// <summary>The first lease of the first member that got one.</summary>
        public (long AtMs, string Chip)? First { get; set; }

        public bool Stopped { get; set; }

        public bool Ended { get; set; }

        public bool IsDone => Ended && !Stopped && !Spec.IsService;
    }
}
