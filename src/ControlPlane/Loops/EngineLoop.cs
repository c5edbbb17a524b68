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
    private bool _busy;
    private string? _trouble;

    protected override TimeSpan NextWait => _busy ? WhileSomethingRuns : base.NextWait;

    private static readonly Actor Me = Actor.Loop("engine");

    /// <summary>The last command sent for a lease, so that each is sent once per generation.</summary>
    private readonly Dictionary<string, long> _stopSent = new(StringComparer.Ordinal);

    protected override async Task<string> RunOnceAsync(CancellationToken cancel)
    {
        if (await LookAsync(cancel) is { } trouble)
        {
            return trouble;
        }

        var seen = (await engine.ObserveAsync(cancel)).ToDictionary(member => member.LeaseId, StringComparer.Ordinal);
        var open = cloud.Read(state => state.OpenLeases.Where(lease => pool.EngineOf(lease.Node) == engine.Name).ToList());
        // What is not on disk yet may never have been: after a crash its id would be given to another lease, whose member this one would seem to be.
        await cloud.DurableAsync();
        foreach (var lease in open)
        {
            await ReconcileAsync(lease, seen.GetValueOrDefault(lease.Id), cancel);
        }

        await ClearAsync(seen.Values, open, cancel);
        _busy = open.Count + seen.Count > 0;
        return $"{open.Count} leases, {seen.Count} members";
    }

    /// <summary>Null when the nodes are known, else why they are not: the other engines work on without this one.</summary>
    private async Task<string?> LookAsync(CancellationToken cancel)
    {
        try
        {
            var inventory = await engine.InventoryAsync(cancel);
            if (!pool.IsKnown || pool.NodesOf(engine.Name).Count == 0 || !Same(pool.NodesOf(engine.Name), inventory.Nodes))
            {
                pool.Report(engine.Name, inventory.Nodes);
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

    private async Task ReconcileAsync(Lease lease, MemberObservation? member, CancellationToken cancel)
    {
        pool.Sight(lease.Id).Observation = member;
        switch (member?.Phase)
        {
            case null when lease.EndingMs is not null:
                await EndAsync(lease, cloud.NowMs, lease.EndingBecause!.Value, null, null);
                break;
            case null:
                await StartAsync(lease, cancel);
                break;
            case MemberPhase.Exited or MemberPhase.Lost or MemberPhase.TakenBack or MemberPhase.Refused:
                await EndedAsync(lease, member);
                break;
            default:
                await StopIfDueAsync(lease, member, cancel);
                break;
        }
    }

    private async Task StartAsync(Lease lease, CancellationToken cancel)
    {
        var launch = launches.For(lease);
        if (launch.Refusal is { } refusal)
        {
            await EndAsync(lease, cloud.NowMs, LeaseEnd.FailedToStart, null, refusal.Message);
            return;
        }

        try
        {
            await engine.ApplyAsync(new StartMember(lease.Id, lease.Generation, launch.Value!), cancel);
        }
        catch (EngineException fault)
        {
            await EndAsync(lease, cloud.NowMs, LeaseEnd.FailedToStart, null, fault.Message);
        }
    }

    private async Task StopIfDueAsync(Lease lease, MemberObservation member, CancellationToken cancel)
    {
        var workload = cloud.Read(state => state.Workload(lease.WorkloadId));
        if (lease.EndingMs is null)
        {
            if (member.Phase == MemberPhase.Queued)
            {
                return;
            }

            var limit = workload?.Spec.Job?.TimeLimitMs;
            if (limit is not null && cloud.NowMs - member.StartedAtUnixMs >= limit)
            {
                await cloud.ChangeAsync(Me, (state, _) => LeaseRules.EndAll(state, lease.WorkloadId, LeaseEnd.TimeLimit));
            }

            return;
        }

        var service = workload?.Spec.Service;
        var drained = service is null || pool.Sight(lease.Id).InFlight == 0 || cloud.NowMs - lease.EndingMs >= service.GraceMs;
        if (drained && _stopSent.GetValueOrDefault(lease.Id) != lease.Generation)
        {
            var grace = TimeSpan.FromMilliseconds(workload?.Spec.Job?.GraceMs ?? 5_000);
            await engine.ApplyAsync(new StopMember(lease.Id, lease.Generation, grace), cancel);
            _stopSent[lease.Id] = lease.Generation;
        }
    }

    private Task EndedAsync(Lease lease, MemberObservation member)
    {
        var because = lease.EndingBecause ?? member.Phase switch
        {
            MemberPhase.Lost => LeaseEnd.Lost,
            MemberPhase.TakenBack => LeaseEnd.TakenBack,
            MemberPhase.Refused => LeaseEnd.FailedToStart,
            _ => LeaseEnd.Finished,
        };
        return EndAsync(lease, member.EndedAtUnixMs ?? cloud.NowMs, because, member.ExitCode, member.Detail);
    }

    private async Task EndAsync(Lease lease, long toMs, LeaseEnd because, int? exitCode, string? detail)
    {
        await cloud.ChangeAsync(Me, (state, nowMs) => LeaseRules.Ended(state, lease.Id, Math.Clamp(toMs, lease.FromMs, nowMs), because, exitCode, detail, nowMs));
        pool.Members.TryRemove(lease.Id, out _);
        _stopSent.Remove(lease.Id);
        plan.Signal();
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
