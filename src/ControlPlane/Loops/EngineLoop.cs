using System.Collections.Concurrent;
using Amalgam.ControlPlane.Ports;
using Amalgam.ControlPlane.State;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Workloads;
using Microsoft.Extensions.Logging;

namespace Amalgam.ControlPlane.Loops;

/// <summary>Leases on one side, members on the other: starts what has a lease and no member, ends what has a member and no lease, records how members ended.</summary>
public sealed partial class EngineLoop(
    Cloud cloud, Pool pool, IEngine engine, Launches launches, PlanLoop plan, ILogger<EngineLoop> logger) : Loop($"engine/{engine.Name}", TimeSpan.FromSeconds(2), logger)
{
    private static readonly TimeSpan WhileSomethingRuns = TimeSpan.FromMilliseconds(250);
    private readonly ILogger _logger = logger;
    private bool _busy, _told;
    private string? _trouble;

    protected override TimeSpan NextWait => _busy ? WhileSomethingRuns : base.NextWait;

    private static readonly Actor Me = Actor.Loop("engine");

    /// <summary>The last command sent for a lease, so that each is sent once per generation.</summary>
    private readonly Dictionary<string, long> _stopSent = new(StringComparer.Ordinal);

    /// <summary>Ends that are decided and not on disk yet: a thousand members that end at once share a commit.</summary>
    private readonly List<Task> _ends = [];

    /// <summary>What this turn starts, in the order of the leases.</summary>
    private readonly List<(Lease Lease, StartMember Command)> _starts = [];

    protected override async Task<string> RunOnceAsync(CancellationToken cancel)
    {
        if (await LookAsync(cancel) is { } trouble)
        {
            return trouble;
        }

        var seen = (await engine.ObserveAsync(cancel)).ToDictionary(member => member.LeaseId, StringComparer.Ordinal);
        var open = cloud.Read(state => state.OpenLeases.Where(lease => pool.EngineOf(lease.Node) == engine.Name)
            .Select(lease => (Lease: lease, LimitMs: state.Workload(lease.WorkloadId)!.Spec.Job?.TimeLimitMs)).ToList());
        // What is not on disk yet may never have been: after a crash its id would be given to another lease, whose member this one would seem to be.
        await cloud.DurableAsync();
        if (!cloud.MayAct())
        {
            return "does nothing: the store has not confirmed for some seconds that this control plane leads";
        }

        _starts.Clear();
        foreach (var (lease, limitMs) in open)
        {
            await ReconcileAsync(lease, limitMs, seen.GetValueOrDefault(lease.Id), cancel);
        }

        await StartAllAsync(cancel);
        await DurableEndsAsync();
        await ClearAsync(seen.Values, open.ConvertAll(held => held.Lease), cancel);
        _busy = open.Count + seen.Count > 0;
        return $"{open.Count} leases, {seen.Count} members";
    }

    /// <summary>Null when the nodes are known, else why they are not: the other engines work on without this one.</summary>
    private async Task<string?> LookAsync(CancellationToken cancel)
    {
        try
        {
            var inventory = await engine.InventoryAsync(cancel);
            if (!_told || !Same(pool.NodesOf(engine.Name), inventory.Nodes))
            {
                pool.Report(engine.Name, inventory.Nodes);
                _told = true;
                plan.Signal();
            }

            return _trouble = null;
        }
        catch (EngineException fault)
        {
            if (_trouble != fault.Message)
            {
                LogTrouble(_logger, engine.Name, fault.Message);
            }

            _trouble = fault.Message;
            return $"out of reach, tried again: {fault.Message}";
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "the engine {Engine} is out of reach and is tried again: {Trouble}")]
    private static partial void LogTrouble(ILogger logger, string engine, string trouble);

    private static bool Same(IReadOnlyList<NodeObservation> before, IReadOnlyList<NodeObservation> now) =>
        before.Count == now.Count && before.Zip(now).All(pair =>
            (pair.First.Name, pair.First.ChipClass, pair.First.MemoryMiBPerDevice) == (pair.Second.Name, pair.Second.ChipClass, pair.Second.MemoryMiBPerDevice)
            && pair.First.Devices.Select(device => (device.Index, device.Healthy, device.Problem)).SequenceEqual(pair.Second.Devices.Select(device => (device.Index, device.Healthy, device.Problem))));

    private async Task ReconcileAsync(Lease lease, long? limitMs, MemberObservation? member, CancellationToken cancel)
    {
        pool.Sight(lease.Id).Observation = member;
        switch (member?.Phase)
        {
            case null when lease.EndingMs is not null:
                End(lease, cloud.NowMs, lease.EndingBecause!.Value, null, null);
                break;
            case null:
                Start(lease);
                break;
            case MemberPhase.Exited or MemberPhase.Lost or MemberPhase.TakenBack or MemberPhase.Refused:
                Ended(lease, member);
                break;
            default:
                await StopIfDueAsync(lease, limitMs, member, cancel);
                break;
        }
    }

    private void Start(Lease lease)
    {
        var launch = launches.For(lease);
        if (launch.Refusal is { } refusal)
        {
            End(lease, cloud.NowMs, LeaseEnd.FailedToStart, null, refusal.Message);
            return;
        }

        _starts.Add((lease, new StartMember(lease.Id, lease.Generation, launch.Value!)));
    }

    /// <summary>A start that fails ends its own lease; what is neither done nor refused is tried again at the next turn.</summary>
    private async Task StartAllAsync(CancellationToken cancel)
    {
        var failed = new ConcurrentQueue<(Lease Lease, string Why)>();
        await Parallel.ForEachAsync(_starts, new ParallelOptions { MaxDegreeOfParallelism = engine.StartsAtOnce, CancellationToken = cancel }, async (start, stop) =>
        {
            try
            {
                await engine.ApplyAsync(start.Command, stop);
            }
            catch (EngineException fault)
            {
                failed.Enqueue((start.Lease, fault.Message));
            }
        });
        foreach (var (lease, why) in failed)
        {
            End(lease, cloud.NowMs, LeaseEnd.FailedToStart, null, why);
        }
    }

    private async Task StopIfDueAsync(Lease lease, long? limitMs, MemberObservation member, CancellationToken cancel)
    {
        if (lease.EndingMs is null)
        {
            if (limitMs is { } limit && member.Phase != MemberPhase.Queued && cloud.NowMs - member.StartedAtUnixMs >= limit)
            {
                await cloud.ChangeAsync(Me, (state, _) => LeaseRules.EndAll(state, lease.WorkloadId, LeaseEnd.TimeLimit));
            }

            return;
        }

        var workload = cloud.Read(state => state.Workload(lease.WorkloadId));
        var service = workload?.Spec.Service;
        var drained = service is null || pool.Sight(lease.Id).InFlight == 0 || cloud.NowMs - lease.EndingMs >= service.GraceMs;
        if (drained && _stopSent.GetValueOrDefault(lease.Id) != lease.Generation)
        {
            var grace = TimeSpan.FromMilliseconds(workload?.Spec.Job?.GraceMs ?? 5_000);
            await engine.ApplyAsync(new StopMember(lease.Id, lease.Generation, grace), cancel);
            _stopSent[lease.Id] = lease.Generation;
        }
    }

    private void Ended(Lease lease, MemberObservation member)
    {
        var because = lease.EndingBecause ?? member.Phase switch
        {
            MemberPhase.Lost => LeaseEnd.Lost,
            MemberPhase.TakenBack => LeaseEnd.TakenBack,
            MemberPhase.Refused => LeaseEnd.FailedToStart,
            _ => LeaseEnd.Finished,
        };
        End(lease, member.EndedAtUnixMs ?? cloud.NowMs, because, member.ExitCode, member.Detail);
    }

    private void End(Lease lease, long toMs, LeaseEnd because, int? exitCode, string? detail)
    {
        _ends.Add(cloud.ChangeAsync(Me, (state, nowMs) => LeaseRules.Ended(state, lease.Id, Math.Clamp(toMs, lease.FromMs, nowMs), because, exitCode, detail, nowMs)));
        pool.Members.TryRemove(lease.Id, out _);
        _stopSent.Remove(lease.Id);
        plan.Signal();
    }

    private async Task DurableEndsAsync()
    {
        try
        {
            await Task.WhenAll(_ends);
        }
        finally
        {
            _ends.Clear();
        }
    }

    /// <summary>Members without an open lease: what runs is killed (its lease ended while nobody looked), what has ended is forgotten.</summary>
    private async Task ClearAsync(IEnumerable<MemberObservation> members, List<Lease> open, CancellationToken cancel)
    {
        var held = open.Select(lease => lease.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var member in members.Where(member => !held.Contains(member.LeaseId)))
        {
            // The lease may have begun since: ask again before killing anything.
            if (cloud.Read(state => state.Lease(member.LeaseId)?.IsOpen ?? false))
            {
                continue;
            }

            EngineCommand command = member.Phase is MemberPhase.Exited or MemberPhase.Lost or MemberPhase.TakenBack or MemberPhase.Refused
                ? new ForgetMember(member.LeaseId, member.Generation + 1)
                : new StopMember(member.LeaseId, member.Generation + 1, TimeSpan.Zero);
            await engine.ApplyAsync(command, cancel);
        }
    }
}
