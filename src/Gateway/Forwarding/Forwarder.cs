using Amalgam.Gateway.Errors;
using Amalgam.Gateway.Observation;
using Amalgam.Gateway.Ports;
using Microsoft.Extensions.Logging;

namespace Amalgam.Gateway.Forwarding;

/// <summary>
/// Finds a replica, sends the request, relays the answer; sends it elsewhere while nothing has reached the client. Attempts and the time to
/// wait for a replica are bounded, so an outage is not multiplied.
/// </summary>
internal sealed partial class Forwarder(
    IReplicas replicas, Upstream upstream, StreamRelay streams, WholeRelay wholes, GatewayMetrics metrics, GatewayOptions options, TimeProvider time, ILogger<Forwarder> log)
{
    /// <summary>Null when the client has its answer (or left), otherwise the error to send; then nothing was sent yet.</summary>
    public async Task<ApiError?> ForwardAsync(Exchange exchange)
    {
        List<string>? avoid = null;
        var last = AttemptResult.Finished;
        var deadline = time.GetUtcNow() + options.Patience;
        for (var attempt = 1; ; attempt++)
        {
            var left = deadline - time.GetUtcNow();
            var patience = attempt == 1 || last.RetryPatience > left ? left : last.RetryPatience;
            var answer = await AcquireAsync(exchange, avoid, patience > TimeSpan.Zero ? patience : TimeSpan.Zero);
            if (answer.Ticket is null) return last.Error ?? Refusals.NoReplica(exchange.Model.Model, answer);
            using var ticket = answer.Ticket;
            if (attempt > 1) metrics.Retried(exchange.Model.Model);
            last = await AttemptAsync(exchange, ticket);
            if (last.Error is null) return null;
            if (!last.MayRetry || attempt == options.MaxAttempts || exchange.Ended.IsCancellationRequested) return last.Error;
            metrics.UpstreamFailed(exchange.Model.Model, last.Error.Code ?? "upstream_error");
            TriedElsewhere(log, exchange.RequestId, ticket.LeaseId, last.Error.Message);
            (avoid ??= []).Add(ticket.LeaseId);
        }
    }

    private async ValueTask<ReplicaAnswer> AcquireAsync(Exchange exchange, List<string>? avoid, TimeSpan patience)
    {
        var asked = time.GetTimestamp();
        var answer = await replicas.AcquireAsync(exchange.Caller, exchange.Model.Model, avoid ?? (IReadOnlyCollection<string>)[], patience, exchange.Ended);
        var held = time.GetElapsedTime(asked);
        exchange.Held += held;
        metrics.Held(held);
        return answer;
    }

    private async Task<AttemptResult> AttemptAsync(Exchange exchange, ReplicaTicket ticket)
    {
        exchange.SentTo = ticket;
        using var watch = CancellationTokenSource.CreateLinkedTokenSource(exchange.Ended);
        try
        {
            watch.CancelAfter(options.FirstByteTimeout);
            var asked = time.GetTimestamp();
            using var response = await upstream.SendAsync(exchange, ticket, watch.Token);
            exchange.Upstream += time.GetElapsedTime(asked);
            if (!response.IsSuccessStatusCode) return await UpstreamRefusal.ReadAsync(response, options.RetryPatience, watch.Token);
            return exchange.Scan.Stream && response.Content.Headers.ContentType?.MediaType == "text/event-stream"
                ? await streams.RunAsync(exchange, ticket, response, watch)
                : await wholes.RunAsync(exchange, ticket, response, watch);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or InvalidDataException)
        {
            return Failed(exchange, ticket, e);
        }
    }

    /// <summary>Something broke before the client got a byte, or the client itself went away.</summary>
    private AttemptResult Failed(Exchange exchange, ReplicaTicket ticket, Exception e)
    {
        if (exchange.Http.Response.HasStarted || exchange.IsSettled)
        {
            // Only the client's own connection is left to break here.
            exchange.Http.Abort();
            return AttemptResult.Finished;
        }
        if (exchange.ClientLeft) return AttemptResult.Finished;
        if (exchange.Ended.IsCancellationRequested) return AttemptResult.Refused(Refusals.Stopping);
        var silent = e is OperationCanceledException;
        replicas.ReportFailure(ticket.LeaseId, silent ? $"no byte within {options.FirstByteTimeout.TotalSeconds:0.#} s" : e.Message);
        var error = silent
            ? Refusals.UpstreamTimeout($"The replica gave no answer within {options.FirstByteTimeout.TotalSeconds:0.#} seconds.")
            : Refusals.UpstreamFailed("The replica could not be reached or broke off before its answer began.");
        // Another replica, or the one that replaces this: worth the whole patience.
        return AttemptResult.Retry(error, options.Patience);
    }

    [LoggerMessage(LogLevel.Warning, "Request {RequestId}: replica {LeaseId} failed it, trying elsewhere: {Reason}")]
    private static partial void TriedElsewhere(ILogger log, string requestId, string leaseId, string reason);
}
