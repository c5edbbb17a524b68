using Amalgam.ControlPlane.Ports;

namespace Amalgam.Engines.Local;

/// <summary>Brings members to their end: nothing of them runs on, and how and when it ended is written down.</summary>
internal sealed class MemberEnding(LocalEngineOptions options, string bootId)
{
    private static readonly string[] SignalNames =
        ["", "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL", "SIGUSR1", "SIGSEGV", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM"];

    public async ValueTask EndAsync(IReadOnlyCollection<Member> members, IReadOnlyCollection<int> otherSessions, CancellationToken cancel)
    {
        var left = await Leftovers.EndAsync(members, otherSessions, bootId, cancel).ConfigureAwait(false);
        foreach (var member in members)
        {
            member.Stuck = left.GetValueOrDefault(member);
            if (member.Stuck is not null) continue;
            member.End = Describe(member, Reap(member.Launch!.Pid));
            TryWrite(member, member.End);
        }
    }

    /// <summary>
    /// On a full disk, or where someone removed the folder, the end is known all the same; a later control plane finds it anew in what
    /// `member.sh` wrote.
    /// </summary>
    private void TryWrite(Member member, EndRecord end)
    {
        try
        {
            member.Log.Note(options.LogBytesPerStream);
            member.Folder.Write(end);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // see above
        }
    }

    /// <summary>A child of ours that ended stays in the process table until it is asked for; others' children are none of ours.</summary>
    /// <returns>The signal that ended the member's shell; null when it is not known.</returns>
    private static unsafe int? Reap(int pid)
    {
        int status;
        if (pid <= 0 || Posix.WaitPid(pid, &status, Posix.WNOHANG) != pid) return null;
        return (status & 0x7f) is > 0 and var signal ? signal : null;
    }

    private EndRecord Describe(Member member, int? signal)
    {
        if (member.Folder.ReadExit() is { } exit)
            return new EndRecord(
                MemberPhase.Exited, exit.Code, Math.Max(exit.EndedAtUnixMs, member.Launch!.StartedAtUnixMs), member.PeakMiB,
                Math.Max(exit.CpuMs, member.CpuMs), Detail(member, exit.Code));
        if (member.Killed is not null)
            return new EndRecord(
                MemberPhase.Exited, 128 + Posix.SIGKILL, options.Clock.GetUtcNow().ToUnixTimeMilliseconds(), member.PeakMiB, member.CpuMs, member.Killed);
        // Stopped so early that its shell did not listen yet, or by a control plane that died before it wrote the end down.
        if (member.Stop is { } stop && member.Launch!.BootId == bootId)
        {
            var endedAt = signal is null ? LastSign(member) : options.Clock.GetUtcNow().ToUnixTimeMilliseconds();
            var code = 128 + (signal ?? (options.Clock.GetUtcNow().ToUnixTimeMilliseconds() >= stop.DeadlineUnixMs ? Posix.SIGKILL : Posix.SIGTERM));
            return new EndRecord(MemberPhase.Exited, code, endedAt, member.PeakMiB, member.CpuMs, "stopped");
        }

        return new EndRecord(MemberPhase.Lost, null, LastSign(member), member.PeakMiB, member.CpuMs, LostDetail(member.Launch!));
    }

    /// <summary>When it was last known to live: seen by a control plane, or heard by its output.</summary>
    private long LastSign(Member member)
    {
        var sign = Math.Max(member.Launch!.StartedAtUnixMs, Math.Max(member.SeenAliveUnixMs, member.Folder.LastOutputUnixMs()));
        return Math.Min(sign, Math.Max(member.Launch.StartedAtUnixMs, options.Clock.GetUtcNow().ToUnixTimeMilliseconds()));
    }

    private string LostDetail(LaunchRecord launch) => launch switch
    {
        _ when launch.BootId != bootId => "the machine was restarted while it ran",
        { Pid: 0 } => "the cloud ended while it was starting this member; whether it ran is not known",
        _ => "it is gone and left no word of how it ended (killed from outside with its whole group?)",
    };

    private static string? Detail(Member member, int code) => code switch
    {
        0 => null,
        _ when member.Stop is not null => "stopped",
        > 128 and < 128 + 16 => $"ended by {SignalNames[code - 128]}",
        > 128 and < 128 + 65 => $"ended by signal {code - 128}",
        _ => member.Folder.LastErrorLine() is { } line ? $"exit code {code}: {line}" : $"exit code {code}",
    };
}
