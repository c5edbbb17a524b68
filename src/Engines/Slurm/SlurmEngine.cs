using System.Collections.Concurrent;
using Amalgam.ControlPlane.Ports;
using Amalgam.Engines.Local;

namespace Amalgam.Engines.Slurm;

/// <summary>
/// Members as batch jobs of a Slurm cluster, one job each. Nothing of it needs a privilege. What a job is and whose stands in its comment, how it ended in a file that
/// it writes, so that neither accounting nor a memory of ours is needed: whoever comes back finds both.
/// </summary>
public sealed class SlurmEngine : IEngine, IMemberLogs, IAsyncDisposable
{
    private static readonly TimeSpan CommandPatience = TimeSpan.FromSeconds(10);
    private readonly SlurmOptions _options;
    private readonly SlurmCommands _commands = new(CommandPatience);
    private readonly SlurmSight _sight;
    private readonly SlurmSubmitter _submitter;
    private readonly SlurmEnding _ending;
    private readonly ConcurrentDictionary<string, SlurmMember> _byLease = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _looking = new(1, 1);
    private readonly Lock _gate = new();
    private readonly KeptLogs _kept;
    private readonly string _members;
    private long _lookedAtUnixMs;

    /// <exception cref="EngineException">Slurm's commands are not installed, or the shared folder cannot be used.</exception>
    public SlurmEngine(SlurmOptions options)
    {
        SlurmCommands.RequireInstalled();
        _options = options with { SharedDirectory = Path.GetFullPath(options.SharedDirectory) };
        _members = Path.Combine(_options.SharedDirectory, "members");
        _kept = new KeptLogs(Path.Combine(_options.SharedDirectory, "logs"), options.KeptLogBytes);
        try
        {
            var files = SharedFiles.Open(_options.SharedDirectory);
            _sight = new SlurmSight(_commands, _options, files.Cloud);
            _submitter = new SlurmSubmitter(_commands, _gate, files, _options);
            _ending = new SlurmEnding(_commands, _options);
            foreach (var path in Directory.EnumerateDirectories(_members)) Adopt(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EngineException($"the folder {_options.SharedDirectory} cannot be used: {e.Message}", e);
        }
    }

    /// <summary>Whether a cloud can be started on it.</summary>
    /// <returns>Null, or why Slurm does not answer now.</returns>
    /// <exception cref="EngineException">What was asked for can never be: a command or a partition does not exist.</exception>
    public static async Task<string?> ProbeAsync(IReadOnlyList<string> partitions, CancellationToken cancel)
    {
        SlurmCommands.RequireInstalled();
        try
        {
            var known = await new SlurmCommands(CommandPatience).PartitionsAsync(cancel).ConfigureAwait(false);
            return partitions.FirstOrDefault(name => !known.Exists(partition => partition.Name == name)) is not { } missing ? null
                : throw new EngineException($"Slurm has no partition '{missing}': there are {string.Join(", ", known.Select(partition => partition.Name))}");
        }
        catch (SlurmSilentException silent)
        {
            return $"Slurm does not answer ({silent.Message})";
        }
    }

    public string Name => SlurmInventory.EngineName;

    public int StartsAtOnce => SlurmSubmitter.AtOnce;

    private long NowUnixMs => _options.Clock.GetUtcNow().ToUnixTimeMilliseconds();

    public async ValueTask<EngineInventory> InventoryAsync(CancellationToken cancel)
    {
        await LookAsync(cancel).ConfigureAwait(false);
        lock (_gate)
        {
            if (_sight.Jobs is null || _sight.Parts.Count == 0) throw new EngineException(_sight.Silence ?? "Slurm shows no node that this account could use");
            var held = _byLease.Values.Where(member => member.IsLive).SelectMany(member => member.Record!.Devices, (member, device) => (member.Record!.PartName, device))
                .ToLookup(pair => pair.PartName, pair => pair.device, StringComparer.Ordinal);
            return SlurmInventory.Of(_sight.Parts, held, _sight.Ours, _sight.TroubleOf, _sight.Silence);
        }
    }

    public ValueTask ApplyAsync(EngineCommand command, CancellationToken cancel)
    {
        MemberLaunching.CheckName("lease", command.LeaseId);
        Action? submit = null;
        try
        {
            lock (_gate)
            {
                var member = _byLease.GetValueOrDefault(command.LeaseId);
                if (member is not null && command.Generation < member.Generation)
                    throw new EngineException($"lease {command.LeaseId}: a command of generation {command.Generation} is older than {member.Generation}, which was seen already");
                if (command is StartMember start) submit = Start(start, member);
                else if (command is StopMember stop) Stop(stop, member);
                else if (command is ForgetMember && member is not null) Forget(member);
            }

            // Beside each other: a shared file system takes its time for the files of each.
            submit?.Invoke();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (submit is not null) _byLease.TryRemove(command.LeaseId, out _);
            throw new EngineException($"lease {command.LeaseId}: {e.Message}", e);
        }

        return command is StopMember ? new ValueTask(SettleAsync(cancel)) : ValueTask.CompletedTask;
    }

    public async ValueTask<IReadOnlyList<MemberObservation>> ObserveAsync(CancellationToken cancel)
    {
        await LookAsync(cancel).ConfigureAwait(false);
        lock (_gate) return [.. _byLease.Values.Select(member => member.Observation())];
    }

    public IAsyncEnumerable<LogLine> ReadAsync(string leaseId, bool follow, int? tailLines, CancellationToken cancel)
    {
        MemberLaunching.CheckName("lease", leaseId);
        // Before its record is written its files may not be there.
        if (_byLease.TryGetValue(leaseId, out var member) && (member.Record is not null || member.End is not null))
            return new LogReader(member.Folder, () => member.Log.Note(_options.LogBytesPerStream), () => member.End is not null || member.Folder.ReadExit() is not null, _options.Clock)
                .ReadAsync(follow, tailLines, cancel);
        return _kept.Find(leaseId) is { } folder
            ? new LogReader(folder, static () => { }, static () => true, _options.Clock).ReadAsync(follow, tailLines, cancel) : AsyncEnumerable.Empty<LogLine>();
    }

    /// <summary>Lets go of the jobs without ending them.</summary>
    public async ValueTask DisposeAsync()
    {
        await _submitter.DisposeAsync().ConfigureAwait(false);
        _looking.Dispose();
    }

    /// <returns>What is left to do outside the gate: until then the member is known and not live. Null = nothing.</returns>
    private Action? Start(StartMember command, SlurmMember? known)
    {
        SlurmSubmission.Check(command);
        if (known is not null || _kept.Holds(command.Launch.WorkloadId, command.LeaseId)) return null;
        var part = _sight.Parts.FirstOrDefault(part => SlurmInventory.NameOf(part) == command.Launch.Node)
            ?? throw new EngineException($"lease {command.LeaseId}: Slurm has no node {command.Launch.Node} any more");
        var member = new SlurmMember(command.LeaseId, new MemberFolder(Path.Combine(_members, command.LeaseId))) { Generation = command.Generation };
        if (_sight.PartitionOf(part.Node) is { } partition)
        {
            member.Submitting = true;
            _byLease[command.LeaseId] = member;
            return () => _submitter.Begin(command, member, part, partition, NowUnixMs);
        }

        member.Folder.Create();
        member.Write(new EndRecord(MemberPhase.TakenBack, null, 0, 0, 0, _sight.TroubleOf(part.Node)));
        _byLease[command.LeaseId] = member;
        return null;
    }

    private void Stop(StopMember command, SlurmMember? known)
    {
        var now = NowUnixMs;
        var member = known ?? new SlurmMember(command.LeaseId, new MemberFolder(Path.Combine(_members, command.LeaseId)));
        if (member.End is not null) return;
        member.Folder.Create();
        var stop = new StopRecord(command.Generation, now, now + (long)command.Grace.TotalMilliseconds, member.Stop?.Signalled ?? false);
        member.Folder.Write(stop);
        (member.Stop, member.Generation) = (stop, command.Generation);
        if (known is null) member.Write(new EndRecord(MemberPhase.Exited, 128 + Posix.SIGTERM, now, 0, 0, "stopped before it was started"));
        _byLease[command.LeaseId] = member;
    }

    private void Forget(SlurmMember member)
    {
        if (member.End is null) throw new EngineException($"lease {member.LeaseId} still runs: stop it before it is forgotten");
        foreach (var file in (string[])["launch.sh", "port"]) File.Delete(Path.Combine(member.Folder.Path, file));
        _kept.Keep(member.Folder, member.Record?.WorkloadId, member.LeaseId);
        _byLease.TryRemove(member.LeaseId, out _);
    }

    /// <summary>At most as often as the options say, whoever asks.</summary>
    private async Task LookAsync(CancellationToken cancel)
    {
        await _looking.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            if (Math.Abs(NowUnixMs - _lookedAtUnixMs) < _options.JobsEvery.TotalMilliseconds) return;
            // What is submitted while Slurm is asked is not missed in its answer.
            HashSet<string> before;
            lock (_gate) before = [.. _byLease.Values.Where(member => member is { Submitting: false, IsLive: true }).Select(member => member.LeaseId)];
            await _sight.LookAsync(NowUnixMs, jobs => before.Except(jobs.Select(job => job.Mark.LeaseId)).Any(), cancel).ConfigureAwait(false);
            _lookedAtUnixMs = NowUnixMs;
            lock (_gate) Match(before);
            await SettleAsync(cancel, before).ConfigureAwait(false);
        }
        finally
        {
            _looking.Release();
        }
    }

