using System.Buffers;
using Amalgam.Gateway.Answers;
using Amalgam.Gateway.Errors;
using Amalgam.Gateway.Ports;

namespace Amalgam.Gateway.Forwarding;

/// <summary>An answer that is not streamed: held until it is whole, charged, then sent.</summary>
internal sealed class WholeRelay(Settler settler, AnswerHeaders headers, GatewayOptions options, TimeProvider time)
{
    private const int FirstBuffer = 8 * 1024;

    /// <summary>Throws what the upstream stream throws: nothing was sent then.</summary>
    public async Task<AttemptResult> RunAsync(Exchange exchange, ReplicaTicket ticket, HttpResponseMessage response, CancellationTokenSource watch)
    {
        var stream = await response.Content.ReadAsStreamAsync(watch.Token);
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(response.Content.Headers.ContentLength + 1 ?? FirstBuffer, 64, options.MaxAnswerBytes));
        try
        {
            var length = 0;
            while (true)
            {
                if (length == buffer.Length && !Grow(ref buffer)) return AttemptResult.Refused(Refusals.UpstreamFailed($"The replica's answer is larger than {options.MaxAnswerBytes} bytes. Stream it."));
                watch.CancelAfter(options.IdleTimeout);
                var asked = time.GetTimestamp();
                var read = await stream.ReadAsync(buffer.AsMemory(length), watch.Token);
                exchange.Upstream += time.GetElapsedTime(asked);
                if (read == 0) break;
                length += read;
            }
            return await AnswerAsync(exchange, ticket, buffer.AsMemory(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task<AttemptResult> AnswerAsync(Exchange exchange, ReplicaTicket ticket, ReadOnlyMemory<byte> body)
    {
        if (!AnswerScan.TryRead(body.Span, out var scan)) return AttemptResult.Retry(Refusals.UpstreamFailed("The replica's answer is not a JSON object."), TimeSpan.Zero);
        if (scan.Error.Present) return AttemptResult.Retry(UpstreamRefusal.FromObject(body.Span), TimeSpan.Zero);

        var meter = new TokenMeter(exchange.InputEstimate);
        meter.Observe(scan);
        var settled = await settler.SettleAsync(exchange, ticket, meter.TotalsOfWhole(scan.ContentBytes), RequestOutcome.Complete);
        if (settled is not { } charge) return AttemptResult.Refused(Refusals.NotCharged);

        headers.Write(exchange, ticket, "application/json", charge);
        var output = exchange.Http.Response.BodyWriter;
        exchange.Dialect(exchange.AnswerContext()).WriteBody(output, body.Span, scan, charge);
        await output.FlushAsync(exchange.Ended);
        return AttemptResult.Finished;
    }

    private bool Grow(ref byte[] buffer)
    {
        if (buffer.Length >= options.MaxAnswerBytes) return false;
        var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min((long)buffer.Length * 2, options.MaxAnswerBytes));
        buffer.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = larger;
        return true;
    }
}
