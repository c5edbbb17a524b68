using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger.Budgets;
using Amalgam.Core.Workloads;

namespace Amalgam.ControlPlane.State;

/// <summary>What follows when a lease ends: its last charge, its gang, its workload, the wait before a restart.</summary>
public static class LeaseRules
{
    private const int LostRestarts = 3;
    private const long TakenBackDelayMs = 3_000;

    /// <summary>Tells all leases of a workload to end.</summary>
    public static Decision<bool> EndAll(CloudState state, string workloadId, LeaseEnd because) =>
        Decide.Yes(true, [.. Ending(state, workloadId, because)]);

    public static IEnumerable<JournalEvent> Ending(CloudState state, string workloadId, LeaseEnd because) =>
        state.OpenLeasesOf(workloadId).Where(lease => lease.EndingMs is null).Select(lease => new LeaseEnding(lease.Id, because, null));

    public static Decision<bool> Ended(CloudState state, string leaseId, long toMs, LeaseEnd because, int? exitCode, string? detail, long nowMs)
    {
        if (state.Lease(leaseId) is not { IsOpen: true } lease)
        {
            return Decide.Yes(false);
        }

        var workload = state.Workload(lease.WorkloadId)!;
        List<JournalEvent> events =
        [
            .. LeaseMetering.Slices(state, lease, toMs, nowMs).Select(slice => new LeaseCharged(slice)),
            new LeaseEnded(lease.Id, toMs, because, exitCode, detail),
        ];
        var others = state.OpenLeasesOf(workload.Id).Where(other => other.Id != lease.Id).ToList();
        events.AddRange(workload.Spec.IsService
            ? AfterReplica(workload, others, because, exitCode, detail, nowMs)
            : AfterMember(state, workload, lease, others, because, exitCode, detail, nowMs));
        return Decide.Yes(true, events);
    }

    private static IEnumerable<JournalEvent> AfterReplica(Workload workload, List<Lease> others, LeaseEnd because, int? exitCode, string? detail, long nowMs)
    {
        if (workload.StopRequested)
        {
            if (others.Count == 0)
            {
                yield return new WorkloadEnded(workload.Id, WorkloadResult.Stopped, null, "stopped");
            }
        }
        else if (because == LeaseEnd.TakenBack)
        {
            yield return Again(workload, nowMs, detail);
        }
        else if (because is LeaseEnd.Finished or LeaseEnd.Lost or LeaseEnd.FailedToStart or LeaseEnd.Unhealthy)
        {
            yield return Delay(workload, nowMs, $"a replica {How(because, exitCode, detail)}");
        }
    }

    private static IEnumerable<JournalEvent> AfterMember(
        CloudState state, Workload workload, Lease lease, List<Lease> others, LeaseEnd because, int? exitCode, string? detail, long nowMs)
    {
        var failed = because == LeaseEnd.Finished ? exitCode != 0 : because is LeaseEnd.FailedToStart or LeaseEnd.Lost or LeaseEnd.TakenBack;
        if (others.Count > 0)
        {
            // One member failed: the others of the gang have nothing left to work for.
            return failed ? others.Where(other => other.EndingMs is null).Select(other => new LeaseEnding(other.Id, LeaseEnd.GangEnded, null)) : [];
        }

        // The last one: the gang's story is that of its first member that did not end well.
        var gang = state.LeasesOf(workload.Id).Where(other => other.Id != lease.Id && other.FromMs == lease.FromMs)
            .Select(other => (other.EndedBecause!.Value, other.ExitCode, other.Detail))
            .Append((because, exitCode, detail))
            .ToList();
        return JobEnd(workload, gang, nowMs);
    }

    private static IEnumerable<JournalEvent> JobEnd(Workload workload, List<(LeaseEnd Because, int? ExitCode, string? Detail)> gang, long nowMs)
    {
        bool Any(LeaseEnd because) => gang.Exists(member => member.Because == because);
        var cause = gang.Find(member => member.Because is LeaseEnd.FailedToStart or LeaseEnd.Lost || (member.Because == LeaseEnd.Finished && member.ExitCode != 0));
        if (workload.StopRequested)
        {
            yield return new WorkloadEnded(workload.Id, WorkloadResult.Stopped, gang[0].ExitCode, "stopped");
        }
        else if (Any(LeaseEnd.TimeLimit))
        {
            yield return new WorkloadEnded(workload.Id, WorkloadResult.TimeLimit, gang[^1].ExitCode, $"ran into its time limit of {workload.Spec.Job!.TimeLimitMs / 1000.0} s");
        }
        else if (Any(LeaseEnd.TakenBack) && cause == default)
        {
            yield return Again(workload, nowMs, gang.Find(member => member.Because == LeaseEnd.TakenBack).Detail);
        }
        else if (Any(LeaseEnd.Lost) && workload.Failures < LostRestarts)
        {
            yield return Delay(workload, nowMs, $"a member {How(LeaseEnd.Lost, null, cause.Detail)}; it starts again");
        }
        else if (cause != default)
        {
            yield return new WorkloadEnded(workload.Id, WorkloadResult.Failed, cause.ExitCode, $"a member {How(cause.Because, cause.ExitCode, cause.Detail)}");
        }
        else if (gang.TrueForAll(member => member.Because == LeaseEnd.Finished))
        {
            yield return new WorkloadEnded(workload.Id, WorkloadResult.Succeeded, 0, "exit code 0");
        }
    }

    /// <summary>1, 2, 4 … 300 seconds.</summary>
    private static WorkloadDelayed Delay(Workload workload, long nowMs, string why) =>
        new(workload.Id, workload.Failures + 1, nowMs + (Math.Min(300, 1L << Math.Min(workload.Failures, 9)) * 1000), why);

    /// <summary>Nobody's failure, so none is counted: a moment for the engine to tell what it has, then a new plan.</summary>
    private static WorkloadDelayed Again(Workload workload, long nowMs, string? why) =>
        new(workload.Id, workload.Failures, nowMs + TakenBackDelayMs, why ?? "the engine took the devices back");

    private static string How(LeaseEnd because, int? exitCode, string? detail)
    {
        var end = because switch
        {
            LeaseEnd.Lost => "was lost",
            LeaseEnd.FailedToStart => "could not be started",
            LeaseEnd.Unhealthy => "stopped answering",
            _ => $"ended with exit code {exitCode?.ToString() ?? "unknown"}",
        };
        return detail is null ? end : $"{end}: {detail}";
    }
}
