namespace Amalgam.Core.Allocation.Laws;

/// <summary>
/// Holdings before and after a plan, counted in the plainest way there is. Shares nothing with the planner but the public types,
/// so that a mistake there cannot hide here.
/// </summary>
internal sealed class CheckedState
{
    private readonly Dictionary<(string Unit, string Chip), long> _before = [];
    private readonly Dictionary<(string Unit, string Chip), long> _after = [];
    private readonly Dictionary<(string Unit, string Chip), long> _guarantee = [];

    public CheckedState(AllocationSnapshot snapshot, AllocationPlan plan)
    {
        (Snapshot, Plan) = (snapshot, plan);
        Nodes = snapshot.Nodes.ToDictionary(node => node.Name, StringComparer.Ordinal);
        Units = snapshot.Units.ToDictionary(unit => unit.Name, StringComparer.Ordinal);
        Workloads = snapshot.Workloads.ToDictionary(workload => workload.Id, StringComparer.Ordinal);
        Chips = [.. snapshot.Nodes.Select(node => node.ChipClass).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        foreach (var lease in snapshot.Leases.Where(lease => !lease.Ending && Workloads.ContainsKey(lease.WorkloadId)))
        {
            ListOf(Before, lease.WorkloadId).Add(new Piece(lease.WorkloadId, lease.Member, lease.Node, [.. lease.Devices], lease.MilliPerDevice, lease.SinceMs));
        }

        Apply();
        Count(Before, _before);
        Count(After, _after);
        foreach (var shortfall in plan.Shortfalls)
        {
            Scaled[(shortfall.Unit, shortfall.ChipClass)] = shortfall.CoveredMilli;
        }

        foreach (var target in plan.Targets)
        {
            Targets[(target.Unit, target.ChipClass)] = target.Milli;
        }
    }

    public AllocationSnapshot Snapshot { get; }

    public AllocationPlan Plan { get; }

    public Dictionary<string, NodeState> Nodes { get; }

    public Dictionary<string, UnitState> Units { get; }

    public Dictionary<string, WorkloadState> Workloads { get; }

    public string[] Chips { get; }

    public Dictionary<string, List<Piece>> Before { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, List<Piece>> After { get; } = new(StringComparer.Ordinal);

    public Dictionary<(string Unit, string Chip), long> Targets { get; } = [];

    private Dictionary<(string Unit, string Chip), long> Scaled { get; } = [];

    public long HeldBefore(string unit, string chip) => _before.GetValueOrDefault((unit, chip));

    public long HeldAfter(string unit, string chip) => _after.GetValueOrDefault((unit, chip));

    public string ChipOf(string node) => Nodes[node].ChipClass;

    /// <summary>The unit and those above it, the nearest first.</summary>
    public List<string> PathOf(string unit)
    {
        var path = new List<string>();
        for (string? at = unit; at is not null && path.Count <= Units.Count; at = Units.GetValueOrDefault(at)?.Parent)
        {
            path.Add(at);
        }

        return path;
    }

    /// <summary>The larger of a unit's own guarantee and its children's sum, or what is covered of it where stock is short.</summary>
    public long Guarantee(string unit, string chip) => Scaled.TryGetValue((unit, chip), out var covered) ? covered : Promised(unit, chip);

    public static long Milli(WorkloadState workload, int members) =>
        (workload.DevicesMilli < 1000 ? workload.DevicesMilli : (workload.DevicesMilli + 999) / 1000 * 1000) * members;

    public static int Least(WorkloadState workload) => workload.Kind == WorkloadKind.Service ? 1 : workload.ElasticMin ?? workload.Members;

    private long Promised(string unit, string chip)
    {
        if (!_guarantee.TryGetValue((unit, chip), out var promised))
        {
            var children = Snapshot.Units.Where(child => string.Equals(child.Parent, unit, StringComparison.Ordinal))
                .Sum(child => Promised(child.Name, chip));
            promised = Math.Max(children, Math.Max(Units[unit].Guarantee[chip], Units[unit].Firm[chip]));
            _guarantee[(unit, chip)] = promised;
        }

        return promised;
    }

    private void Apply()
    {
        foreach (var (workload, pieces) in Before)
        {
            After[workload] = [.. pieces];
        }

        foreach (var decision in Plan.Decisions)
        {
            var pieces = ListOf(After, decision.WorkloadId);
            var old = pieces.ToList();
            pieces.Clear();
            var members = decision switch
            {
                StartDecision start => start.Members,
                MoveDecision move => move.Members,
                ResizeDecision resize => resize.Members,
                _ => [],
            };
            pieces.AddRange(members.Select(member => new Piece(
                decision.WorkloadId, member.Member, member.Node, [.. member.Devices], member.MilliPerDevice,
                old.Find(piece => piece.Member == member.Member && piece.IsAt(member))?.SinceMs ?? Snapshot.NowMs)));
        }
    }

    private void Count(Dictionary<string, List<Piece>> held, Dictionary<(string, string), long> counts)
    {
        foreach (var (id, pieces) in held)
        {
            var path = PathOf(Workloads[id].Unit);
            foreach (var piece in pieces.Where(piece => Nodes.ContainsKey(piece.Node)))
            {
                foreach (var unit in path)
                {
                    var key = (unit, ChipOf(piece.Node));
                    counts[key] = counts.GetValueOrDefault(key) + piece.Milli;
                }
            }
        }
    }

    private static List<Piece> ListOf(Dictionary<string, List<Piece>> map, string id)
    {
        if (!map.TryGetValue(id, out var list))
        {
            map[id] = list = [];
        }

        return list;
    }
}

/// <summary>What one member holds.</summary>
internal sealed record Piece(string Workload, int Member, string Node, int[] Devices, long MilliPerDevice, long SinceMs)
{
    public long Milli => MilliPerDevice * Devices.Length;

    /// <summary>Other devices are another lease, which begins anew.</summary>
    public bool IsAt(MemberPlacement place) => string.Equals(Node, place.Node, StringComparison.Ordinal) && Devices.AsSpan().SequenceEqual(place.Devices.AsSpan());
}
