using Amalgam.Gateway.Errors;
using Amalgam.Gateway.Limits;
using Amalgam.Gateway.Observation;
using Amalgam.Gateway.Ports;
using Amalgam.Gateway.Requests;
using Amalgam.Gateway.Responses;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Amalgam.Gateway.Forwarding;

/// <summary>
/// One request from door to bill: 1. key and role, 2. body, 3. model, 4. limits, 5. reservation, 6. replica and answer, 7. the charge or the
/// release of the reservation.
/// </summary>
internal sealed partial class InferenceHandler(
    Door door, BodyBudget budget, IReplicas replicas, ITokenLedger ledger, LimitGate limits, Forwarder forwarder, Settler settler,
    GatewayMetrics metrics, GatewayDrain drain, GatewayOptions options, TimeProvider time, ILogger<InferenceHandler> log)
{
    public async Task HandleAsync(HttpContext http, InferenceEndpoint endpoint)
    {
        var requestId = Door.Identify(http);
        if (!HttpMethods.IsPost(http.Request.Method))
        {
            await Door.WrongMethodAsync(http, endpoint.Path, "POST");
            return;
        }
        metrics.Started();
        var entered = drain.TryEnter();
        using var exchange = new Exchange(http, endpoint, requestId, time.GetUtcNow(), time.GetTimestamp(), drain.Cut);
        try
        {
            var error = entered ? await ServeAsync(exchange) : Refusals.Stopping;
            if (error is not null && !http.Response.HasStarted && !exchange.ClientLeft) await ErrorAnswer.WriteAsync(http, error);
        }
        catch (OperationCanceledException) when (exchange.Ended.IsCancellationRequested)
        {
            // The client left while it was read from, held or written to; what is owed was settled on the way out.
        }
#pragma warning disable CA1031 // The outermost place: a defect of ours must not show itself to a person, nor as a clean end.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Defect(log, e, requestId);
            if (http.Response.HasStarted || http.Response.ContentType?.StartsWith("text/event-stream", StringComparison.Ordinal) == true) http.Abort();
            else await ErrorAnswer.WriteAsync(http, Refusals.Defect(requestId));
        }
        finally
        {
            if (exchange.ClientLeft) metrics.Cancelled(exchange.Model?.Model ?? "");
            metrics.Ended(endpoint.Path, exchange.Model?.Model ?? "", exchange.ClientLeft ? 499 : http.Response.StatusCode);
            if (entered) drain.Leave();
        }
    }

    private async Task<ApiError?> ServeAsync(Exchange exchange)
    {
        if (door.Admit(exchange.Http, mustUse: true, out var caller) is { } refused) return refused;
        exchange.Caller = caller;
        var (body, unread) = await RequestBody.ReadAsync(exchange.Http, budget, options.MaxBodyBytes);
        if (unread is not null) return unread;
        using (body)
        {
            exchange.BodyReadAt = time.GetTimestamp();
            if (Understand(exchange, body!.Memory) is { } misunderstood) return misunderstood;
            try
            {
                return Reserve(exchange) ?? await forwarder.ForwardAsync(exchange);
            }
            finally
            {
                await settler.CloseAsync(exchange);
            }
        }
    }

    private ApiError? Understand(Exchange exchange, ReadOnlyMemory<byte> body)
    {
        if (exchange.Endpoint == InferenceEndpoint.Responses)
        {
            if (ResponsesRequest.Read(body.Span, out var request) is { } error) return error;
            body = request!.ChatBody;
            exchange.Dialect = context => new ResponsesDialect(context, request);
        }
        exchange.Body = body;
        if (RequestScan.Read(body.Span, exchange.Endpoint, out exchange.Scan) is { } wrong) return wrong;
        if (replicas.Find(exchange.Caller, exchange.Scan.Model) is not { } model) return Refusals.ModelNotFound(exchange.Scan.Model);
        exchange.Model = model;
        return null;
    }

    /// <summary>Limits first: they are cheap and undone without a trace; then the ledger.</summary>
    private ApiError? Reserve(Exchange exchange)
    {
        var scan = exchange.Scan;
        if (limits.Enter(exchange.Caller, exchange.InputEstimate + scan.MaxOutputTokens * scan.Choices, out var pass) is { } limited)
        {
            metrics.Limited(limited.Code!);
            return limited;
        }
        exchange.Pass = pass;
        var (input, output) = AtMost(exchange.Model, scan, exchange.Endpoint);
        if (ledger.Reserve(exchange.Caller, new RequestNames(exchange.ChargeId, exchange.RequestId, exchange.Endpoint.Path), exchange.Model, input, output) is { } refusal)
        {
            metrics.Limited(refusal.Code);
            return Refusals.Ledger(refusal);
        }
        exchange.Reserved = true;
        return null;
    }

    /// <summary>
    /// What the request may use at most: no tokenizer makes more tokens than bytes, the template adds a few per message (256 in all is
    /// generous for a chat), and nothing exceeds the context.
    /// </summary>
    private (long Input, long Output) AtMost(ServedModel model, in RequestScan scan, InferenceEndpoint endpoint)
    {
        var input = scan.ContentBytes + 256;
        if (endpoint == InferenceEndpoint.Embeddings) return (input, 0);
        var context = model.ContextLength > 0 ? model.ContextLength : long.MaxValue;
        var output = scan.MaxOutputTokens > 0 ? scan.MaxOutputTokens : model.ContextLength > 0 ? model.ContextLength : options.DefaultMaxOutputTokens;
        return (Math.Min(input, context), Math.Min(output, context) * scan.Choices);
    }

    [LoggerMessage(LogLevel.Error, "Request {RequestId} failed in the gateway.")]
    private static partial void Defect(ILogger log, Exception e, string requestId);
}