    /// <summary>Jobs to members by their marks. Of several for one lease the one that runs counts; jobs that belong to nobody go.</summary>
    private void Match(HashSet<string> before)
    {
        if (_sight.Silence is not null) return;
        var jobs = _sight.Jobs!.ToLookup(job => job.Mark.LeaseId, StringComparer.Ordinal);
        foreach (var lease in before)
        {
            if (!_byLease.TryGetValue(lease, out var member) || member.Record is not { } record) continue;
            var mine = jobs[lease].OrderBy(job => job.Id).ToList();
            var claimed = mine.Count > 1 ? member.ClaimedBy() : 0;
            member.Job = mine.Find(job => job.Id == claimed) ?? mine.Find(job => !job.IsOver) ?? mine.FirstOrDefault();
            if (member.Job is { } job && record.JobId != job.Id) member.Write(record with { JobId = job.Id });
            if (member.AnswerLost) _submitter.Resolve(member, heard: member.Job is not null);
            _ending.Superfluous(mine.Where(job => job != member.Job && !job.IsOver));
        }

        // Nobody's, or in the queue again although its lease is over.
        _ending.Superfluous(_sight.Jobs!.Where(job => !job.IsOver && (!_byLease.TryGetValue(job.Mark.LeaseId, out var member) || (member.End is not null && job.IsPending))));
    }

    /// <summary>Verdicts on all live members, and what follows from them.</summary>
    private async Task SettleAsync(CancellationToken cancel, HashSet<string>? seen = null)
    {
        lock (_gate)
        {
            var knows = _sight.Silence is null && seen is not null;
            foreach (var member in _byLease.Values.Where(member => member.IsLive))
            {
                member.ReadMarks();
                if (seen is not null) member.Log.Note(_options.LogBytesPerStream);
                _ending.Judge(member, knows && seen!.Contains(member.LeaseId), NowUnixMs);
            }
        }

        await _ending.CarryOutAsync(_gate, cancel).ConfigureAwait(false);
    }

    /// <summary>Takes over what an earlier control plane submitted.</summary>
    private void Adopt(string path)
    {
        var member = SlurmMember.Read(Path.GetFileName(path), new MemberFolder(path));
        if (member.Record is null && member.End is null) Directory.Delete(path, recursive: true); // nothing was submitted yet
        else _byLease[member.LeaseId] = member;
    }
}
