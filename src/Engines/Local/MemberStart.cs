using Amalgam.ControlPlane.Ports;

namespace Amalgam.Engines.Local;

/// <summary>
/// Starts one member. The steps are a protocol; the cloud may die between any two of them:
/// 1. the folder with the launch record, whose mark is in no process yet; 2. the process, which carries the mark; 3. the record with the
/// process id. Who finds a record without a process id looks for the mark.
/// </summary>
internal sealed class MemberStart(LocalEngineOptions options, string bootId)
{
    private static readonly string Script = ReadScript();

    /// <returns>The member, running, or ended with 126 or 127 where a shell would have said so.</returns>
    public Member Start(StartMember command, MemberFolder folder, IReadOnlyCollection<int> portsGiven)
    {
        var port = command.Launch.NeedsPort ? MemberLaunching.FreePort(portsGiven) : 0;
        var record = Record(command, folder, port);
        var environment = MemberLaunching.Environment(command, options.InheritedVariables, port, record.Mark);
        var member = new Member(command.LeaseId, folder) { Generation = command.Generation };
        try
        {
            folder.Create();
            folder.Write(record);
            var (program, code, problem) = MemberLaunching.FindProgram(
                record.Command[0], environment.GetValueOrDefault("PATH", "/usr/local/bin:/usr/bin:/bin"), record.WorkingDirectory);
            if (program is null) return EndedAtOnce(member, record, code, problem);
            folder.ReserveExit();
            member.Launch = Spawn(record, program, folder, environment);
            folder.Write(member.Launch);
            return member;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or EngineException)
        {
            Undo(member);
            throw new EngineException($"lease {command.LeaseId} could not be started in {folder.Path}: {e.Message}", e);
        }
    }

    private static Member EndedAtOnce(Member member, LaunchRecord record, int code, string problem)
    {
        member.Launch = record;
        member.End = new EndRecord(MemberPhase.Exited, code, record.StartedAtUnixMs, 0, 0, problem);
        member.Folder.Write(member.End);
        return member;
    }

    private LaunchRecord Record(StartMember command, MemberFolder folder, int port)
    {
        var launch = command.Launch;
        return new LaunchRecord(
            command.LeaseId, command.Generation, launch.WorkloadId, launch.WorkloadName, launch.Member,
            [.. launch.Command.Select(word => MemberLaunching.WithPort(word, port))], launch.WorkingDirectory ?? folder.Work, launch.Node, launch.Devices, launch.Cores,
            port, launch.StopSignal, launch.MemoryLimitMiB, Guid.NewGuid().ToString("N"), options.Clock.GetUtcNow().ToUnixTimeMilliseconds(), bootId, 0, 0);
    }

    private static LaunchRecord Spawn(LaunchRecord record, string program, MemberFolder folder, Dictionary<string, string> environment)
    {
        string[] arguments = ["sh", "-c", Script, "amalgam-member", folder.Path, record.WorkingDirectory, program, .. record.Command.Skip(1)];
        var pid = SessionSpawn.Start(new SessionLaunch("/bin/sh", arguments, environment, folder.StandardOutput, folder.StandardError, record.Cores));
        // Our own child: even when it has ended already it is there until it is asked for.
        return record with { Pid = pid, StartTicks = ProcessTable.ReadStat(pid)?.StartTicks ?? 0 };
    }

    /// <summary>Nothing of a failed start stays: the same command can be tried again.</summary>
    private static void Undo(Member member)
    {
        if (member.Launch is { Pid: > 0 } launch) _ = Posix.Kill(-launch.Pid, Posix.SIGKILL);
        try
        {
            Directory.Delete(member.Folder.Path, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The cause is reported by the caller; a record without a process reads as lost.
        }
    }

    private static string ReadScript()
    {
        using var stream = typeof(MemberStart).Assembly.GetManifestResourceStream("member.sh")!;
        using var reader = new StreamReader(stream);
        // Comments are for readers of the source, not for every line of `ps`.
        return string.Join('\n', reader.ReadToEnd().Split('\n').Where(line => line.Length > 0 && !line.TrimStart().StartsWith('#')));
    }
}
