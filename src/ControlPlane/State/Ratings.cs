using System.Collections.Immutable;
using Amalgam.ControlPlane.Ports;
using Amalgam.Core.Allocation;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Workloads;

namespace Amalgam.ControlPlane.State;

/// <summary>
/// Keeps what the journal knows of nodes and speeds true, at the least expense: what is new is rated when it comes; everything is rated again only when the
/// classes of the pool change, and the services when something about models was measured.
/// </summary>
public sealed class Ratings(Fits fits)
{
    /// <summary>A model file may vanish, or come back, without anybody telling.</summary>
    private const long LookAgainMs = 60_000;

    private IReadOnlyList<NodeObservation>? _nodes;
    private string? _classes;
    private long _factSequence;
    private long _servicesAtMs;

    /// <summary>
    /// What is submitted is rated in the same step, so that the first plan that sees it can place it. Where the pool is not known yet, it is rated when it is.
    /// </summary>
    public static Decision<string> With(Decision<string> decision, CloudState state, Fits fits, Pool pool)
    {
        ArgumentNullException.ThrowIfNull(fits);
        ArgumentNullException.ThrowIfNull(pool);
        return decision.Refusal is not null || !pool.IsKnown ? decision : decision with
        {
            Events = [.. decision.Events, .. decision.Events.OfType<WorkloadSubmitted>()
                .Select(submitted => new WorkloadsFitted([submitted.WorkloadId], fits.Speeds(state, submitted.Spec, pool.Nodes)))],
        };
    }

    /// <summary>What has to be recorded before the next plan; usually nothing.</summary>
    public List<JournalEvent> News(CloudState state, IReadOnlyList<NodeObservation> nodes, Func<string, bool> isUnseen, long nowMs)
    {
        var events = new List<JournalEvent>();
        var before = _classes;
        if (!ReferenceEquals(nodes, _nodes))
        {
            (_nodes, _classes) = (nodes, Classes(nodes));
            if (Inventory.News(state, nodes, isUnseen) is { } seen)
            {
                events.Add(seen);
            }
        }

        var all = before != _classes;
        var services = all || _factSequence != state.LastFactSequence || nowMs - _servicesAtMs >= LookAgainMs;
        if (services)
        {
            (_factSequence, _servicesAtMs) = (state.LastFactSequence, nowMs);
        }

        events.AddRange(Rated(state, Due(state, all, services), nodes));
        return events;
    }

    private static IEnumerable<Workload> Due(CloudState state, bool all, bool services) =>
        all ? state.OpenWorkloads
        : services ? state.OpenWorkloads.Where(workload => workload.Spec.IsService || state.SpeedsOf(workload.Id) is null)
        : state.Unfitted;

    /// <summary>Jobs of one shape have one answer, so ten thousand of them are one question and one record.</summary>
    private IEnumerable<JournalEvent> Rated(CloudState state, IEnumerable<Workload> due, IReadOnlyList<NodeObservation> nodes)
    {
        var jobs = new Dictionary<(string Chips, long MemoryMiB, long DevicesMilli), ImmutableArray<ClassSpeed>>();
        var news = new Dictionary<string, (ImmutableArray<ClassSpeed> Speeds, List<string> Ids)>(StringComparer.Ordinal);
        foreach (var workload in due)
        {
            var spec = workload.Spec;
            var shape = (string.Join(',', spec.Chips), spec.MemoryMiB, spec.DevicesMilli);
            if (spec.IsService || !jobs.TryGetValue(shape, out var speeds))
            {
                speeds = fits.Speeds(state, spec, nodes);
            }

            if (!spec.IsService)
            {
                jobs[shape] = speeds;
            }

            if (state.SpeedsOf(workload.Id) is not { } known || !known.AsSpan().SequenceEqual(speeds.AsSpan()))
            {
                var text = string.Join(' ', speeds.Select(speed => $"{speed.ChipClass} {speed.Millionths}"));
                news.TryAdd(text, (speeds, []));
                news[text].Ids.Add(workload.Id);
            }
        }

        return news.Values.Select(rated => new WorkloadsFitted([.. rated.Ids], rated.Speeds));
    }

    /// <summary>All that speeds of jobs depend on.</summary>
    private static string Classes(IReadOnlyList<NodeObservation> nodes) => string.Join(';', nodes
        .GroupBy(node => node.ChipClass, StringComparer.Ordinal)
        .OrderBy(group => group.Key, StringComparer.Ordinal)
        .Select(group => $"{group.Key} {group.Max(node => node.MemoryMiBPerDevice)} {group.All(node => node.Simulated)}"));
}
