using Amalgam.Gateway.Answers;
using Amalgam.Gateway.Errors;
using Amalgam.Gateway.Ports;

namespace Amalgam.Gateway.Forwarding;

/// <summary>What streams share; each stream is a <see cref="StreamRun"/>.</summary>
internal sealed class StreamRelay(Settler settler, AnswerHeaders headers, GatewayOptions options, TimeProvider time)
{
    public Settler Settler { get; } = settler;

    public AnswerHeaders Headers { get; } = headers;

    public GatewayOptions Options { get; } = options;

    public TimeProvider Time { get; } = time;

    public async Task<AttemptResult> RunAsync(Exchange exchange, ReplicaTicket ticket, HttpResponseMessage response, CancellationTokenSource watch)
    {
        var stream = await response.Content.ReadAsStreamAsync(watch.Token);
        using var run = new StreamRun(this, exchange, ticket, new EventReader(stream, Options.MaxEventBytes), watch);
        return await run.RunAsync();
    }
}

/// <summary>
/// One streamed answer. 1. Until the first event nothing is sent, so any failure may still be retried. 2. The first event waits until the start of the
/// request is on disk, which it mostly is by then. 3. Events pass as they come, one flush per read; a slow client stops the reading. 4. At `[DONE]` the
/// charge is made durable. 5. Only then the last events leave.
/// </summary>
internal sealed class StreamRun(StreamRelay relay, Exchange exchange, ReplicaTicket ticket, EventReader events, CancellationTokenSource watch) : IDisposable
{
    private static readonly ApiError Cut = Refusals.UpstreamFailed("The replica's stream ended before the answer was complete.");
    private readonly IAnswerDialect _dialect = exchange.Dialect(exchange.AnswerContext());
    private readonly System.IO.Pipelines.PipeWriter _output = exchange.Http.Response.BodyWriter;
    private TokenMeter _meter = new(exchange.InputEstimate);
    private bool _began;
    private bool _done;
    private bool _unsent;
    private bool _recorded;

    public async Task<AttemptResult> RunAsync()
    {
        ApiError? error;
        try
        {
            error = await PassAsync();
        }
        catch (Exception e) when (_began && e is IOException or HttpRequestException or OperationCanceledException or InvalidDataException)
        {
            // Before the first byte these go up: the request can still be sent elsewhere.
            error = Reason(e);
        }
        if (error is null) return await EndAsync();
        if (exchange.ClientLeft) return await LeaveAsync();
        if (!_began) return ReferenceEquals(error, Refusals.NotCharged) ? AttemptResult.Refused(error) : AttemptResult.Retry(error, TimeSpan.Zero);
        return await BreakAsync(error);
    }

    public void Dispose() => events.Dispose();

    /// <summary>Null when the replica said `[DONE]`, otherwise why it did not.</summary>
    private async Task<ApiError?> PassAsync()
    {
        while (true)
        {
            watch.CancelAfter(_began ? relay.Options.IdleTimeout : relay.Options.FirstByteTimeout);
            var asked = relay.Time.GetTimestamp();
            var read = await events.ReadAsync(watch.Token);
            exchange.Upstream += relay.Time.GetElapsedTime(asked);
            if (read == 0) return Cut;
            if (!_recorded && !(_recorded = await relay.Settler.StartedAsync(exchange))) return Refusals.NotCharged;
            var error = TakeEvents();
            if (_unsent) await FlushAsync();
            if (error is not null || _done) return error;
            if (exchange.ClientLeft) return Cut;
        }
    }

    private ApiError? TakeEvents()
    {
        while (!_done && events.TryTake(out var next))
        {
            if (next.Data.IsEmpty) continue;
            if (next.Data.SequenceEqual("[DONE]"u8))
            {
                _done = true;
                break;
            }
            if (!AnswerScan.TryRead(next.Data, out var scan)) return Refusals.UpstreamFailed("The replica sent an event that is not a JSON object.");
            if (scan.Error.Present) return UpstreamRefusal.FromObject(next.Data);
            Begin();
            _meter.Observe(scan);
            _dialect.WriteChunk(_output, next.Data, scan);
            _unsent = true;
        }
        return null;
    }

    private void Begin()
    {
        if (_began) return;
        _began = true;
        relay.Headers.Write(exchange, ticket, "text/event-stream; charset=utf-8", null);
        exchange.Http.Response.Headers.CacheControl = "no-cache";
        exchange.Http.Response.Headers["X-Accel-Buffering"] = "no";
    }

    private async ValueTask FlushAsync()
    {
        _unsent = false;
        // A client that reads slowly is no fault of the replica: its timer rests.
        watch.CancelAfter(Timeout.InfiniteTimeSpan);
        await _output.FlushAsync(exchange.Ended);
        if (!_done) relay.Settler.Delivered(exchange, ticket, _meter.Totals());
    }

    private async Task<AttemptResult> EndAsync()
    {
        Begin();
        if (await relay.Settler.SettleAsync(exchange, ticket, _meter.Totals(), RequestOutcome.Complete) is { } settled) _dialect.WriteEnd(_output, settled);
        else _dialect.WriteError(_output, Refusals.NotCharged);
        await _output.FlushAsync(exchange.Ended);
        await ReadToEndAsync();
        return AttemptResult.Finished;
    }

    private async Task<AttemptResult> BreakAsync(ApiError error)
    {
        await relay.Settler.SettleAsync(exchange, ticket, _meter.Totals(), RequestOutcome.UpstreamFailed);
        _dialect.WriteError(_output, error);
        if (exchange.Ended.IsCancellationRequested)
        {
            // Past the grace: a client that does not read must not hold up the stop.
            using var last = new CancellationTokenSource(TimeSpan.FromSeconds(1), relay.Time);
            await _output.FlushAsync(last.Token);
        }
        else
        {
            await _output.FlushAsync(exchange.Ended);
        }
        return AttemptResult.Finished;
    }

    private async Task<AttemptResult> LeaveAsync()
    {
        if (_meter.HasDelivered) await relay.Settler.SettleAsync(exchange, ticket, _meter.Totals(), RequestOutcome.ClientLeft);
        return AttemptResult.Finished;
    }

    /// <summary>The connection can be used again only if its end was read. It is here already, or the replica is not worth waiting for.</summary>
    private async Task ReadToEndAsync()
    {
        try
        {
            watch.CancelAfter(TimeSpan.FromMilliseconds(100));
            while (await events.ReadAsync(watch.Token) > 0)
            {
                while (events.TryTake(out _))
                {
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or InvalidDataException)
        {
            // Then the connection is closed.
        }
    }

    private ApiError Reason(Exception e) => e switch
    {
        OperationCanceledException when exchange.Ended.IsCancellationRequested => Refusals.Stopping,
        OperationCanceledException => Refusals.UpstreamTimeout($"The replica sent nothing for {relay.Options.IdleTimeout.TotalSeconds:0} seconds."),
        InvalidDataException => Refusals.UpstreamFailed(e.Message),
        _ => Cut,
    };
}
