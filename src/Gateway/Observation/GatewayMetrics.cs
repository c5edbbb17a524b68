using System.Diagnostics;
using System.Diagnostics.Metrics;
using Amalgam.Gateway.Answers;

namespace Amalgam.Gateway.Observation;

/// <summary>The gateway's instruments, on the meter `Amalgam.Gateway`; the host renders them at /metrics. Model names come from found models only, so their number is bounded.</summary>
internal sealed class GatewayMetrics : IDisposable
{
    public const string MeterName = "Amalgam.Gateway";

    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _requests;
    private readonly Counter<long> _tokens;
    private readonly Counter<long> _retries;
    private readonly Counter<long> _cancelled;
    private readonly Counter<long> _upstreamFailures;
    private readonly Counter<long> _limited;
    private readonly UpDownCounter<long> _inFlight;
    private readonly Histogram<double> _overhead;
    private readonly Histogram<double> _firstByte;
    private readonly Histogram<double> _held;

    public GatewayMetrics()
    {
        _requests = _meter.CreateCounter<long>("amalgam_gateway_requests_total", "{request}", "Requests answered, by model, endpoint and status code.");
        _tokens = _meter.CreateCounter<long>("amalgam_gateway_tokens_total", "{token}", "Tokens charged, by model and kind (input, cached, output).");
        _retries = _meter.CreateCounter<long>("amalgam_gateway_retries_total", "{attempt}", "Requests sent again to another replica.");
        _cancelled = _meter.CreateCounter<long>("amalgam_gateway_cancelled_total", "{request}", "Requests whose client left before the end.");
        _upstreamFailures = _meter.CreateCounter<long>("amalgam_gateway_upstream_failures_total", "{attempt}", "Attempts that a replica failed or turned away.");
        _limited = _meter.CreateCounter<long>("amalgam_gateway_limited_total", "{request}", "Requests refused by a rate limit, budget or admission, by error code.");
        _inFlight = _meter.CreateUpDownCounter<long>("amalgam_gateway_in_flight", "{request}", "Requests being served now.");
        _overhead = _meter.CreateHistogram<double>("amalgam_gateway_overhead_us", "us", "Time a request spent in the gateway itself, without waiting for a replica.");
        _firstByte = _meter.CreateHistogram<double>("amalgam_gateway_first_byte_ms", "ms", "From the request to the first byte of its answer.");
        _held = _meter.CreateHistogram<double>("amalgam_gateway_held_ms", "ms", "Time a request waited for a replica.");
    }

    public void Started() => _inFlight.Add(1);

    public void Ended(string endpoint, string model, int status)
    {
        _inFlight.Add(-1);
        _requests.Add(1, new TagList { { "endpoint", endpoint }, { "model", model }, { "code", status } });
    }

    public void Charged(string model, TokenCounts counts)
    {
        _tokens.Add(counts.Input - counts.CachedInput, new TagList { { "model", model }, { "kind", "input" } });
        if (counts.CachedInput > 0) _tokens.Add(counts.CachedInput, new TagList { { "model", model }, { "kind", "cached" } });
        if (counts.Output > 0) _tokens.Add(counts.Output, new TagList { { "model", model }, { "kind", "output" } });
    }

    public void Retried(string model) => _retries.Add(1, new KeyValuePair<string, object?>("model", model));

    public void Cancelled(string model) => _cancelled.Add(1, new KeyValuePair<string, object?>("model", model));

    public void UpstreamFailed(string model, string kind) => _upstreamFailures.Add(1, new TagList { { "model", model }, { "kind", kind } });

    public void Limited(string code) => _limited.Add(1, new KeyValuePair<string, object?>("code", code));

    public void Overhead(TimeSpan span) => _overhead.Record(span.TotalMicroseconds);

    public void FirstByte(TimeSpan span) => _firstByte.Record(span.TotalMilliseconds);

    public void Held(TimeSpan span) => _held.Record(span.TotalMilliseconds);

    public void Dispose() => _meter.Dispose();
}
