using System.Diagnostics.Metrics;
using System.Net;
using System.Text.Json;
using Amalgam.Gateway;
using Amalgam.Gateway.Ports;
using Amalgam.SystemTests.Gateway.Rig;
using Xunit;

namespace Amalgam.SystemTests.Gateway;

public sealed class GovernanceTests
{
    [Fact]
    public async Task Requests_per_minute_bind_with_retry_after_and_headers_that_fall()
    {
        await using var rig = await GatewayRig.StartAsync();
        rig.Limits.Scopes = [new LimitScope("key:1", new GatewayLimits(RequestsPerMinute: 2))];
        using var first = await rig.PostAsync(GatewayRig.Chat("normal"));
        Assert.Equal("2", first.Headers.GetValues("x-ratelimit-limit-requests").Single());
        Assert.Equal("1", first.Headers.GetValues("x-ratelimit-remaining-requests").Single());
        Assert.True(first.Headers.Contains("x-ratelimit-reset-requests"));
        using var second = await rig.PostAsync(GatewayRig.Chat("normal"));
        Assert.Equal("0", second.Headers.GetValues("x-ratelimit-remaining-requests").Single());
        using var third = await rig.PostAsync(GatewayRig.Chat("normal"));
        Assert.Equal(HttpStatusCode.TooManyRequests, third.StatusCode);
        Assert.Equal("rate_limit_exceeded", await CodeOf(third));
        Assert.InRange(third.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 30);
        Assert.Equal(2, rig.Ledger.Reservations.Count);
    }

    [Fact]
    public async Task Tokens_per_minute_are_taken_before_and_put_right_after()
    {
        await using var rig = await GatewayRig.StartAsync();
        rig.Limits.Scopes = [new LimitScope("unit:/acme", new GatewayLimits(TokensPerMinute: 1000))];
        // Set aside 4 + 900; used 3 + 900.
        using var first = await rig.PostAsync(GatewayRig.Chat("normal", ",\"max_tokens\":900"));
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        await GatewayRig.UntilAsync(() => rig.Drain.InFlight == 0, "the first request is over");
        using var second = await rig.PostAsync(GatewayRig.Chat("normal", ",\"max_tokens\":900"));
        Assert.Equal(HttpStatusCode.TooManyRequests, second.StatusCode);
        using var small = await rig.PostAsync(GatewayRig.Chat("normal", ",\"max_tokens\":2"));
        Assert.Equal(HttpStatusCode.OK, small.StatusCode);
    }

    [Fact]
    public async Task A_failed_request_gives_its_tokens_back()
    {
        await using var rig = await GatewayRig.StartAsync();
        rig.Limits.Scopes = [new LimitScope("key:1", new GatewayLimits(TokensPerMinute: 1000))];
        for (var i = 0; i < 5; i++)
        {
            using var response = await rig.PostAsync(GatewayRig.Chat("broken", ",\"max_tokens\":900"));
            Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
            await GatewayRig.UntilAsync(() => rig.Drain.InFlight == 0, "the request is over");
        }
    }

    [Fact]
    public async Task Requests_in_flight_are_limited_per_scope_and_come_free_again()
    {
        await using var rig = await GatewayRig.StartAsync();
        rig.Limits.Scopes = [new LimitScope("unit:/acme", new GatewayLimits()), new LimitScope("key:1", new GatewayLimits(MaxInFlight: 3))];
        using var leave = new CancellationTokenSource();
        var held = Enumerable.Range(0, 3).Select(i => rig.PostAsync(GatewayRig.Chat("hang"), requestId: $"h{i}", cancel: leave.Token)).ToList();
        await GatewayRig.UntilAsync(() => rig.Upstreams[0].Requests.Count == 3, "three are in flight");
        using var fourth = await rig.PostAsync(GatewayRig.Chat("normal"));
        Assert.Equal(HttpStatusCode.TooManyRequests, fourth.StatusCode);
        Assert.NotNull(fourth.Headers.RetryAfter);
        await leave.CancelAsync();
        foreach (var request in held) await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        await GatewayRig.UntilAsync(() => rig.Drain.InFlight == 0, "they are gone");
        using var fifth = await rig.PostAsync(GatewayRig.Chat("normal"));
        Assert.Equal(HttpStatusCode.OK, fifth.StatusCode);
    }

    [Fact]
    public async Task An_exhausted_budget_is_429_without_retry_after()
    {
        await using var rig = await GatewayRig.StartAsync();
        rig.Ledger.Refusal = new LedgerRefusal(429, "insufficient_quota", "insufficient_quota", "The budget of /acme/lab for November is used up.", null);
        using var response = await rig.PostAsync(GatewayRig.Chat("normal", ",\"stream\":true"));
        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Equal("insufficient_quota", await CodeOf(response));
        Assert.Null(response.Headers.RetryAfter);
        Assert.Equal("false", response.Headers.GetValues("x-should-retry").Single());
        Assert.Empty(rig.Upstreams[0].Requests);
    }

    [Fact]
    public async Task Stopping_refuses_the_new_and_lets_the_running_finish()
    {
        await using var rig = await GatewayRig.StartAsync();
        var running = rig.StreamAsync("normal", ",\"max_tokens\":20,\"x_delay_ms\":20");
        await GatewayRig.UntilAsync(() => rig.Upstreams[0].Requests.Count == 1, "a stream runs");
        var stopped = rig.Drain.StopAsync(TimeSpan.FromMinutes(1), TimeProvider.System);
        using var late = await rig.PostAsync(GatewayRig.Chat("normal"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, late.StatusCode);
        Assert.NotNull(late.Headers.RetryAfter);
        Assert.Equal("[DONE]", (await running)[^1]);
        await stopped;
        Assert.Single(rig.Ledger.Settled);
    }

    [Fact]
    public async Task Past_the_grace_streams_end_with_an_error_event_and_their_charge()
    {
        await using var rig = await GatewayRig.StartAsync();
        var running = rig.StreamAsync("stall:2");
        await GatewayRig.UntilAsync(() => rig.Upstreams[0].Requests.Values.Any(s => s.Emitted == 2), "a stream runs");
        await Task.Delay(200);
        await rig.Drain.StopAsync(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        Assert.Contains("service_stopping", (await running)[^1], StringComparison.Ordinal);
        Assert.Equal((2L, RequestOutcome.UpstreamFailed), (rig.Ledger.Settled.Single().OutputTokens, rig.Ledger.Settled.Single().Outcome));
    }

    [Fact]
    public async Task Instruments_count_what_happened()
    {
        var sums = new System.Collections.Concurrent.ConcurrentDictionary<string, long>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, l) => { if (instrument.Meter.Name == GatewayEndpoints.MeterName) l.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            foreach (var tag in tags) if (tag is { Key: "model", Value: "counted" }) sums.AddOrUpdate(instrument.Name, value, (_, n) => n + value);
        });
        listener.Start();
        await using var rig = await GatewayRig.StartAsync(2, modeOf: (_, replica) => replica == "lease-0" ? "broken" : "normal");
        await rig.StreamAsync("counted");
        await GatewayRig.UntilAsync(() => sums.ContainsKey("amalgam_gateway_requests_total"), "the request is counted");
        Assert.Equal(1, sums["amalgam_gateway_requests_total"]);
        Assert.Equal(1, sums["amalgam_gateway_retries_total"]);
        Assert.Equal(1, sums["amalgam_gateway_upstream_failures_total"]);
        Assert.Equal(6, sums["amalgam_gateway_tokens_total"]);
    }

    private static async Task<string?> CodeOf(HttpResponseMessage response) =>
        JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("error").GetProperty("code").GetString();
}
