using Amalgam.Core.Allocation;
using Amalgam.Core.Allocation.Laws;
using Amalgam.Core.Units;
using Amalgam.Core.Workloads;

namespace Amalgam.Core.Cloud;

/// <summary>
/// L11 on what a plan changes: a start of what is not preemptible leaves the unit, and all above it, within the guarantee. Nothing to do for a plan
/// that begins nothing of that kind; otherwise the open leases are looked through once.
/// </summary>
internal static class FixedLeases
{
    public static IEnumerable<LawViolation> Check(AllocationPlan plan, CloudState state, DeviceBook devices)
    {
        var begun = new Dictionary<(string Unit, string ChipClass), (long Milli, string Workload)>();
        var changed = new HashSet<string>(StringComparer.Ordinal);
        foreach (var decision in plan.Decisions)
        {
            changed.Add(decision.WorkloadId);
            if (state.Workload(decision.WorkloadId) is { Spec.Preemptible: false } workload)
            {
                Begin(workload, PlanGuard.MembersOf(decision), devices, begun);
            }
        }

        return begun.Count == 0 ? [] : Beyond(plan, state, begun, changed);
    }

    private static void Begin(
        Workload workload, IEnumerable<MemberPlacement> members, DeviceBook devices, Dictionary<(string, string), (long Milli, string Workload)> begun)
    {
        foreach (var member in members)
        {
            if (devices.Node(member.Node) is { } node)
            {
                var key = (workload.Spec.Unit, node.ChipClass);
                begun[key] = (begun.GetValueOrDefault(key).Milli + (member.Devices.Length * member.MilliPerDevice), workload.Id);
            }
        }
    }

    private static IEnumerable<LawViolation> Beyond(
        AllocationPlan plan, CloudState state, Dictionary<(string Unit, string ChipClass), (long Milli, string Workload)> begun, HashSet<string> changed)
    {
        var held = state.OpenLeases.Where(lease => lease.EndingMs is null && state.Workload(lease.WorkloadId) is { Spec.Preemptible: false }).ToList();
        var guarantees = new Guarantees(plan, state);
        foreach (var (_, chip) in begun.Keys.ToHashSet())
        {
            foreach (var unit in state.Units.InOrder)
            {
                var here = begun.Where(start => string.Equals(start.Key.ChipClass, chip, StringComparison.Ordinal) && state.Units.IsWithin(start.Key.Unit, unit.Name)).ToList();
                var before = Sum(held, state, unit, chip);
                var after = Sum(held.Where(lease => !changed.Contains(lease.WorkloadId)), state, unit, chip) + here.Sum(start => start.Value.Milli);
                if (here.Count > 0 && after > before && after > guarantees.Of(unit.Name, chip))
                {
                    yield return new(Law.L11,
                        $"{here[0].Value.Workload} lifts what is not preemptible in {unit.Name} to {after} thousandths of {chip}, guaranteed are {guarantees.Of(unit.Name, chip)}");
                }
            }
        }
    }

    private static long Sum(IEnumerable<Lease> leases, CloudState state, Unit unit, string chip) => leases
        .Where(lease => string.Equals(lease.ChipClass, chip, StringComparison.Ordinal) && state.Units.IsWithin(lease.Unit, unit.Name)).Sum(lease => lease.MilliDevices);

    /// <summary>The larger of a unit's own, its contracts and its children's sum, or what is covered of it where stock is short.</summary>
    private sealed class Guarantees(AllocationPlan plan, CloudState state)
    {
        private readonly Dictionary<(string, string), long> _covered = plan.Shortfalls.ToDictionary(found => (found.Unit, found.ChipClass), found => found.CoveredMilli);
        private readonly ILookup<string?, UnitState> _children = AllocationInput.Units(state, plan.AtMs).ToLookup(unit => unit.Parent, StringComparer.Ordinal);
        private readonly Dictionary<string, UnitState> _units = AllocationInput.Units(state, plan.AtMs).ToDictionary(unit => unit.Name, StringComparer.Ordinal);

        public long Of(string unit, string chip) => _covered.TryGetValue((unit, chip), out var covered) ? covered : Promised(unit, chip);

        private long Promised(string unit, string chip) => Math.Max(
            _children[unit].Sum(child => Promised(child.Name, chip)), Math.Max(_units[unit].Guarantee[chip], _units[unit].Firm[chip]));
    }
}
