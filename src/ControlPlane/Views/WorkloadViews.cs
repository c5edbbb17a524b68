using Amalgam.ControlPlane.Ports;
using Amalgam.ControlPlane.State;
using Amalgam.Contracts;
using Amalgam.Core.Allocation;
using Amalgam.Core.Cloud;
using Amalgam.Core.Workloads;

namespace Amalgam.ControlPlane.Views;

/// <summary>Workloads and leases as the API shows them.</summary>
public sealed class WorkloadViews(Pool pool)
{
    public WorkloadView Of(CloudState state, Workload workload, PendingWorkload? pending)
    {
        var spec = workload.Spec;
        var leases = state.LeasesOf(workload.Id).Where(lease => lease.IsOpen || !workload.IsOpen).Select(Of).ToList();
        var open = leases.Where(lease => lease.To is null).ToList();
        var phase = Phase(state, workload, open);
        var waits = phase == "waiting" && workload.StopRequested is false;
        return new WorkloadView
        {
            Id = workload.Id,
            Name = spec.Name,
            Kind = spec.IsService ? "service" : "job",
            Unit = spec.Unit,
            Phase = phase,
            Result = workload.Result is { } result ? Text(result) : null,
            ExitCode = workload.ExitCode,
            Reason = waits && pending is not null ? PendingReasons.Code(pending.Reason) : null,
            Detail = waits && pending is not null ? pending.Detail : workload.Detail,
            Model = spec.Service?.Model,
            Command = spec.Job?.Command,
            Members = spec.IsService ? workload.Wanted : spec.Members,
            RunningMembers = open.Count,
            ReadyMembers = open.Count(lease => lease.Phase is "ready" || (!spec.IsService && lease.Phase is "running")),
            MinReplicas = spec.Service?.MinReplicas,
            MaxReplicas = spec.Service?.MaxReplicas,
            DevicesPerMember = spec.DevicesMilli / 1000m,
            Chips = spec.Chips,
            Priority = spec.Priority,
            Preemptible = spec.Preemptible,
            Evictions = workload.Evictions,
            Restarts = workload.Failures,
            SubmittedAt = Time(workload.SubmittedMs),
            StartedAt = workload.FirstStartedMs is { } started ? Time(started) : null,
            EndedAt = workload.EndedMs is { } ended ? Time(ended) : null,
            Leases = leases,
        };
    }

    public LeaseView Of(Lease lease)
    {
        var sight = lease.IsOpen ? pool.Sight(lease.Id) : null;
        return new LeaseView
        {
            Id = lease.Id,
            WorkloadId = lease.WorkloadId,
            Unit = lease.Unit,
            Member = lease.Member,
            Node = lease.Node,
            ChipClass = lease.ChipClass,
            Devices = lease.Devices,
            DevicesHeld = lease.MilliDevices / 1000m,
            Simulated = lease.Simulated,
            Runtime = lease.Runtime,
            Phase = Phase(lease, sight),
            From = Time(lease.FromMs),
            To = lease.ToMs is { } to ? Time(to) : null,
            EndedBecause = (lease.EndedBecause ?? lease.EndingBecause) is { } because ? Kebab(because.ToString()) : null,
            ExitCode = lease.ExitCode,
            Detail = lease.Detail ?? (sight?.Ready == false ? sight.Trouble : null),
            Address = sight?.Observation?.Address,
            InFlight = sight?.InFlight ?? 0,
            ResidentMiB = sight?.Observation?.ResidentMiB ?? 0,
        };
    }

    private static string Phase(CloudState state, Workload workload, List<LeaseView> open) => state.Phase(workload) switch
    {
        WorkloadPhase.Ended => "ended",
        WorkloadPhase.Stopping => "stopping",
        WorkloadPhase.Waiting when workload.Spec.IsService && workload.Wanted == 0 => "asleep",
        WorkloadPhase.Waiting => "waiting",
        _ when open.Exists(lease => lease.Phase == "ready" || (!workload.Spec.IsService && lease.Phase == "running")) => "running",
        _ => "starting",
    };

    private static string Phase(Lease lease, MemberSight? sight) =>
        sight is null ? "ended"
        : lease.EndingMs is not null ? "ending"
        : sight.Ready ? "ready"
        : sight.Observation?.Phase == MemberPhase.Running ? "running"
        : "starting";

    public static DateTimeOffset Time(long unixMs) => DateTimeOffset.FromUnixTimeMilliseconds(unixMs);

    public static string Text(WorkloadResult result) => Kebab(result.ToString());

    /// <summary>`TimeLimit` to `time-limit`.</summary>
    public static string Kebab(string name) => string.Concat(name.Select((letter, at) => char.IsUpper(letter) && at > 0 ? $"-{char.ToLowerInvariant(letter)}" : $"{char.ToLowerInvariant(letter)}"));
}
