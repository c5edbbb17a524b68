using System.Collections.Immutable;
using Amalgam.Core.Allocation;
using Amalgam.Core.Ledger.Admission;
using Amalgam.Core.Ledger.Stock;
using Amalgam.Core.Ledger.Budgets;
using Amalgam.Core.Units;
using Amalgam.Core.Workloads;

namespace Amalgam.Core.Cloud;

/// <summary>
/// What people asked for and what is there, frozen for one cycle of the allocator. The one builder: quotes, the replay of a
/// journal and the full check plan on what it gives, and the live loop on the same descriptions, kept up by <see cref="AllocationFeed"/>.
/// </summary>
public static class AllocationInput
{
    /// <summary>Workloads that nobody has rated yet are left out; the next cycle has them.</summary>
    public static AllocationSnapshot Of(CloudState state, AllocationHistory history, long nowMs)
    {
        ArgumentNullException.ThrowIfNull(state);
        var workloads = ImmutableArray.CreateBuilder<WorkloadState>();
        var rules = AdmissionView.Of(state, nowMs);
        foreach (var workload in state.OpenWorkloads)
        {
            if (state.SpeedsOf(workload.Id) is { } speeds && Demand(state, workload, speeds, nowMs, rules) is { } demand)
            {
                workloads.Add(demand);
            }
        }

        return new AllocationSnapshot
        {
            NowMs = nowMs,
            Nodes = Supply.InService(state, nowMs),
            Units = Units(state, nowMs),
            Workloads = workloads.ToImmutable(),
            Leases = [.. state.OpenLeases.Select(Held)],
            History = history,
            Typical = state.Demand.Typical,
        };
    }

    public static ImmutableArray<UnitState> Units(CloudState state, long nowMs)
    {
        ArgumentNullException.ThrowIfNull(state);
        var firm = state.Contracts.Firm(nowMs);
        return [.. state.Units.InOrder.Select(unit => Unit(unit) with { Firm = firm.GetValueOrDefault(unit.Name, ChipAmounts.None) })];
    }

    /// <summary>The next instant at which what is promised, or what is there by the books, changes by itself, or the allocator wants to be asked: null = never.</summary>
    public static long? NextChangeMs(CloudState state, long nowMs, long? wakeMs)
    {
        ArgumentNullException.ThrowIfNull(state);
        var next = Math.Min(wakeMs ?? long.MaxValue, Math.Min(state.Contracts.NextChange(nowMs), Math.Min(state.Stock.NextChange(nowMs), state.Admission.NextChange(nowMs))));
        return next == long.MaxValue ? null : next;
    }

    /// <summary>Null when it asks for nothing now: told to stop, on its way out, scaled to zero, or delayed after a failed start.</summary>
    /// <param name="rules">Null = no rule keeps anybody from anything.</param>
    public static WorkloadState? Demand(CloudState state, Workload workload, ImmutableArray<ClassSpeed> speeds, long nowMs, AdmissionView? rules = null)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(workload);
        if (!workload.IsOpen || workload.StopRequested || IsClosing(state, workload))
        {
            return null;
        }

        var held = state.OpenLeasesOf(workload.Id).Count(lease => lease.EndingMs is null);
        var delayed = nowMs < workload.NotBeforeMs;
        if (held == 0 && (delayed || (workload.Spec.IsService && workload.Wanted <= 0)))
        {
            return null;
        }

        // While a restart is being delayed no replica beyond those held is asked for.
        var replicas = delayed ? Math.Min(workload.Wanted, held) : workload.Wanted;
        return Described(workload.Spec, speeds) with
        {
            Id = workload.Id,
            Members = workload.Spec.IsService ? replicas : workload.Spec.Members,
            AttainedMs = workload.AttainedMs,
            SubmittedMs = workload.SubmittedMs,
            WaitingSinceMs = workload.WaitingSinceMs,
            Refusals = Refusals(state, workload, speeds, nowMs, rules, held),
        };
    }

    /// <summary>Rules first, then budgets: of two reasons on one class the allocator names the earlier. What runs is paid for and ended by the meter.</summary>
    private static ImmutableArray<ClassRefusal> Refusals(CloudState state, Workload workload, ImmutableArray<ClassSpeed> speeds, long nowMs, AdmissionView? rules, int held)
    {
        var budgets = held == 0 ? BudgetRefusals.Of(state, workload.Spec, speeds, nowMs) : [];
        var admission = rules is null ? [] : AdmissionAnswer.Refusals(state, rules, workload, speeds, nowMs);
        return budgets.IsEmpty ? admission : admission.IsEmpty ? budgets : admission.AddRange(budgets);
    }

    /// <summary>
    /// A gang of which a member has ended by itself, or that was told to end for good, is on its way out: what is left of it holds its devices to the
    /// end, and nobody may plan it whole again beside that.
    /// </summary>
    private static bool IsClosing(CloudState state, Workload workload)
    {
        if (workload.Spec.IsService)
        {
            return false;
        }

        var gone = state.LeasesOf(workload.Id).Where(IsFinal).Select(member => member.FromMs).ToHashSet();
        return gone.Count > 0 && state.OpenLeasesOf(workload.Id).Any(open => gone.Contains(open.FromMs));
    }

    private static bool IsFinal(Lease member) => (member.EndedBecause ?? member.EndingBecause) is
        LeaseEnd.Finished or LeaseEnd.FailedToStart or LeaseEnd.Lost or LeaseEnd.GangEnded or LeaseEnd.TimeLimit or LeaseEnd.Stopped or LeaseEnd.TakenBack;

    /// <summary>What was asked for, without what became of it: id and time of submission are still to be set.</summary>
    public static WorkloadState Described(WorkloadSpec spec, ImmutableArray<ClassSpeed> speeds)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return new WorkloadState
        {
            Id = spec.Name,
            Name = spec.Name,
            Unit = spec.Unit,
            Kind = spec.IsService ? WorkloadKind.Service : WorkloadKind.Job,
            Members = spec.IsService ? spec.Service!.MinReplicas : spec.Members,
            DevicesMilli = spec.DevicesMilli,
            MemoryMiB = spec.MemoryMiB,
            Speeds = speeds,
            Priority = spec.Priority,
            Preemptible = spec.Preemptible,
            Resumable = spec.Resumable,
            MaxWaitMs = spec.MaxWaitMs,
            DeclaredMs = spec.DeclaredMs,
        };
    }

    public static UnitState Unit(Unit unit)
    {
        ArgumentNullException.ThrowIfNull(unit);
        return new UnitState
        {
            Name = unit.Name,
            Parent = unit.Parent,
            Weight = unit.Weight,
            Guarantee = ChipAmounts.From(unit.Guarantee),
            Limit = ChipAmounts.From(unit.Limit),
            MinRuntimeMs = unit.MinRuntimeMs,
            MaxWaitMs = unit.MaxWaitMs,
        };
    }

    public static MemberLease Held(Lease lease) => new()
    {
        WorkloadId = lease.WorkloadId,
        Member = lease.Member,
        Node = lease.Node,
        Devices = lease.Devices,
        MilliPerDevice = lease.MilliPerDevice,
        SinceMs = lease.FromMs,
        Generation = lease.Generation,
        Ending = lease.EndingMs is not null,
    };
}
