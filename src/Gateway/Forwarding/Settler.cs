using Amalgam.Gateway.Answers;
using Amalgam.Gateway.Observation;
using Amalgam.Gateway.Ports;
using Microsoft.Extensions.Logging;

namespace Amalgam.Gateway.Forwarding;

/// <summary>Turns what a request used into its one charge.</summary>
internal sealed partial class Settler(ITokenLedger ledger, GatewayMetrics metrics, TimeProvider time, ILogger<Settler> log)
{
    /// <summary>Null when the ledger could not record the charge: then the end of the answer must not be sent.</summary>
    public async ValueTask<Settled?> SettleAsync(Exchange exchange, ReplicaTicket? ticket, TokenCounts counts, RequestOutcome outcome)
    {
        if (exchange.IsSettled) throw new InvalidOperationException("A request is settled once.");
        exchange.IsSettled = true;
        exchange.Charged = counts;
        var usage = new TokenUsage(
            exchange.ChargeId, exchange.RequestId, exchange.Endpoint.Path, exchange.Model.Model, exchange.Model.WorkloadId,
            ticket?.LeaseId ?? "", ticket?.ChipClass ?? "", counts.Input, counts.CachedInput, counts.Output, outcome, counts.Estimated,
            exchange.Started.ToUnixTimeMilliseconds(), time.GetUtcNow().ToUnixTimeMilliseconds());
        try
        {
            var receipt = await ledger.SettleAsync(exchange.Caller, usage);
            metrics.Charged(exchange.Model.Model, counts);
            return new Settled(counts, receipt, usage.ChipClass, usage.LeaseId);
        }
#pragma warning disable CA1031 // Whatever stopped the ledger, the client must get an error instead of an uncharged answer.
        catch (Exception e)
#pragma warning restore CA1031
        {
            NotRecorded(log, e, exchange.ChargeId, exchange.RequestId);
            return null;
        }
    }

    /// <summary>Waits until the start of the request is on disk. False when it cannot be recorded: then nothing may be sent.</summary>
    public async ValueTask<bool> StartedAsync(Exchange exchange)
    {
        try
        {
            await ledger.StartedAsync(exchange.ChargeId);
            return true;
        }
#pragma warning disable CA1031 // Whatever stopped the ledger, the client must get an error instead of an answer that nobody will charge.
        catch (Exception e)
#pragma warning restore CA1031
        {
            NotRecorded(log, e, exchange.ChargeId, exchange.RequestId);
            return false;
        }
    }

    public void Delivered(Exchange exchange, ReplicaTicket ticket, in TokenCounts counts) =>
        ledger.Delivered(exchange.ChargeId, ticket, counts.Input, counts.CachedInput, counts.Output);

    /// <summary>
    /// The last word on a reservation: nothing stays set aside after a request. A client that left before anything was delivered still leaves
    /// a record of no tokens, so that such calls can be seen.
    /// </summary>
    public async ValueTask CloseAsync(Exchange exchange)
    {
        if (exchange is { Reserved: true, IsSettled: false })
        {
            if (exchange.ClientLeft && exchange.SentTo is { } ticket) await SettleAsync(exchange, ticket, new TokenCounts(0, 0, 0, true), RequestOutcome.ClientLeft);
            else ledger.Release(exchange.Caller, exchange.ChargeId);
        }
        exchange.Pass?.Close(exchange.Charged.Input + exchange.Charged.Output);
    }

    [LoggerMessage(LogLevel.Error, "Charge {ChargeId} of request {RequestId} could not be recorded; its answer is withheld.")]
    private static partial void NotRecorded(ILogger log, Exception e, string chargeId, string requestId);
}
