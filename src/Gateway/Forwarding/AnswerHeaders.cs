using System.Globalization;
using Amalgam.Gateway.Answers;
using Amalgam.Gateway.Observation;
using Amalgam.Gateway.Ports;

namespace Amalgam.Gateway.Forwarding;

/// <summary>The headers of a successful answer.</summary>
internal sealed class AnswerHeaders(GatewayMetrics metrics, TimeProvider time)
{
    /// <summary>Sets status and headers; nothing is sent yet. A streamed answer has no charge here: it is not known when headers leave.</summary>
    public void Write(Exchange exchange, ReplicaTicket ticket, string contentType, Settled? settled)
    {
        var response = exchange.Http.Response;
        var now = time.GetTimestamp();
        var total = time.GetElapsedTime(exchange.StartedAt, now);
        var overhead = time.GetElapsedTime(exchange.BodyReadAt, now) - exchange.Upstream - exchange.Held;
        response.StatusCode = 200;
        response.ContentType = contentType;
        var headers = response.Headers;
        headers["openai-processing-ms"] = Text((long)total.TotalMilliseconds);
        headers["x-amalgam-chip-class"] = ticket.ChipClass;
        headers["x-amalgam-replica"] = ticket.LeaseId;
        headers["x-amalgam-charge-id"] = exchange.ChargeId;
        headers["x-amalgam-overhead-us"] = Text(Math.Max(0, (long)overhead.TotalMicroseconds));
        if (settled is { } charge) headers["x-amalgam-charge"] = string.Concat(Money.Format(charge.Receipt.AmountNano), " ", charge.Receipt.Currency);
        exchange.Pass?.WriteHeaders(headers);
        metrics.Overhead(overhead);
        metrics.FirstByte(total);
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
