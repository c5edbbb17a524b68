using System.Collections.Frozen;
using System.Runtime.CompilerServices;
using Amalgam.ControlPlane.Ports;
using Amalgam.Engines.Local;

namespace Amalgam.Engines.Simulated;

/// <summary>
/// A fleet to try the cloud on: nodes, chips, leases and bills behave as they would, and no program runs. All it reports says that it is
/// simulated. A simulated replica has no address: nothing answers there.
/// </summary>
public sealed class SimulatedEngine : IEngine, IMemberLogs
{
    private const int KeptRecords = 4096;
    private readonly SimulatedFleet _fleet;
    private readonly TimeProvider _clock;
    private readonly string _members, _kept;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, SimulatedMember> _byLease = new(StringComparer.Ordinal);
    private readonly FrozenSet<string> _nodes;
    private readonly HashSet<string> _failedNodes = new(StringComparer.Ordinal);
    private int _forgets;

    /// <exception cref="EngineException">The data directory cannot be used.</exception>
    public SimulatedEngine(SimulatedFleet fleet, string dataDirectory, TimeProvider? clock = null)
    {
        (_fleet, _clock) = (fleet, clock ?? TimeProvider.System);
        _nodes = fleet.Nodes.Select(node => node.Name).ToFrozenSet(StringComparer.Ordinal);
        _members = Path.Combine(dataDirectory, "simulated", "members");
        _kept = Path.Combine(dataDirectory, "simulated", "forgotten");
        try
        {
            PrivateFile.CreateFolder(_members);
            PrivateFile.CreateFolder(_kept);
            foreach (var file in Directory.EnumerateFiles(_members, "*.json"))
                if (PrivateFile.ReadRecord(file, SimulatedMemberJson.Default.SimulatedMember) is { } member)
                    _byLease[member.LeaseId] = member;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EngineException($"the folder {_members} cannot be used: {e.Message}", e);
        }
    }

    public string Name => "simulated";

    private long NowUnixMs => _clock.GetUtcNow().ToUnixTimeMilliseconds();

    public ValueTask<EngineInventory> InventoryAsync(CancellationToken cancel)
    {
        lock (_gate)
            return ValueTask.FromResult(new EngineInventory([.. _fleet.Nodes.Select(node => _failedNodes.Contains(node.Name) ? Failed(node) : node)]));
    }

    public ValueTask ApplyAsync(EngineCommand command, CancellationToken cancel)
    {
        MemberLaunching.CheckName("lease", command.LeaseId);
        lock (_gate)
        {
            var known = _byLease.GetValueOrDefault(command.LeaseId);
            if (known is not null && command.Generation < known.Generation)
                throw new EngineException($"lease {command.LeaseId}: a command of generation {command.Generation} is older than {known.Generation}, which was seen already");
            if (command is StartMember start) Start(start, known);
            else if (command is StopMember stop) Stop(stop, known);
            else if (command is ForgetMember && known is not null) Forget(known);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask<IReadOnlyList<MemberObservation>> ObserveAsync(CancellationToken cancel)
    {
        var now = NowUnixMs;
        lock (_gate) return ValueTask.FromResult<IReadOnlyList<MemberObservation>>([.. _byLease.Values.Select(member => member.At(now))]);
    }

    public async IAsyncEnumerable<LogLine> ReadAsync(string leaseId, bool follow, int? tailLines, [EnumeratorCancellation] CancellationToken cancel)
    {
        MemberLaunching.CheckName("lease", leaseId);
        if (Find(leaseId) is not { Started: true } member) yield break;
        string[] lines = member.Says.Length == 0
            ? [$"[simulated: no program runs on {member.Node}]"] : [$"[simulated: no program runs on {member.Node}]", member.Says];
        foreach (var line in lines.TakeLast(tailLines ?? lines.Length)) yield return new LogLine("stdout", line);
        while (follow && Find(leaseId)?.At(NowUnixMs) is { EndedAtUnixMs: null })
            await Task.Delay(TimeSpan.FromMilliseconds(100), _clock, cancel).ConfigureAwait(false);
    }

    /// <summary>The node goes dark: its devices turn unhealthy and what ran on it is lost.</summary>
    public void FailNode(string node)
    {
        lock (_gate)
        {
            var now = NowUnixMs;
            _failedNodes.Add(node);
            foreach (var member in _byLease.Values.Where(member => member.Node == node && member.At(now).EndedAtUnixMs is null).ToList())
                Save(member with { LostAtUnixMs = now });
        }
    }

    public void RepairNode(string node)
    {
        lock (_gate) _failedNodes.Remove(node);
    }

    private static NodeObservation Failed(NodeObservation node) =>
        node with { Devices = [.. node.Devices.Select(device => device with { Healthy = false, Problem = "simulated: the node failed" })] };

    private SimulatedMember? Find(string leaseId)
    {
        lock (_gate)
            return _byLease.GetValueOrDefault(leaseId)
                ?? PrivateFile.ReadRecord(Path.Combine(_kept, leaseId + ".json"), SimulatedMemberJson.Default.SimulatedMember);
    }

    private void Start(StartMember start, SimulatedMember? known)
    {
        MemberLaunching.Check(start);
        if (known is not null || File.Exists(Path.Combine(_kept, start.LeaseId + ".json"))) return;
        if (!_nodes.Contains(start.Launch.Node))
            throw new EngineException($"lease {start.LeaseId}: there is no simulated node {start.Launch.Node}");
        Save(SimulatedMember.Of(start, _fleet, NowUnixMs));
    }

    private void Stop(StopMember stop, SimulatedMember? known)
    {
        var now = NowUnixMs;
        if (known?.At(now).EndedAtUnixMs is not null) return;
        var killAt = now + (long)stop.Grace.TotalMilliseconds;
        Save(known is null
            ? SimulatedMember.NeverStarted(stop, now)
            : known with { Generation = stop.Generation, StoppedAtUnixMs = stop.Grace > TimeSpan.Zero ? known.StoppedAtUnixMs ?? now : known.StoppedAtUnixMs, KilledAtUnixMs = killAt });
    }

    private void Forget(SimulatedMember member)
    {
        if (member.At(NowUnixMs).EndedAtUnixMs is null) throw new EngineException($"lease {member.LeaseId} still runs: stop it before it is forgotten");
        _byLease.Remove(member.LeaseId);
        File.Move(FileOf(member.LeaseId), Path.Combine(_kept, member.LeaseId + ".json"), overwrite: true);
        if (++_forgets % KeptRecords != 0) return;
        foreach (var old in new DirectoryInfo(_kept).EnumerateFiles().OrderByDescending(file => file.LastWriteTimeUtc).Skip(KeptRecords)) old.Delete();
    }

    private void Save(SimulatedMember member)
    {
        try
        {
            PrivateFile.WriteRecord(FileOf(member.LeaseId), member, SimulatedMemberJson.Default.SimulatedMember);
            _byLease[member.LeaseId] = member;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EngineException($"lease {member.LeaseId} could not be written down: {e.Message}", e);
        }
    }

    private string FileOf(string leaseId) => Path.Combine(_members, leaseId + ".json");
}
