using System.Collections.Concurrent;
using Amalgam.ControlPlane.Ports;

namespace Amalgam.Engines.Local;

/// <summary>
/// Members as processes of this machine. They belong to no program but to their folder under `members/`: the cloud may die and come
/// back, and finds them by process id, start time and the machine's boot.
/// </summary>
public sealed class LocalEngine : IEngine, IMemberLogs, IAsyncDisposable
{
    /// <summary>How old memory and processor time may be; whether a member is there is asked at every observation.</summary>
    private const long LookEveryMs = 1000;

    private readonly LocalEngineOptions _options;
    private readonly string _members, _seenFile, _bootId;
    private readonly ConcurrentDictionary<string, Member> _byLease = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly NodeHealth _nodes;
    private readonly KeptLogs _kept;
    private readonly MemberStart _start;
    private readonly MemberEnding _ending;
    private readonly Attendance _attendance;
    private long _lookedAtUnixMs;

    /// <exception cref="EngineException">Not Linux, or the data directory cannot be used.</exception>
    public LocalEngine(LocalEngineOptions options)
    {
        if (!OperatingSystem.IsLinux()) throw new EngineException("the local engine needs Linux: members are sessions, signals and /proc");
        _options = options;
        _members = Path.GetFullPath(Path.Combine(options.DataDirectory, "members"));
        _seenFile = Path.Combine(_members, ".seen");
        _bootId = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
        _nodes = new NodeHealth(Name);
        _kept = new KeptLogs(Path.GetFullPath(Path.Combine(options.DataDirectory, "logs")), options.KeptLogBytes);
        _start = new MemberStart(options, _bootId);
        _ending = new MemberEnding(options, _bootId);
        try
        {
            PrivateFile.CreateFolder(_members);
            Adopt();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EngineException($"the folder {_members} cannot be used: {e.Message}", e);
        }

        SessionSpawn.KeepDescriptorsPrivate();
        _attendance = new Attendance(options, () => _byLease.Values.Where(member => member.IsLive), ContinueStopsAsync);
    }

    public string Name => "local";

    private long NowUnixMs => _options.Clock.GetUtcNow().ToUnixTimeMilliseconds();

    public ValueTask<EngineInventory> InventoryAsync(CancellationToken cancel) => ValueTask.FromResult(_nodes.Inventory(_options.Nodes()));

    public async ValueTask ApplyAsync(EngineCommand command, CancellationToken cancel)
    {
        MemberLaunching.CheckName("lease", command.LeaseId);
        await _gate.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            var member = _byLease.GetValueOrDefault(command.LeaseId);
            if (member is not null && command.Generation < member.Generation)
                throw new EngineException($"lease {command.LeaseId}: a command of generation {command.Generation} is older than {member.Generation}, which was seen already");
            if (command is StartMember start) Start(start, member);
            else if (command is StopMember stop) await StopAsync(stop, member, cancel).ConfigureAwait(false);
            else if (command is ForgetMember && member is not null) await ForgetAsync(member, cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EngineException($"lease {command.LeaseId}: {e.Message}", e);
        }
        finally
        {
            _gate.Release();
        }
    }

