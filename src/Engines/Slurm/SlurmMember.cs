using System.Globalization;
using Amalgam.ControlPlane.Ports;
using Amalgam.Engines.Local;

namespace Amalgam.Engines.Slurm;

/// <summary>What is known of one member. Changed only under <see cref="SlurmEngine"/>'s gate.</summary>
internal sealed class SlurmMember(string leaseId, MemberFolder folder)
{
    public string LeaseId { get; } = leaseId;
    public MemberFolder Folder { get; } = folder;
    public SlurmRecord? Record { get; set; }
    public StopRecord? Stop { get; set; }
    public EndRecord? End { get; set; }
    public long Generation { get; set; }
    public LogOrder Log { get; } = new(folder);

    /// <summary>As squeue showed it last; null = not yet, or not any more.</summary>
    public SlurmJob? Job { get; set; }

    /// <summary>sbatch runs now.</summary>
    public bool Submitting { get; set; }

    /// <summary>Nobody knows whether Slurm heard sbatch: it is asked before it is told again.</summary>
    public bool AnswerLost { get; set; }

    /// <summary>Since when Slurm does not know the job, or calls it over, while the exit code is not there; zero = it is not so.</summary>
    public long MissingSinceUnixMs { get; set; }

    /// <summary>Since when the job was seen in Slurm's queue; zero = it was not.</summary>
    public long PendingSinceUnixMs { get; set; }

    public long StartedAtUnixMs { get; set; }
    public string? Address { get; set; }
    public bool Killed { get; set; }
    public long KilledAtUnixMs { get; set; }
    public string? Waits { get; set; }

    public bool IsLive => Record is not null && End is null;

    private string RecordFile => Path.Combine(Folder.Path, "launch.json");

    public static SlurmMember Read(string leaseId, MemberFolder folder)
    {
        var member = new SlurmMember(leaseId, folder) { Stop = folder.ReadStop(), End = folder.ReadEnd() };
        member.Record = PrivateFile.ReadRecord(member.RecordFile, SlurmRecordJson.Default.SlurmRecord);
        member.Generation = Math.Max(member.Record?.Generation ?? 0, member.Stop?.Generation ?? 0);
        member.AnswerLost = member.Record is { JobId: 0 };
        member.Log.Resume();
        return member;
    }

    public void Write(SlurmRecord record)
    {
        PrivateFile.WriteRecord(RecordFile, record, SlurmRecordJson.Default.SlurmRecord);
        Record = record;
    }

    public void Write(EndRecord end)
    {
        Folder.Write(end);
        End = end;
    }

    /// <summary>What the job left in the shared folder since the last look.</summary>
    public void ReadMarks()
    {
        var claim = Path.Combine(Folder.Path, "claim");
        if (StartedAtUnixMs == 0 && Directory.Exists(claim))
            StartedAtUnixMs = new DateTimeOffset(Directory.GetLastWriteTimeUtc(claim), TimeSpan.Zero).ToUnixTimeMilliseconds();
        if (Address is not null || Record is not { NeedsPort: true } record) return;
        try
        {
            if (int.TryParse(File.ReadAllText(Path.Combine(Folder.Path, "port")).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
                Address = $"http://{record.Address}:{port}";
        }
        catch (IOException)
        {
            // It does not listen yet.
        }
    }

    /// <summary>Takes the claim that a job must have to run, so that none will.</summary>
    /// <returns>False when one has it already.</returns>
    public bool TryClaim()
    {
        try
        {
            using var claim = new FileStream(Path.Combine(Folder.Path, "claim"), FileMode.CreateNew);
            return true;
        }
        catch (Exception taken) when (taken is IOException or UnauthorizedAccessException)
        {
            return !Directory.Exists(Path.Combine(Folder.Path, "claim"));
        }
    }

    /// <summary>The job that runs, of several that were submitted for the lease by mistake; zero = none has begun.</summary>
    public long ClaimedBy()
    {
        var claim = Path.Combine(Folder.Path, "claim");
        return Directory.Exists(claim)
            ? Directory.EnumerateFiles(claim).Select(file => long.TryParse(Path.GetFileName(file), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0).FirstOrDefault()
            : 0;
    }

    public MemberObservation Observation()
    {
        var phase = End?.Phase ?? (Stop is not null ? MemberPhase.Stopping : StartedAtUnixMs > 0 || Job is { Holds: true } ? MemberPhase.Running : MemberPhase.Queued);
        var started = StartedAtUnixMs > 0 ? StartedAtUnixMs : End?.EndedAtUnixMs ?? Record?.SubmittedAtUnixMs ?? 0;
        return new MemberObservation(
            LeaseId, Generation, phase, Address, End?.ExitCode, End is { } end ? Math.Min(started, end.EndedAtUnixMs) : started, End?.EndedAtUnixMs, 0, End?.CpuMs ?? 0, End?.Detail ?? Waits);
    }
}
