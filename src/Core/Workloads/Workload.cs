namespace Amalgam.Core.Workloads;

public enum WorkloadPhase
{
    /// <summary>Wants devices and holds none.</summary>
    Waiting,

    /// <summary>Holds at least one lease.</summary>
    Running,

    /// <summary>Told to end; some leases are still open.</summary>
    Stopping,

    Ended,
}

public enum WorkloadResult
{
    Succeeded,
    Failed,
    Stopped,
    TimeLimit,
}

/// <summary>The long-lived identity of something that runs or will run.</summary>
public sealed record Workload
{
    public required string Id { get; init; }

    public required WorkloadSpec Spec { get; init; }

    public required long SubmittedMs { get; init; }

    /// <summary>The key that submitted it.</summary>
    public required string SubmittedBy { get; init; }

    /// <summary>Replicas wanted now (services).</summary>
    public int Wanted { get; init; }

    public bool StopRequested { get; init; }

    public long? EndedMs { get; init; }

    public WorkloadResult? Result { get; init; }

    /// <summary>Of a job: the first member's exit code that was not 0, else 0.</summary>
    public int? ExitCode { get; init; }

    /// <summary>One line for a person: why it ended, or why it was restarted last.</summary>
    public string? Detail { get; init; }

    /// <summary>Starts that ended in failure one after the other; doubles the wait before the next one.</summary>
    public int Failures { get; init; }

    /// <summary>Not to be started before.</summary>
    public long NotBeforeMs { get; init; }

    public long? FirstStartedMs { get; init; }

    /// <summary>Device work done in ended leases, in ms of one member.</summary>
    public long AttainedMs { get; init; }

    public int Evictions { get; init; }

    /// <summary>When it last lost its devices to others; null = never.</summary>
    public long? WaitingSinceMs { get; init; }

    public bool IsOpen => EndedMs is null;
}
