using Amalgam.ControlPlane.Ports;
using Amalgam.Engines.Local;

namespace Amalgam.Engines.Slurm;

/// <summary>What became of a member by Slurm's word and by what it left in the shared folder.</summary>
/// <param name="End">Null = it goes on.</param>
/// <param name="Cancel">Its job must go.</param>
/// <param name="Waits">Why it is not running yet, one clause.</param>
internal sealed record SlurmVerdict(EndRecord? End, bool Cancel = false, string? Waits = null)
{
    /// <summary>How long a file may take to be seen on this machine after it was written on another (NFS keeps attributes for up to some seconds).</summary>
    private const long FilesLateMs = 5_000;

    /// <summary>How long a job that Slurm does not name may still come to light.</summary>
    private const long UnknownMs = 10_000;

    /// <summary>A controller that was just started calls nodes not available that it has not heard of yet.</summary>
    private const long HopelessMs = 5_000;

    private static readonly SlurmVerdict GoesOn = new((EndRecord?)null);

    /// <summary>Reasons for waiting that time does not mend: squeue(1), JOB REASON CODES.</summary>
    private static readonly string[] Hopeless = ["ReqNodeNotAvail", "BadConstraints", "PartitionDown", "PartitionInactive", "PartitionNodeLimit", "PartitionTimeLimit", "Reserved for maintenance"];

    /// <param name="exit">What the member's own shell wrote at its end.</param>
    /// <param name="knows">Slurm answered just now; false = only the files say anything.</param>
    public static SlurmVerdict Of(SlurmMember member, (int Code, long EndedAtUnixMs, long CpuMs)? exit, bool knows, long nowUnixMs, TimeSpan startWithin)
    {
        var job = member.Job;
        if (exit is { } ended) return OfExit(member, ended, knows, nowUnixMs);
        if (member.Submitting || member.Record is not { } record) return GoesOn;
        if (!knows || member.AnswerLost || record.JobId == 0) return Unheard(member, record, nowUnixMs, startWithin);
        if (job is null) return Missing(member, nowUnixMs, UnknownMs, Gone);
        if (job.IsPending) return Pending(member, job, record, nowUnixMs, startWithin);
        if (!job.Holds) return Over(member, job, nowUnixMs);
        member.MissingSinceUnixMs = 0;
        return job.Nodes != record.SlurmNode && job.Nodes.Length > 0
            ? new(TakenBack(member, nowUnixMs, $"Slurm started it on {job.Nodes} and not on {record.SlurmNode}"), Cancel: true)
            : new(null, Waits: job.State is "S" or "ST" ? $"Slurm suspended job {job.Id}" : null);
    }

    /// <summary>The end is written. Whether an administrator or Slurm brought it about is in the job's state, which may come a moment later.</summary>
    private static SlurmVerdict OfExit(SlurmMember member, (int Code, long EndedAtUnixMs, long CpuMs) exit, bool knows, long nowUnixMs)
    {
        // Any code may be the answer to a signal: a program that saves its work when it is preempted ends with 0, and has not succeeded.
        var unasked = member.Stop is null;
        if (unasked && member.Job is { IsPending: true, Restarts: > 0 } again) return Requeued(member, again, exit.EndedAtUnixMs);
        if (unasked && knows && member.Job is { IsOver: false } && nowUnixMs - exit.EndedAtUnixMs < FilesLateMs) return GoesOn;
        if (unasked && member.Job is { IsOver: true } job && Taken(job.State) is { } taken) return new(TakenBack(member, exit.EndedAtUnixMs, $"{taken} (job {job.Id})") with { CpuMs = exit.CpuMs });
        if (unasked && member.Job is { State: "NF" } lost) return new(new EndRecord(MemberPhase.Lost, null, exit.EndedAtUnixMs, 0, exit.CpuMs, Cut(lost)));
        var detail = unasked && member.Job is { State: "CA" } cancelled ? Cancelled(cancelled)
            : unasked && member.Job is { State: "TO" or "DL" or "OOM" } cut ? Cut(cut)
            : exit.Code != 0 && member.Stop is null ? member.Folder.LastErrorLine() : null;
        return new(new EndRecord(MemberPhase.Exited, exit.Code, exit.EndedAtUnixMs, 0, exit.CpuMs, detail));
    }

    /// <summary>Slurm is silent about a job that has not begun: it is not waited for longer than for one in its queue.</summary>
    private static SlurmVerdict Unheard(SlurmMember member, SlurmRecord record, long nowUnixMs, TimeSpan startWithin) =>
        member.AnswerLost && member.StartedAtUnixMs == 0 && member.Stop is null && nowUnixMs - record.SubmittedAtUnixMs > startWithin.TotalMilliseconds
            ? new(TakenBack(member, 0, $"Slurm did not take it within {startWithin.TotalSeconds:0} s: {member.Waits ?? "it does not answer"}"))
            : GoesOn;

    private static SlurmVerdict Pending(SlurmMember member, SlurmJob job, SlurmRecord record, long nowUnixMs, TimeSpan startWithin)
    {
        if (job.Restarts > 0) return Requeued(member, job, nowUnixMs);
        if (member.Stop is not null) return new(new EndRecord(MemberPhase.Exited, 128 + Posix.SIGTERM, nowUnixMs, 0, 0, "stopped before Slurm started it"), Cancel: true);
        if (member.PendingSinceUnixMs == 0) member.PendingSinceUnixMs = nowUnixMs;
        var waited = nowUnixMs - member.PendingSinceUnixMs;
        var hopeless = waited > HopelessMs && Hopeless.Any(reason => job.Reason.StartsWith(reason, StringComparison.Ordinal));
        return hopeless || waited > startWithin.TotalMilliseconds
            ? new(TakenBack(member, 0, $"Slurm did not start it on {record.SlurmNode} within {waited / 1000} s ({job.Reason})"), Cancel: true)
            : new(null, Waits: $"job {job.Id} waits in Slurm's queue ({job.Reason})");
    }

