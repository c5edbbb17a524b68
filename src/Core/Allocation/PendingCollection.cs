using System.Collections;
using System.Runtime.CompilerServices;

namespace Amalgam.Core.Allocation;

/// <summary>
/// Every workload that holds nothing after a plan, in the order of the snapshot. Written out only as far as somebody asks: a
/// cloud with a million waiting workloads plans at every event, and a person asks about one.
/// </summary>
/// <remarks>A list from an <see cref="AllocatorState"/> may be read only by who may change that state: it looks into it.</remarks>
[CollectionBuilder(typeof(PendingCollection), nameof(Create))]
public sealed class PendingCollection : IReadOnlyCollection<PendingWorkload>
{
    private readonly ISource _source;

    internal PendingCollection(ISource source) => _source = source;

    public int Count => _source.Count;

    public int Length => _source.Count;

    public bool IsEmpty => _source.Count == 0;

    public static PendingCollection Create(ReadOnlySpan<PendingWorkload> pending) => new(new Written([.. pending]));

    /// <summary>Null for one that does not wait, or is not known.</summary>
    public PendingWorkload? Find(string workloadId) => _source.Find(workloadId);

    /// <summary>How many wait for each reason, those aside for which devices are being gathered.</summary>
    public IEnumerable<(PendingReason Reason, int Count)> Counts() => _source.Counts();

    public IEnumerator<PendingWorkload> GetEnumerator() => _source.All().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal interface ISource
    {
        int Count { get; }

        IEnumerable<PendingWorkload> All();

        PendingWorkload? Find(string workloadId);

        IEnumerable<(PendingReason Reason, int Count)> Counts();
    }

    private sealed class Written(PendingWorkload[] pending) : ISource
    {
        public int Count => pending.Length;

        public IEnumerable<PendingWorkload> All() => pending;

        public PendingWorkload? Find(string workloadId) => Array.Find(pending, waiting => waiting.WorkloadId == workloadId);

        public IEnumerable<(PendingReason Reason, int Count)> Counts() =>
            pending.GroupBy(waiting => waiting.Reason).Select(group => (group.Key, group.Count()));
    }
}
