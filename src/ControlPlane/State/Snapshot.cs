using System.Collections.Immutable;
using Amalgam.ControlPlane.Ports;
using Amalgam.Core.Allocation;
using Amalgam.Core.Cloud;
using Amalgam.Core.Units;
using Amalgam.Core.Workloads;

namespace Amalgam.ControlPlane.State;

/// <summary>What people asked for and what is there, frozen for one cycle of the allocator.</summary>
public static class Snapshot
{
    public static AllocationSnapshot Of(CloudState state, IReadOnlyList<NodeObservation> nodes, Fits fits, AllocationHistory history, long nowMs) => new()
    {
        NowMs = nowMs,
        Nodes = [.. nodes.Select(Node)],
        Units = [.. state.Units.InOrder.Select(Unit)],
        Workloads = [.. state.Workloads.Where(workload => Wants(state, workload, nowMs)).Select(workload => Demand(state, workload, nodes, fits, nowMs))],
        Leases = [.. state.OpenLeases.Select(Held)],
        History = history,
    };

    public static WorkloadState Demand(CloudState state, Workload workload, IReadOnlyList<NodeObservation> nodes, Fits fits, long nowMs)
    {
        var spec = workload.Spec;
        var held = state.OpenLeasesOf(workload.Id).Count(lease => lease.EndingMs is null);
        return new WorkloadState
        {
            Id = workload.Id,
            Name = spec.Name,
            Unit = spec.Unit,
            Kind = spec.IsService ? WorkloadKind.Service : WorkloadKind.Job,
            Members = spec.IsService ? Replicas(workload, held, nowMs) : spec.Members,
            DevicesMilli = spec.DevicesMilli,
            MemoryMiB = spec.MemoryMiB,
            Speeds = fits.Speeds(state, spec, nodes),
            Priority = spec.Priority,
            Preemptible = spec.Preemptible,
            Resumable = spec.Resumable,
            MaxWaitMs = spec.MaxWaitMs,
            DeclaredMs = spec.DeclaredMs,
            AttainedMs = workload.AttainedMs,
            SubmittedMs = workload.SubmittedMs,
        };
    }

    /// <summary>While a restart is being delayed no replica beyond those held is asked for.</summary>
    private static int Replicas(Workload workload, int held, long nowMs) => nowMs < workload.NotBeforeMs ? Math.Min(workload.Wanted, held) : workload.Wanted;

    private static bool Wants(CloudState state, Workload workload, long nowMs)
    {
        if (!workload.IsOpen || workload.StopRequested || LeaseRules.IsClosing(state, workload))
        {
            return false;
        }

        var held = state.OpenLeasesOf(workload.Id).Any(lease => lease.EndingMs is null);
        return held || (nowMs >= workload.NotBeforeMs && (!workload.Spec.IsService || workload.Wanted > 0));
    }

    private static NodeState Node(NodeObservation node) => new()
    {
        Name = node.Name,
        Machine = node.Machine,
        ChipClass = node.ChipClass,
        Devices = node.Devices.Count == 0 ? 0 : node.Devices.Max(device => device.Index) + 1,
        MemoryMiB = node.MemoryMiBPerDevice,
        Rack = node.Rack,
        Healthy = node.Devices.Any(device => device.Healthy),
        UnhealthyDevices = Gaps(node),
    };

    /// <summary>Indices that must not be leased: broken devices, and those that belong to another class of the same machine.</summary>
    private static ImmutableArray<int> Gaps(NodeObservation node)
    {
        var usable = node.Devices.Where(device => device.Healthy).Select(device => device.Index).ToHashSet();
        var count = node.Devices.Count == 0 ? 0 : node.Devices.Max(device => device.Index) + 1;
        return [.. Enumerable.Range(0, count).Where(index => !usable.Contains(index))];
    }

    private static UnitState Unit(Unit unit) => new()
    {
        Name = unit.Name,
        Parent = unit.Parent,
        Weight = unit.Weight,
        Guarantee = ChipAmounts.From(unit.Guarantee),
        Limit = ChipAmounts.From(unit.Limit),
        MinRuntimeMs = unit.MinRuntimeMs,
        MaxWaitMs = unit.MaxWaitMs,
    };

    private static MemberLease Held(Lease lease) => new()
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
