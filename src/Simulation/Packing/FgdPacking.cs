using Amalgam.Core.Allocation.Placement;

namespace Amalgam.Simulation.Packing;

/// <summary>
/// Fragmentation gradient descent (Q. Weng et al., USENIX ATC 2023), for comparison: the machine whose fragment measure grows least, as the whole
/// part of 100 x sigmoid of the difference; the first machine in the order on ties. The fragment measure of a machine is the mean over the
/// typical tasks of what is idle there and of no use to them; typical are the most frequent kinds up to 95 % of the list.
/// </summary>
public sealed class FgdPacking : IPackingPolicy
{
    private const double TypicalShare = 0.95;

    private readonly PackingCluster _cluster;
    private readonly (PlacementRequest Request, double Weight)[] _typical;
    private readonly Dictionary<string, StateScores> _byContent = [];
    private readonly StateScores[] _stateOf;
    private readonly Dictionary<PlacementRequest, int> _kinds = [];

    public FgdPacking(PackingCluster cluster, RequestMix mix)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(mix);
        _cluster = cluster;
        _typical = Typical(mix);
        _stateOf = new StateScores[cluster.Nodes.Length];
        for (var n = 0; n < _stateOf.Length; n++)
        {
            _stateOf[n] = Intern(n);
        }
    }

    // Kinds are told apart by cores, share, count and type: RAM plays no part in the measure.
    private static (PlacementRequest, double)[] Typical(RequestMix mix)
    {
        var kinds = mix.Kinds.GroupBy(k => k.Request with { RamMiB = 0 }).Select(g => (Request: g.Key, Weight: g.Sum(k => k.Weight)))
            .OrderByDescending(k => k.Weight).ToList();
        var total = kinds.Sum(k => k.Weight);
        var kept = new List<(PlacementRequest Request, double Weight)>();
        double sum = 0;
        foreach (var kind in kinds)
        {
            if (sum >= TypicalShare * total)
            {
                break;
            }
            kept.Add(kind);
            sum += kind.Weight;
        }
        return [.. kept.Select(k => (k.Request, k.Weight / sum))];
    }

    public PackingPlace? Place(PlacementRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (!_kinds.TryGetValue(request, out var kind))
        {
            _kinds.Add(request, kind = _kinds.Count);
        }
        var (best, bestScore, bestLevel) = (-1, int.MinValue, 0);
        for (var n = 0; n < _stateOf.Length; n++)
        {
            var (score, level) = _stateOf[n].Score(kind, request);
            if (score > bestScore)
            {
                (best, bestScore, bestLevel) = (n, score, level);
            }
        }
        if (best < 0)
        {
            return null;
        }
        var idle = _cluster.Idle(best).ToArray();
        var devices = Enumerable.Range(0, idle.Length).Where(d => idle[d] == bestLevel && request.DeviceMilli > 0).Take(request.Devices).ToArray();
        _stateOf[best] = InternAfter(best, request, devices);
        return new PackingPlace(best, [.. devices]);
    }

    public void Returned(PackingPlace place, PlacementRequest request) => _stateOf[place.Node] = Intern(place.Node);

    private StateScores Intern(int node) => Intern(_cluster.Nodes[node].Chip, _cluster.CpuMilli(node), _cluster.RamMiB(node), _cluster.Idle(node).ToArray());

    private StateScores InternAfter(int node, PlacementRequest request, int[] devices)
    {
        var idle = _cluster.Idle(node).ToArray();
        foreach (var d in devices)
        {
            idle[d] -= request.IsShare ? request.DeviceMilli : 1000;
        }
        return Intern(_cluster.Nodes[node].Chip, _cluster.CpuMilli(node) - request.CpuMilli, _cluster.RamMiB(node) - request.RamMiB, idle);
    }

    private StateScores Intern(int chip, long cpu, long ram, int[] idle)
    {
        Array.Sort(idle);
        var key = $"{chip}/{cpu}/{ram}/{string.Join(',', idle)}";
        if (!_byContent.TryGetValue(key, out var state))
        {
            state = new StateScores(this, chip, cpu, ram, idle);
            _byContent.Add(key, state);
        }
        return state;
    }

    /// <summary>One content of a machine, and the score of every kind of task that was ever tried on it.</summary>
    private sealed class StateScores(FgdPacking policy, int chip, long cpu, long ram, int[] idle)
    {
        private readonly double _before = policy.Fragment(chip, cpu, idle);
        private readonly Dictionary<int, (int Score, int Level)> _scores = [];

        public (int Score, int Level) Score(int kind, PlacementRequest request)
        {
            if (!_scores.TryGetValue(kind, out var score))
            {
                score = Compute(request);
                _scores.Add(kind, score);
            }
            return score;
        }

        private (int, int) Compute(PlacementRequest request)
        {
            var need = request.IsShare ? request.DeviceMilli : 1000;
            var fits = request.CpuMilli <= cpu && request.RamMiB <= ram && request.SpeedOn(chip) > 0 && idle.Count(i => i >= need) >= request.Devices;
            if (!fits)
            {
                return (int.MinValue, 0);
            }
            if (!request.IsShare)
            {
                var left = (int[])idle.Clone();
                Array.Fill(left, 0, left.Length - request.Devices, request.Devices);
                return (After(request, left), 1000);
            }
            var (best, level) = (int.MinValue, 0);
            for (var d = 0; d < idle.Length; d++)
            {
                var left = (int[])idle.Clone();
                left[d] -= request.DeviceMilli;
                if (left[d] >= 0 && After(request, left) is var score && score > best)
                {
                    (best, level) = (score, idle[d]);
                }
            }
            return (best, level);
        }

        private int After(PlacementRequest request, int[] left)
        {
            var growth = _before - policy.Fragment(chip, cpu - request.CpuMilli, left);
            return (int)(100 / (1 + Math.Exp(-growth / 1000)));
        }
    }

    private double Fragment(int chip, long cpu, int[] idle)
    {
        long all = 0;
        foreach (var milli in idle)
        {
            all += milli;
        }
        double fragment = 0;
        foreach (var (task, weight) in _typical)
        {
            fragment += weight * Useless(task, chip, cpu, idle, all);
        }
        return fragment;
    }

    private static long Useless(PlacementRequest task, int chip, long cpu, int[] idle, long all)
    {
        if (task.DeviceMilli == 0 || task.CpuMilli > cpu || task.SpeedOn(chip) <= 0)
        {
            return all;
        }
        var need = task.IsShare ? task.DeviceMilli : 1000;
        long small = 0;
        var fitting = 0;
        foreach (var milli in idle)
        {
            small += milli < need ? milli : 0;
            fitting += milli >= need ? 1 : 0;
        }
        return fitting < task.Devices ? all : small;
    }
}
