using System.Collections.Immutable;
using Amalgam.Core.Allocation;
using Amalgam.Core.Journal;
using Amalgam.Core.Workloads;

namespace Amalgam.Core.Cloud;

/// <summary>What was seen of the world, as far as decisions rest on it: nodes, and how fast each class runs what was asked for.</summary>
public sealed partial class CloudState
{
    private readonly SortedSet<long> _unfitted = [];
    private readonly Dictionary<long, ImmutableArray<ClassSpeed>> _fits = [];

    /// <summary>In the order in which they were first seen, because ties go by it.</summary>
    public ImmutableArray<NodeState> Nodes { get; private set; } = [];

    /// <summary>What has been asked for lately: placement weighs by it what a place could still earn.</summary>
    public RecentDemand Demand { get; } = new();

    /// <summary>Of the last speed measured or memory observed; grows when a service may have to be rated again.</summary>
    public long LastFactSequence { get; private set; }

    /// <summary>What units were owed when the last recorded cycle began.</summary>
    public AllocationHistory Owed { get; private set; } = AllocationHistory.Empty;

    /// <summary>What units were owed when the recorded cycle began, which is the next record.</summary>
    public AllocationHistory HistoryBefore(PlanMade made)
    {
        ArgumentNullException.ThrowIfNull(made);
        return made.OnlyChanged ? made.HistoryBefore.Over(Owed) : made.HistoryBefore;
    }

    /// <summary>Open workloads that nobody has rated yet, in order of submission.</summary>
    public IEnumerable<Workload> Unfitted => _unfitted.Select(number => _workloads[_openWorkloads[number]]);

    /// <summary>Null while nobody has rated it.</summary>
    public ImmutableArray<ClassSpeed>? SpeedsOf(string workloadId) => _fits.TryGetValue(Number(workloadId), out var speeds) ? speeds : null;

    private void See(NodesSeen seen)
    {
        var changed = seen.Changed.ToDictionary(node => node.Name, StringComparer.Ordinal);
        var gone = seen.Gone.ToHashSet(StringComparer.Ordinal);
        var nodes = ImmutableArray.CreateBuilder<NodeState>(Nodes.Length + changed.Count);
        foreach (var node in Nodes)
        {
            if (!gone.Contains(node.Name))
            {
                nodes.Add(changed.Remove(node.Name, out var now) ? now : node);
            }
        }

        nodes.AddRange(seen.Changed.Where(node => changed.ContainsKey(node.Name)));
        Nodes = nodes.ToImmutable();
    }

    private void Fit(WorkloadsFitted fitted)
    {
        foreach (var number in fitted.WorkloadIds.Select(Number).Where(number => _openWorkloads.ContainsKey(number)))
        {
            if (_workloads[_openWorkloads[number]] is var workload && !_fits.ContainsKey(number))
            {
                Demand.Ask(AllocationInput.Described(workload.Spec, fitted.Speeds), Math.Max(1, workload.Wanted));
            }

            _fits[number] = fitted.Speeds;
            _unfitted.Remove(number);
        }
    }

    private void Close(long number)
    {
        _openWorkloads.Remove(number);
        _openServices.Remove(number);
        _unfitted.Remove(number);
        _fits.Remove(number);
    }
}