    private static SlurmVerdict Requeued(SlurmMember member, SlurmJob job, long endedAtUnixMs) =>
        new(TakenBack(member, endedAtUnixMs, $"Slurm put job {job.Id} back into its queue"), Cancel: true);

    private static SlurmVerdict Over(SlurmMember member, SlurmJob job, long nowUnixMs)
    {
        // Slurm tells whole seconds.
        var at = job.EndUnixMs > 0 ? Math.Clamp(job.EndUnixMs, Math.Min(member.StartedAtUnixMs, nowUnixMs), nowUnixMs) : nowUnixMs;
        if (member.Killed) return new(Ended(137, at, Stopped(member)));
        if (Taken(job.State) is { } taken) return new(TakenBack(member, member.StartedAtUnixMs > 0 ? at : 0, $"{taken} (job {job.Id})"));
        if (job.State == "NF") return new(new EndRecord(MemberPhase.Lost, null, at, 0, 0, Cut(job)));
        if (job.State == "CA" && member.Stop is not null) return new(Ended(143, at, null));
        // The job's shell writes its end before Slurm hears of it, but another machine's file may be seen late.
        return Missing(member, nowUnixMs, FilesLateMs, () => job.State switch
        {
            "CA" => Ended(143, at, Cancelled(job)),
            "TO" or "DL" or "OOM" => Ended(job.ExitCode == 0 ? 137 : job.ExitCode, at, Cut(job)),
            "CD" when member.StartedAtUnixMs == 0 => TakenBack(member, 0, $"job {job.Id} ended without having run: does {member.Record!.SlurmNode} see the folder {member.Folder.Path}?"),
            "F" when job.Reason == "BadConstraints" => TakenBack(member, 0, $"Slurm cannot give what was asked of {member.Record!.SlurmNode} (BadConstraints)"),
            "CD" or "F" => Ended(job.ExitCode, at, member.StartedAtUnixMs == 0 ? $"job {job.Id} ended before its command: does {member.Record!.SlurmNode} see {member.Folder.Path}?" : null),
            _ => new EndRecord(MemberPhase.Lost, null, at, 0, 0, $"Slurm ended job {job.Id} ({job.State}, {job.Reason})"),
        });

        EndRecord Ended(int code, long endedAt, string? detail) => new(MemberPhase.Exited, code, endedAt, 0, 0, detail);
    }

    private static SlurmVerdict Missing(SlurmMember member, long nowUnixMs, long patienceMs, Func<EndRecord> end)
    {
        if (member.MissingSinceUnixMs == 0) member.MissingSinceUnixMs = nowUnixMs;
        return nowUnixMs - member.MissingSinceUnixMs < patienceMs ? GoesOn : new(end());
    }

    private static SlurmVerdict Missing(SlurmMember member, long nowUnixMs, long patienceMs, Func<SlurmMember, long, EndRecord> end) =>
        Missing(member, nowUnixMs, patienceMs, () => end(member, nowUnixMs));

    private static EndRecord Gone(SlurmMember member, long nowUnixMs)
    {
        var last = Math.Max(member.StartedAtUnixMs, Math.Max(member.Folder.LastOutputUnixMs(), Math.Min(member.MissingSinceUnixMs, nowUnixMs)));
        return member.Killed
            ? new EndRecord(MemberPhase.Exited, 137, last, 0, 0, Stopped(member))
            : new EndRecord(MemberPhase.Lost, null, last, 0, 0, $"Slurm does not know job {member.Record!.JobId} any more, and it left no exit code");
    }

    /// <summary>Slurm gave the devices to others: nobody's failure.</summary>
    private static string? Taken(string state) => state switch
    {
        "PR" => "Slurm preempted it for a job that goes first",
        "BF" => "Slurm could not boot its node",
        "RV" => "Slurm moved it to another cluster",
        _ => null,
    };

    private static string Cancelled(SlurmJob job) => $"Slurm job {job.Id} was cancelled by someone (scancel)";

    private static string Cut(SlurmJob job) => job.State switch
    {
        "TO" or "DL" => $"Slurm ended job {job.Id} at the time limit of its partition",
        "OOM" => $"Slurm ended job {job.Id}: it used more memory than its share of the node",
        _ => $"Slurm lost the node of job {job.Id} ({(job.Nodes.Length > 0 ? job.Nodes : "node failure")})",
    };

    private static string Stopped(SlurmMember member)
    {
        var graceSeconds = member.Stop is { } stop ? (stop.DeadlineUnixMs - stop.RequestedAtUnixMs) / 1000.0 : 0;
        return graceSeconds > 0 ? $"killed: it did not end within its grace of {graceSeconds:0.#} s" : "killed";
    }

    /// <summary>Ended for the engine; the workload waits for a new plan. <paramref name="endedAtUnixMs"/> 0 = it never ran.</summary>
    private static EndRecord TakenBack(SlurmMember member, long endedAtUnixMs, string why) =>
        new(MemberPhase.TakenBack, null, member.StartedAtUnixMs > 0 ? endedAtUnixMs : 0, 0, 0, why);
}
