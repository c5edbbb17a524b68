using System.Collections.Immutable;
using Amalgam.Core.Allocation;
using Amalgam.Core.Allocation.Laws;

namespace Amalgam.Core.Cloud;

/// <summary>
/// Looks at what a plan changes, and at nothing else: no device twice (L1), gangs whole (L2), no unit above its limit (L3), no guarantee
/// held hostage (L11). Shares no code with the planner. The other laws need the whole cloud and are checked less often.
/// </summary>
public sealed class PlanGuard
{
    private readonly CloudState _state;
    private readonly DeviceBook _devices;
    private readonly HashSet<string> _changed;
    private readonly Dictionary<(string Node, int Device), (long Milli, long MemoryMiB)> _placed = [];
    private readonly Dictionary<(string Unit, string ChipClass), long> _more = [];
    private readonly List<LawViolation> _found = [];

    private PlanGuard(AllocationPlan plan, CloudState state, DeviceBook devices)
    {
        (_state, _devices) = (state, devices);
        _changed = plan.Decisions.Select(decision => decision.WorkloadId).ToHashSet(StringComparer.Ordinal);
    }

    public static IReadOnlyList<LawViolation> Check(AllocationPlan plan, CloudState state, DeviceBook devices)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(devices);
        var guard = new PlanGuard(plan, state, devices);
        guard.Run(plan);
        return guard._found;
    }

    private void Run(AllocationPlan plan)
    {
        // One workload may be ended and begun again in one plan: what it holds goes once.
        foreach (var lease in _changed.SelectMany(_state.OpenLeasesOf).Where(lease => lease.EndingMs is null))
        {
            Add(lease.Unit, lease.ChipClass, -lease.MilliDevices);
        }

        foreach (var decision in plan.Decisions)
        {
            var members = MembersOf(decision);
            Whole(decision.WorkloadId, members);
            foreach (var member in members)
            {
                Place(decision.WorkloadId, member);
            }
        }

        foreach (var (unit, chip) in _more.Where(more => more.Value > 0).Select(more => more.Key))
        {
            Limit(unit, chip);
        }

        _found.AddRange(FixedLeases.Check(plan, _state, _devices));
    }

    internal static ImmutableArray<MemberPlacement> MembersOf(AllocationDecision decision) => decision switch
    {
        StartDecision start => start.Members,
        MoveDecision move => move.Members,
        ResizeDecision resize => resize.Members,
        _ => [],
    };

    private void Whole(string id, ImmutableArray<MemberPlacement> members)
    {
        if (members.IsEmpty || _state.Workload(id) is not { } workload)
        {
            return;
        }

        if (!workload.Spec.IsService && members.Length != workload.Spec.Members)
        {
            _found.Add(new(Law.L2, $"{id} is given {members.Length} of its {workload.Spec.Members} members"));
        }

        if (!workload.Spec.IsService && members.Select(member => _devices.Node(member.Node)?.ChipClass).Distinct().Count() > 1)
        {
            _found.Add(new(Law.L2, $"{id} is placed on several chip classes"));
        }
    }

    private void Place(string id, MemberPlacement member)
    {
        if (_devices.Node(member.Node) is not { } node || _state.Workload(id) is not { } workload)
        {
            _found.Add(new(Law.L1, $"{id} is placed on {member.Node}, which is not there"));
            return;
        }

        Add(workload.Spec.Unit, node.ChipClass, member.Devices.Length * member.MilliPerDevice);
        foreach (var device in member.Devices)
        {
            var at = (member.Node, device);
            var (milli, memory) = _placed.TryGetValue(at, out var placed) ? placed : Staying(member.Node, device);
            (milli, memory) = _placed[at] = (milli + member.MilliPerDevice, memory + workload.Spec.MemoryMiB);
            if (milli > 1000 || (node.MemoryMiB > 0 && memory > node.MemoryMiB) || device >= node.Devices || !node.Healthy || node.UnhealthyDevices.Contains(device))
            {
                _found.Add(new(Law.L1, $"device {device} of {member.Node} would hold {milli} thousandths and {memory} MiB, the last for {id}"));
            }
        }
    }

    private (long Milli, long MemoryMiB) Staying(string node, int device)
    {
        var (milli, memory) = (0L, 0L);
        foreach (var lease in _devices.HoldersOf(node, device).Where(lease => !_changed.Contains(lease.WorkloadId)))
        {
            (milli, memory) = (milli + lease.MilliPerDevice, memory + (_state.Workload(lease.WorkloadId)?.Spec.MemoryMiB ?? 0));
        }

        return (milli, memory);
    }

    private void Limit(string unit, string chip)
    {
        for (var at = _state.Units.Find(unit); at is not null; at = at.Parent is null ? null : _state.Units.Find(at.Parent))
        {
            if (at.Limit.TryGetValue(chip, out var limit) && HeldAfter(at.Name, chip) is var held && held > limit)
            {
                _found.Add(new(Law.L3, $"unit {at.Name} would hold {held} thousandths of {chip}, above its limit of {limit}"));
            }
        }
    }

    private long HeldAfter(string top, string chip) => _state.Units.InOrder.Where(unit => _state.Units.IsWithin(unit.Name, top))
        .Sum(unit => _devices.HeldMilli(unit.Name, chip) + _more.GetValueOrDefault((unit.Name, chip)));

    private void Add(string unit, string chip, long milli) => _more[(unit, chip)] = _more.GetValueOrDefault((unit, chip)) + milli;
}
