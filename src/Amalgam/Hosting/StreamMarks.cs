using System.Collections.Concurrent;
using System.Collections.Immutable;
using Amalgam.ControlPlane.Ports;
using Amalgam.ControlPlane.State;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger.Budgets;
using Amalgam.Gateway.Ports;
using Microsoft.Extensions.Hosting;

namespace Amalgam.Hosting;

/// <summary>
/// Durable marks of what streams have delivered: one record for all of them at every turn, so that a thousand streams cost no more writes than one. A mark is what was
/// delivered at the turn before, so that the bytes have left the process long before the mark is on disk: a crash never charges more than the client got.
/// </summary>
internal sealed class StreamMarks(Cloud cloud) : BackgroundService
{
    /// <summary>A mark is at most two turns old.</summary>
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(125);

    /// <summary>A stream this far ahead of what was last looked at makes a turn come sooner, but not sooner than <see cref="LeastTurn"/>.</summary>
    private const int TokensAhead = 32;

    private static readonly TimeSpan LeastTurn = TimeSpan.FromMilliseconds(25);
    private static readonly Actor Me = Actor.Loop("gateway");

    private readonly ConcurrentDictionary<string, RunningRequest> _running = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _wake = new(0, 1);
    private volatile bool _asleep;

    public void Begin(RequestStarted started)
    {
        _running[started.ChargeId] = new RunningRequest(started);
        if (_asleep)
        {
            Wake();
        }
    }

    public RunningRequest? Find(string chargeId) => _running.GetValueOrDefault(chargeId);

    public void Forget(string chargeId) => _running.TryRemove(chargeId, out _);

    public void Delivered(string chargeId, ReplicaTicket ticket, long inputTokens, long cachedInputTokens, long outputTokens)
    {
        if (_running.TryGetValue(chargeId, out var running) && running.Deliver(ticket, inputTokens, cachedInputTokens, outputTokens) >= TokensAhead)
        {
            Wake();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                _asleep = _running.IsEmpty;
                await _wake.WaitAsync(_asleep && _running.IsEmpty ? Timeout.InfiniteTimeSpan : Turn, stoppingToken);
                _asleep = false;
                await MarkAsync();
                await Task.Delay(LeastTurn, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (JournalException)
            {
                // The cloud answers nothing any more until it is started again; then the marks on disk count.
                return;
            }
        }
    }

    private async Task MarkAsync()
    {
        List<(RunningRequest Running, RequestMark Mark)> due = [];
        foreach (var (_, running) in _running)
        {
            if (running.NextMark(cloud.NowMs) is { } mark)
            {
                due.Add((running, mark));
            }
        }

        if (due.Count == 0)
        {
            return;
        }

        KillPoints.At("before-mark");
        await cloud.ChangeAsync(Me, (state, nowMs) =>
        {
            // What was charged meanwhile needs no mark any more.
            var open = due.Where(item => state.Budgets.Held.Request(item.Mark.ChargeId) is not null).Select(item => item.Mark).ToImmutableArray();
            return open.IsEmpty ? Decide.Yes(0) : Decide.Yes(open.Length, new RequestsMarked(open, nowMs + RequestRules.LifetimeMs));
        });
        KillPoints.At("after-mark");
    }

    private void Wake()
    {
        if (_wake.CurrentCount > 0)
        {
            return;
        }

        try
        {
            _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // A turn is due already.
        }
    }

    public override void Dispose()
    {
        _wake.Dispose();
        base.Dispose();
    }
}

/// <summary>A request of this process that is under way.</summary>
internal sealed class RunningRequest(RequestStarted started)
{
    private RequestMark? _delivered;
    private RequestMark? _seen;
    private RequestMark? _marked;
    private long _spokenMs = started.StartedMs;

    public OpenRequest Request { get; } = new()
    {
        ChargeId = started.ChargeId, RequestId = started.RequestId, KeyId = started.KeyId, Unit = started.Unit, Model = started.Model, WorkloadId = started.WorkloadId, Endpoint = started.Endpoint,
        StartedMs = started.StartedMs, ReservedNano = started.ReservedNano, ExpiresMs = started.ExpiresMs,
    };

    /// <summary>Done when the start is on disk.</summary>
    public Task Started { get; set; } = Task.CompletedTask;

    /// <summary>How many tokens this is ahead of what the last turn saw.</summary>
    public long Deliver(ReplicaTicket ticket, long inputTokens, long cachedInputTokens, long outputTokens)
    {
        Volatile.Write(ref _delivered, new RequestMark(Request.ChargeId, ticket.LeaseId, ticket.ChipClass, inputTokens, cachedInputTokens, outputTokens));
        return outputTokens - (Volatile.Read(ref _seen)?.OutputTokens ?? 0);
    }

    /// <summary>What is to be written now: what the turn before saw, if it is news; or the same again before the reservation expires.</summary>
    public RequestMark? NextMark(long nowMs)
    {
        var mark = _seen;
        Volatile.Write(ref _seen, Volatile.Read(ref _delivered));
        var late = nowMs - _spokenMs >= RequestRules.LifetimeMs / 2;
        if (!late && (mark is null || mark == _marked))
        {
            return null;
        }

        (_marked, _spokenMs) = (mark, nowMs);
        return mark ?? new RequestMark(Request.ChargeId, "", "", 0, 0, 0);
    }
}