    public async ValueTask<IReadOnlyList<MemberObservation>> ObserveAsync(CancellationToken cancel)
    {
        await _gate.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            var live = _byLease.Values.Where(member => member.IsLive).ToList();
            var now = NowUnixMs;
            if (Math.Abs(now - _lookedAtUnixMs) >= LookEveryMs) LookAtProcesses(live, now);
            else
                foreach (var member in live.Where(member => member.Launch is { Pid: > 0 } launch && launch.BootId == _bootId && Posix.IsThere(launch.Pid))) member.SeenAliveUnixMs = now;
            File.SetLastWriteTimeUtc(_seenFile, DateTimeOffset.FromUnixTimeMilliseconds(now).UtcDateTime);
            await EndAsync([.. live.Where(member => member.Killed is not null || (member.SeenAliveUnixMs != now && !member.LeaderRuns(_bootId)))], cancel).ConfigureAwait(false);
            return [.. _byLease.Values.Select(member => member.Observation())];
        }
        finally
        {
            _gate.Release();
        }
    }

    public IAsyncEnumerable<LogLine> ReadAsync(string leaseId, bool follow, int? tailLines, CancellationToken cancel)
    {
        MemberLaunching.CheckName("lease", leaseId);
        if (_byLease.TryGetValue(leaseId, out var member))
            return new LogReader(
                    member.Folder, () => member.Log.Note(_options.LogBytesPerStream), () => !member.IsLive || !member.LeaderRuns(_bootId), _options.Clock)
                .ReadAsync(follow, tailLines, cancel);
        return _kept.Find(leaseId) is { } folder
            ? new LogReader(folder, static () => { }, static () => true, _options.Clock).ReadAsync(follow, tailLines, cancel)
            : AsyncEnumerable.Empty<LogLine>();
    }

    /// <summary>Lets go of the members without ending them.</summary>
    public async ValueTask DisposeAsync()
    {
        await _attendance.DisposeAsync().ConfigureAwait(false);
        _gate.Dispose();
    }

    /// <summary>Memory, processor time and limits, from one reading of all processes.</summary>
    private void LookAtProcesses(List<Member> live, long nowUnixMs)
    {
        if (live.Count == 0) return;
        _lookedAtUnixMs = nowUnixMs;
        var table = ProcessTable.Read();
        var running = live.Where(member => (member.Launch!.BootId == _bootId && table.Shows(member.Launch)) || member.LeaderRuns(_bootId)).ToList();
        MemberAccounting.Update(table, running, nowUnixMs);
        foreach (var member in running) EnforceMemory(member);
    }

    private void Start(StartMember command, Member? known)
    {
        MemberLaunching.Check(command);
        // Started, stopped before it started, or ended and forgotten: a lease is one run, so the command was carried out.
        if (known is not null || _kept.Holds(command.Launch.WorkloadId, command.LeaseId)) return;
        var ports = _byLease.Values.Where(member => member.IsLive).Select(member => member.Launch!.Port).ToHashSet();
        _byLease[command.LeaseId] = _start.Start(command, FolderOf(command.LeaseId), ports);
        _attendance.Wake();
    }

    private async ValueTask StopAsync(StopMember command, Member? known, CancellationToken cancel)
    {
        var now = NowUnixMs;
        var member = known ?? new Member(command.LeaseId, FolderOf(command.LeaseId));
        if (member.End is not null) return;
        var stop = new StopRecord(command.Generation, now, now + (long)command.Grace.TotalMilliseconds, member.Stop?.Signalled ?? false);
        if (member.Launch is null) PrivateFile.CreateFolder(member.Folder.Path);
        member.Folder.Write(stop);
        (member.Stop, member.Generation) = (stop, command.Generation);
        if (member.Launch is null)
        {
            member.End = new EndRecord(MemberPhase.Exited, 128 + Posix.SIGTERM, now, 0, 0, "stopped before it was started");
            member.Folder.Write(member.End);
            _byLease[command.LeaseId] = member;
            return;
        }

        SendSignal(member);
        if (command.Grace <= TimeSpan.Zero) await EndOverdueAsync(member, cancel).ConfigureAwait(false);
        _attendance.Wake();
    }

    /// <summary>The stop signal, once, to the whole group; put off while the member's shell would swallow it.</summary>
    private void SendSignal(Member member)
    {
        if (!member.AwaitsSignal || !member.OwnsPid(_bootId) || !member.Folder.HearsSignals()) return;
        _ = Posix.Kill(-member.Launch!.Pid, member.Launch.StopSignal == "SIGINT" ? Posix.SIGINT : Posix.SIGTERM);
        member.Stop = member.Stop! with { Signalled = true };
        member.Folder.Write(member.Stop);
    }

    private async ValueTask ForgetAsync(Member member, CancellationToken cancel)
    {
        if (member.IsLive && !member.LeaderRuns(_bootId)) await EndAsync([member], cancel).ConfigureAwait(false);
        if (member.IsLive) throw new EngineException($"lease {member.LeaseId} still runs: stop it before it is forgotten");
        _kept.Keep(member.Folder, member.Launch?.WorkloadId, member.LeaseId);
        _byLease.TryRemove(member.LeaseId, out _);
    }

    /// <summary>Sends the signals that were put off and ends what is beyond its grace.</summary>
    private async ValueTask ContinueStopsAsync(CancellationToken cancel)
    {
        await _gate.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            var now = NowUnixMs;
            foreach (var member in _byLease.Values.Where(member => member.AwaitsSignal)) SendSignal(member);
            foreach (var member in _byLease.Values.Where(member => member.IsLive && member.Stop?.DeadlineUnixMs <= now))
                await EndOverdueAsync(member, cancel).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    private ValueTask EndOverdueAsync(Member member, CancellationToken cancel)
    {
        var graceSeconds = (member.Stop!.DeadlineUnixMs - member.Stop.RequestedAtUnixMs) / 1000.0;
        if (member.LeaderRuns(_bootId)) member.Killed = graceSeconds > 0 ? $"killed: it did not end within its grace of {graceSeconds:0.#} s" : "killed";
        return EndAsync([member], cancel);
    }

    private ValueTask EndAsync(HashSet<Member> members, CancellationToken cancel)
    {
        if (members.Count == 0) return ValueTask.CompletedTask;
        var others = _byLease.Values.Where(member => member.IsLive && !members.Contains(member)).Select(member => member.Launch!.Pid).ToHashSet();
        return _ending.EndAsync(members, others, cancel);
    }

    private static void EnforceMemory(Member member)
    {
        if (member.Launch!.MemoryLimitMiB is > 0 and var limit && member.ResidentMiB > limit)
            member.Killed = $"killed: it used {member.ResidentMiB} MiB of memory, more than its limit of {limit} MiB";
    }

    private MemberFolder FolderOf(string leaseId) => new(Path.Combine(_members, leaseId));

    /// <summary>Takes over what an earlier control plane started.</summary>
    private void Adopt()
    {
        var seenAt = File.Exists(_seenFile) ? new DateTimeOffset(File.GetLastWriteTimeUtc(_seenFile), TimeSpan.Zero).ToUnixTimeMilliseconds() : 0;
        if (seenAt == 0) PrivateFile.Write(_seenFile, "The time of this file is when the members were last seen.\n"u8);
        foreach (var path in Directory.EnumerateDirectories(_members))
        {
            var member = Member.Read(Path.GetFileName(path), new MemberFolder(path));
            if (member.Launch is null && member.End is null)
            {
                Directory.Delete(path, recursive: true); // the cloud died before it wrote what to start: nothing was started
                continue;
            }

            if (member.IsLive && seenAt > member.Launch!.StartedAtUnixMs) member.SeenAliveUnixMs = seenAt;
            if (member is { IsLive: true, Launch.Pid: 0 }) FindStarted(member);
            _byLease[member.LeaseId] = member;
        }
    }

    /// <summary>The cloud died between starting the process and writing its id: the process carries the mark.</summary>
    private static void FindStarted(Member member)
    {
        foreach (var process in ProcessTable.Read().Processes)
            if (process.Session == process.Pid && !process.IsDead && ProcessTable.Carries(process.Pid, [member.Launch!.Mark], MemberLaunching.MarkVariable, out _))
            {
                member.Launch = member.Launch with { Pid = process.Pid, StartTicks = process.StartTicks };
                member.Folder.Write(member.Launch);
                return;
            }
    }
}
