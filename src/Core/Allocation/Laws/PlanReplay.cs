using System.Collections.Immutable;

namespace Amalgam.Core.Allocation.Laws;

/// <summary>L6, L9 and L12: the laws that need the allocator to be asked again.</summary>
public static class PlanReplay
{
    /// <summary>L6: carried out at once, the plan leaves nothing to do.</summary>
    public static IEnumerable<LawViolation> Quiet(
        AllocationSnapshot snapshot, AllocationPlan plan, Func<AllocationSnapshot, AllocationPlan> allocate, int cycles)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(allocate);
        for (var cycle = 0; cycle < cycles; cycle++)
        {
            snapshot = CarriedOut(snapshot, plan);
            plan = allocate(snapshot);
            if (!plan.Decisions.IsEmpty)
            {
                yield return new(Law.L6, $"cycle {cycle + 1} after the plan at {snapshot.NowMs} ms still changes something: {plan.Decisions[0]}");
                yield break;
            }
        }
    }

    /// <summary>L12: asked again, the allocator says the same.</summary>
    public static IEnumerable<LawViolation> Same(
        AllocationSnapshot snapshot, AllocationPlan plan, Func<AllocationSnapshot, AllocationPlan> allocate)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(allocate);
        if (Text(allocate(snapshot), static name => name) is var again && !string.Equals(again, Text(plan, static name => name), StringComparison.Ordinal))
        {
            yield return new(Law.L12, $"the same snapshot gave another plan: {again}");
        }
    }

    /// <summary>L9: with every unit, node and workload renamed, in an order of names that is turned around, the plan is the same but for names.</summary>
    public static IEnumerable<LawViolation> Renamed(
        AllocationSnapshot snapshot, AllocationPlan plan, Func<AllocationSnapshot, AllocationPlan> allocate)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(allocate);
        var names = new Naming();
        var renamed = snapshot with
        {
            Nodes = [.. snapshot.Nodes.Select(node => node with { Name = names.New(node.Name) })],
            Units = [.. snapshot.Units.Select(unit => unit with { Name = names.New(unit.Name), Parent = unit.Parent is null ? null : names.New(unit.Parent) })],
            Workloads = [.. snapshot.Workloads.Select(workload => workload with { Id = names.New(workload.Id), Unit = names.New(workload.Unit) })],
            Leases = [.. snapshot.Leases.Select(lease => lease with { WorkloadId = names.New(lease.WorkloadId), Node = names.New(lease.Node) })],
            History = snapshot.History with { Debts = [.. snapshot.History.Debts.Select(debt => debt with { Unit = names.New(debt.Unit) })] },
        };
        var other = Text(allocate(renamed), names.Old);
        if (!string.Equals(other, Text(plan, static name => name), StringComparison.Ordinal))
        {
            yield return new(Law.L9, $"under other names the plan is another: {other}");
        }
    }

    /// <summary>
    /// L9: with equal siblings in the opposite order of creation everybody's target is the same, and twins (siblings whose waiting work is equal
    /// too) together begin the same. Ties go by order of creation, so which twin it is may differ.
    /// </summary>
    public static IEnumerable<LawViolation> Permuted(
        AllocationSnapshot snapshot, AllocationPlan plan, Func<AllocationSnapshot, AllocationPlan> allocate)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(allocate);
        var siblings = new EqualSiblings(snapshot);
        if (!siblings.Any)
        {
            yield break;
        }

        var other = allocate(siblings.Reversed());
        var targets = plan.Targets.ToDictionary(target => (target.Unit, target.ChipClass), target => target.Milli);
        foreach (var target in other.Targets)
        {
            // The solver adds up in another order.
            if (Math.Abs(target.Milli - targets.GetValueOrDefault((target.Unit, target.ChipClass))) > EqualSiblings.SolverMilli)
            {
                yield return new(Law.L9, $"with equal siblings in another order the target of {target.Unit} is {target.Milli} milli-devices of {target.ChipClass}");
                yield break;
            }
        }

        if (siblings.AreTwins && siblings.Begun(other) is var text && !string.Equals(text, siblings.Begun(plan), StringComparison.Ordinal))
        {
            yield return new(Law.L9, $"with twins in another order others begin: {text}");
        }
    }

    /// <summary>The snapshot after every decision of the plan, at the same instant.</summary>
    public static AllocationSnapshot CarriedOut(AllocationSnapshot snapshot, AllocationPlan plan)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(plan);
        var state = new CheckedState(snapshot, plan);
        var evicted = plan.Decisions.OfType<EvictDecision>().Select(evict => evict.WorkloadId).ToHashSet(StringComparer.Ordinal);
        return snapshot with
        {
            Leases = [.. state.After.OrderBy(held => held.Key, StringComparer.Ordinal).SelectMany(held => held.Value).Select(piece => new MemberLease
            {
                WorkloadId = piece.Workload, Member = piece.Member, Node = piece.Node, Devices = [.. piece.Devices],
                MilliPerDevice = piece.MilliPerDevice, SinceMs = piece.SinceMs,
            })],
            Workloads = [.. snapshot.Workloads.Select(workload => evicted.Contains(workload.Id) ? workload with { WaitingSinceMs = snapshot.NowMs } : workload)],
            History = plan.History,
        };
    }

    /// <summary>Decisions and reasons as text; sentences name units, so they are left out.</summary>
    private static string Text(AllocationPlan plan, Func<string, string> name) => string.Join(
        '\n',
        plan.Decisions.Select(decision => decision switch
        {
            StartDecision start => $"start {name(start.WorkloadId)} on {start.ChipClass}{Places(start.Members, name)}",
            EvictDecision evict => $"evict {name(evict.WorkloadId)} for {(evict.BeneficiaryId is null ? "" : name(evict.BeneficiaryId))} {evict.Reason}",
            MoveDecision move => $"move {name(move.WorkloadId)}{Places(move.Members, name)}",
            ResizeDecision resize => $"resize {name(resize.WorkloadId)}{Places(resize.Members, name)}",
            _ => "",
        }).Concat(plan.Pending.Select(pending => $"{name(pending.WorkloadId)} waits for {PendingReasons.Code(pending.Reason)}"))
        .Concat(plan.Targets.Select(target => $"{name(target.Unit)} {target.ChipClass} {target.Milli}")));

    private static string Places(ImmutableArray<MemberPlacement> members, Func<string, string> name) => string.Concat(
        members.Select(member => $" {member.Member}@{name(member.Node)}[{string.Join(',', member.Devices)}]{member.MilliPerDevice}"));

    private sealed class Naming
    {
        private readonly Dictionary<string, string> _new = new(StringComparer.Ordinal);
        private readonly Dictionary<string, string> _old = new(StringComparer.Ordinal);

        public string New(string old)
        {
            if (!_new.TryGetValue(old, out var name))
            {
                // Later ones get names that sort first.
                name = $"x{1_000_000 - _new.Count:0000000}";
                _new.Add(old, name);
                _old.Add(name, old);
            }

            return name;
        }

        public string Old(string name) => _old.GetValueOrDefault(name, name);
    }
}
