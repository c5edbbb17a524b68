using System.Collections.Immutable;
using Amalgam.Core.Allocation;
using Amalgam.Core.Journal;
using Amalgam.Core.Units;
using Amalgam.Core.Workloads;

namespace Amalgam.Core.Ledger.Sharing;

/// <summary>
/// What there was of every class at every instant: nodes as they were seen, with their broken devices; what units were guaranteed; which idle policy held.
/// A node stays as it was last seen until something else is seen, also while the cloud is stopped.
/// </summary>
public sealed class PoolBook
{
    private readonly Dictionary<string, List<NodePiece>> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<(long FromMs, ImmutableSortedDictionary<string, long> Guarantee)>> _guarantees = new(StringComparer.Ordinal);
    private readonly Dictionary<(string ChipClass, int Day), (long Failed, long Absent)> _overlaps = [];
    private readonly List<IdlePolicy> _policies = [];

    public IReadOnlyList<IdlePolicy> Policies => _policies;

    /// <summary>The policy of a day; of two that begin together the later one set.</summary>
    public IdlePolicy PolicyAt(long dayMs) => _policies.FindLast(policy => policy.FromMs <= dayMs) ?? IdlePolicy.Default;

    public IEnumerable<string> Classes => _nodes.Values.SelectMany(pieces => pieces).Select(piece => piece.ChipClass).Distinct().Order(StringComparer.Ordinal);

    public void Apply(JournalRecord record, Func<string, Lease?> leases)
    {
        switch (record.Event)
        {
            case NodesSeen seen:
                See(seen, record.AtMs);
                break;
            case UnitSet { Unit: var unit }:
                Promise(unit, record.AtMs);
                break;
            case IdlePolicySet set:
                _policies.Insert(_policies.FindLastIndex(policy => policy.FromMs <= set.Policy.FromMs) + 1, set.Policy);
                break;
            case LeaseCharged { Slice: var slice } when leases(slice.LeaseId) is { } lease:
                var (failed, absent) = Overlap(lease, slice.FromMs, slice.ToMs);
                if (failed + absent > 0)
                {
                    var key = (slice.ChipClass, (int)(slice.FromMs / BillBook.DayMs));
                    var before = _overlaps.GetValueOrDefault(key);
                    _overlaps[key] = (before.Failed + failed, before.Absent + absent);
                }

                break;
        }
    }

    /// <summary>Milli-device-milliseconds of a class on a day, up to an instant: all there was, and how much of it was broken.</summary>
    public (long Capacity, long Failed) Capacity(string chipClass, int day, long nowMs)
    {
        var (fromMs, toMs) = (day * BillBook.DayMs, Math.Min((day + 1) * BillBook.DayMs, nowMs));
        long capacity = 0, failed = 0;
        foreach (var (piece, from, to) in _nodes.Values.SelectMany(pieces => Between(pieces, fromMs, toMs)).Where(item => item.Piece.ChipClass == chipClass))
        {
            capacity += (to - from) * piece.Devices * 1000;
            failed += (to - from) * piece.Broken.Count * 1000;
        }

        return (capacity, failed);
    }

    /// <summary>Of what was charged on a day: time on devices that were broken, and on devices that were not seen at all.</summary>
    public (long Failed, long Absent) Charged(string chipClass, int day) => _overlaps.GetValueOrDefault((chipClass, day));

    /// <summary>The same for a span of a lease that is not charged yet.</summary>
    public (long Failed, long Absent) Overlap(Lease lease, long fromMs, long toMs)
    {
        long failed = 0, seen = 0;
        foreach (var (piece, from, to) in Between(_nodes.GetValueOrDefault(lease.Node) ?? [], fromMs, toMs))
        {
            foreach (var device in lease.Devices.Where(device => device < piece.Devices && piece.ChipClass == lease.ChipClass))
            {
                seen += (to - from) * lease.MilliPerDevice;
                failed += piece.Broken.Contains(device) ? (to - from) * lease.MilliPerDevice : 0;
            }
        }

        return (failed, ((toMs - fromMs) * lease.MilliDevices) - seen);
    }

    /// <summary>Milli-devices of a class that units were guaranteed at an instant: the topmost ones, because what stands below them is theirs to give.</summary>
    public IEnumerable<(string Unit, long Milli)> Guaranteed(UnitTree units, string chipClass, long atMs)
    {
        long Of(string unit) => _guarantees.TryGetValue(unit, out var history) ? history.LastOrDefault(entry => entry.FromMs <= atMs).Guarantee?.GetValueOrDefault(chipClass) ?? 0 : 0;
        foreach (var unit in _guarantees.Keys.Order(StringComparer.Ordinal).Where(unit => Of(unit) > 0))
        {
            var path = units.PathAt(unit, atMs).Split('/');
            if (path.Length > 1 && !path[1..^1].Any(above => Of(above) > 0))
            {
                yield return (unit, Of(unit));
            }
        }
    }

    private static IEnumerable<(NodePiece Piece, long FromMs, long ToMs)> Between(List<NodePiece> pieces, long fromMs, long toMs)
    {
        for (var at = 0; at < pieces.Count; at++)
        {
            var from = Math.Max(fromMs, pieces[at].FromMs);
            var to = Math.Min(toMs, at + 1 < pieces.Count ? pieces[at + 1].FromMs : long.MaxValue);
            if (from < to)
            {
                yield return (pieces[at], from, to);
            }
        }
    }

    private void See(NodesSeen seen, long atMs)
    {
        foreach (var node in seen.Changed)
        {
            Add(node.Name, new NodePiece(atMs, node.ChipClass, node.Devices, node.Healthy ? [.. node.UnhealthyDevices] : [.. Enumerable.Range(0, node.Devices)]));
        }

        foreach (var gone in seen.Gone.Where(_nodes.ContainsKey))
        {
            Add(gone, new NodePiece(atMs, _nodes[gone][^1].ChipClass, 0, []));
        }
    }

    private void Add(string node, NodePiece piece)
    {
        if (!_nodes.TryGetValue(node, out var pieces))
        {
            _nodes[node] = pieces = [];
        }

        pieces.Add(piece);
    }

    private void Promise(Unit unit, long atMs)
    {
        if (!_guarantees.TryGetValue(unit.Name, out var history))
        {
            if (unit.Guarantee.IsEmpty)
            {
                return;
            }

            _guarantees[unit.Name] = history = [];
        }

        history.Add((atMs, unit.Guarantee));
    }

    /// <param name="Broken">Indices of devices that cannot be used.</param>
    private sealed record NodePiece(long FromMs, string ChipClass, int Devices, ImmutableHashSet<int> Broken);
}
