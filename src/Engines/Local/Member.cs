using Amalgam.ControlPlane.Ports;

namespace Amalgam.Engines.Local;

/// <summary>What is known of one member. Changed only under <see cref="LocalEngine"/>'s gate.</summary>
internal sealed class Member(string leaseId, MemberFolder folder)
{
    public string LeaseId { get; } = leaseId;
    public MemberFolder Folder { get; } = folder;
    public LaunchRecord? Launch { get; set; }
    public StopRecord? Stop { get; set; }
    public EndRecord? End { get; set; }

    /// <summary>The newest generation seen for the lease.</summary>
    public long Generation { get; set; }

    /// <summary>Why the engine itself killed it; null when it did not.</summary>
    public string? Killed { get; set; }

    /// <summary>A process of it that cannot be killed (it hangs in the kernel); the lease is not over while it is there.</summary>
    public string? Stuck { get; set; }

    public long ResidentMiB { get; set; }
    public long PeakMiB { get; set; }
    public long CpuMs { get; set; }
    public long SeenAliveUnixMs { get; set; }
    public LogOrder Log { get; } = new(folder);

    /// <summary>Asked to stop and not told yet: it was only just started.</summary>
    public bool AwaitsSignal => IsLive && Stop is { Signalled: false };

    public bool IsLive => Launch is not null && End is null;

    public static Member Read(string leaseId, MemberFolder folder)
    {
        var member = new Member(leaseId, folder) { Launch = folder.ReadLaunch(), Stop = folder.ReadStop(), End = folder.ReadEnd() };
        member.Generation = Math.Max(member.Launch?.Generation ?? 0, member.Stop?.Generation ?? 0);
        member.Log.Resume();
        return member;
    }

    /// <summary>Whether the process that was started still runs. Asks the kernel, not the record.</summary>
    public bool LeaderRuns(string bootId) =>
        Launch is { Pid: > 0 } launch && launch.BootId == bootId
        && ProcessTable.ReadStat(launch.Pid) is { IsDead: false } stat && stat.StartTicks == launch.StartTicks;

    /// <summary>Whether nobody else can have the process id: the process is there, or ended and not yet asked for.</summary>
    public bool OwnsPid(string bootId) =>
        Launch is { Pid: > 0 } launch && launch.BootId == bootId && ProcessTable.ReadStat(launch.Pid) is { } stat && stat.StartTicks == launch.StartTicks;

    public MemberObservation Observation()
    {
        var phase = End?.Phase ?? (Stop is null ? MemberPhase.Running : MemberPhase.Stopping);
        var address = Launch is { Port: > 0 } launch ? $"http://127.0.0.1:{launch.Port}" : null;
        return new MemberObservation(
            LeaseId, Generation, phase, address, End?.ExitCode, Launch?.StartedAtUnixMs ?? End?.EndedAtUnixMs ?? 0, End?.EndedAtUnixMs,
            End?.ResidentMiB ?? ResidentMiB, End?.CpuMs ?? CpuMs, End?.Detail ?? Stuck);
    }
}
