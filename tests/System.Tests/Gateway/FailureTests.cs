using System.Net;
using System.Text.Json;
using Amalgam.Gateway.Ports;
using Amalgam.SystemTests.Gateway.Rig;
using Xunit;

namespace Amalgam.SystemTests.Gateway;

public sealed class FailureTests
{
    /// <summary>The first replica has the fault, the second is sound; a request goes to the first one first.</summary>
    private static Task<GatewayRig> OneBad(string fault, Amalgam.Gateway.GatewayOptions? options = null) =>
        GatewayRig.StartAsync(2, options: options, modeOf: (_, replica) => replica == "lease-0" ? fault : "normal");

    [Theory]
    [InlineData("reset", true)]
    [InlineData("cut:0", true)]
    [InlineData("broken", false)]
    [InlineData("draining", false)]
    [InlineData("limited", false)]
    [InlineData("error:0", false)]
    [InlineData("garbage:0", false)]
    public async Task What_fails_before_the_first_byte_is_answered_by_another_replica_and_charged_once(string fault, bool reported)
    {
        await using var rig = await OneBad(fault);
        var events = await rig.StreamAsync("normal");
        Assert.Equal("[DONE]", events[^1]);
        var settled = Assert.Single(rig.Ledger.Settled);
        Assert.Equal(("lease-1", 3L, RequestOutcome.Complete), (settled.LeaseId, settled.OutputTokens, settled.Outcome));
        Assert.Single(rig.Upstreams[0].Requests);
        Assert.Single(rig.Ledger.Reservations);
        Assert.Equal(reported, rig.Replicas.Failures.Any(f => f.Lease == "lease-0"));
    }

    [Theory]
    [InlineData("reset")]
    [InlineData("cut-body")]
    [InlineData("broken")]
    public async Task A_whole_answer_is_retried_even_when_its_body_breaks(string fault)
    {
        await using var rig = await OneBad(fault);
        using var response = await rig.PostAsync(GatewayRig.Chat("normal"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("lease-1", Assert.Single(rig.Ledger.Settled).LeaseId);
    }

    [Fact]
    public async Task A_replica_that_hangs_before_its_headers_is_given_up()
    {
        await using var rig = await OneBad("hang", GatewayRig.Quick with { FirstByteTimeout = TimeSpan.FromMilliseconds(300) });
        using var response = await rig.PostAsync(GatewayRig.Chat("normal"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("lease-0", Assert.Single(rig.Replicas.Failures).Lease);
        await rig.Upstreams[0].Requests.Values.Single().Cancelled.Task.WaitAsync(TimeSpan.FromMinutes(1));
    }

    [Theory]
    [InlineData("limited", 429, "7")]
    [InlineData("broken", 500, null)]
    [InlineData("draining", 503, "2")]
    [InlineData("too-long", 400, null)]
    public async Task When_no_replica_does_better_its_own_error_is_passed_on_and_nothing_is_charged(string mode, int status, string? retryAfter)
    {
        await using var rig = await GatewayRig.StartAsync();
        using var response = await rig.PostAsync(GatewayRig.Chat(mode, ",\"stream\":true"));
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(retryAfter, response.Headers.RetryAfter?.ToString());
        Assert.Equal("from_replica", await CodeOf(response));
        Assert.Empty(rig.Ledger.Settled);
        Assert.Equal(rig.Ledger.Reservations.Keys.Single(), rig.Ledger.Released.Single());
    }

    [Fact]
    public async Task An_outage_is_not_multiplied_past_three_attempts()
    {
        await using var rig = await GatewayRig.StartAsync(replicas: 5);
        using var response = await rig.PostAsync(GatewayRig.Chat("reset"));
        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.Equal("upstream_failed", await CodeOf(response));
        Assert.Equal(3, rig.Upstreams.Sum(u => u.Requests.Count));
        Assert.Empty(rig.Ledger.Settled);
        Assert.Single(rig.Ledger.Released);
        await GatewayRig.UntilAsync(() => rig.Replicas.Load == 0, "all tickets are given back");
    }

    [Theory]
    [InlineData("error:2", "device_lost")]
    [InlineData("garbage:2", "upstream_failed")]
    [InlineData("stall:2", "upstream_timeout")]
    public async Task What_fails_later_ends_with_one_error_event_and_is_charged_for_what_was_delivered(string mode, string code)
    {
        await using var rig = await GatewayRig.StartAsync(2, options: GatewayRig.Quick with { IdleTimeout = TimeSpan.FromMilliseconds(500) });
        var events = await rig.StreamAsync(mode, ",\"max_tokens\":5,\"stream_options\":{\"include_usage\":true}");
        Assert.Equal(3, events.Count);
        Assert.Equal(code, JsonDocument.Parse(events[^1]).RootElement.GetProperty("error").GetProperty("code").GetString());
        Assert.DoesNotContain("[DONE]", events);
        var settled = Assert.Single(rig.Ledger.Settled);
        Assert.Equal((2L, RequestOutcome.UpstreamFailed, true), (settled.OutputTokens, settled.Outcome, settled.Estimated));
        Assert.Empty(rig.Ledger.Released);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_cut_stream_ends_with_an_error_event_and_is_charged_exactly_where_progress_is_known(bool progress)
    {
        await using var rig = await GatewayRig.StartAsync(2, progress);
        using var response = await rig.PostAsync(GatewayRig.Chat("held-cut:2", ",\"stream\":true,\"max_tokens\":5"), requestId: "cut");
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        for (var i = 0; i < 4; i++) Assert.NotNull(await reader.ReadLineAsync());
        rig.Upstreams.Select(u => u.Requests.GetValueOrDefault("cut")).Single(s => s is not null)!.CutNow.SetResult();
        var rest = await reader.ReadToEndAsync();
        Assert.Contains("\"code\":\"upstream_failed\"", Assert.Single(GatewayRig.Events(rest)), StringComparison.Ordinal);
        var settled = Assert.Single(rig.Ledger.Settled);
        // Three words were reported; unreported, 17 bytes of text count as four tokens.
        Assert.Equal((progress ? 3L : 4L, 2L, RequestOutcome.UpstreamFailed, !progress), (settled.InputTokens, settled.OutputTokens, settled.Outcome, settled.Estimated));
    }

    [Fact]
    public async Task A_stream_that_ends_without_done_is_not_a_clean_end()
    {
        await using var rig = await GatewayRig.StartAsync();
        var events = await rig.StreamAsync("no-done");
        Assert.Contains("error", events[^1], StringComparison.Ordinal);
        Assert.Equal(RequestOutcome.UpstreamFailed, Assert.Single(rig.Ledger.Settled).Outcome);
    }

    [Fact]
    public async Task An_event_without_end_is_not_collected_for_ever()
    {
        await using var rig = await GatewayRig.StartAsync(options: GatewayRig.Quick with { MaxEventBytes = 32 * 1024 });
        using var response = await rig.PostAsync(GatewayRig.Chat("big", ",\"stream\":true"));
        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
    }

    [Fact]
    public async Task A_replica_that_is_not_there_is_502_and_reported()
    {
        await using var rig = await GatewayRig.StartAsync(replicas: 0, options: GatewayRig.Quick with { Patience = TimeSpan.FromMilliseconds(500) });
        rig.Replicas.Add("gone", "http://127.0.0.1:1");
        using var response = await rig.PostAsync(GatewayRig.Chat("normal"));
        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.Equal("gone", Assert.Single(rig.Replicas.Failures).Lease);
    }

    [Fact]
    public async Task A_request_is_held_until_a_replica_is_ready()
    {
        await using var rig = await GatewayRig.StartAsync(replicas: 0, options: GatewayRig.Quick with { Patience = TimeSpan.FromMinutes(1) });
        await using var late = await FakeReplica.StartAsync("late");
        var held = rig.StreamAsync("normal");
        await GatewayRig.UntilAsync(() => rig.Replicas.Waiting == 1, "the request is held");
        Assert.False(held.IsCompleted);
        rig.Replicas.Add("late", late.Address);
        Assert.Equal("[DONE]", (await held)[^1]);
    }

    [Fact]
    public async Task A_held_request_whose_patience_ends_is_503_with_the_reason()
    {
        await using var rig = await GatewayRig.StartAsync(replicas: 0, options: GatewayRig.Quick with { Patience = TimeSpan.FromMilliseconds(100) });
        using var response = await rig.PostAsync(GatewayRig.Chat("normal", ",\"stream\":true"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.NotNull(response.Headers.RetryAfter);
        Assert.Contains("device of class cpu", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Single(rig.Ledger.Released);
    }

    private static async Task<string?> CodeOf(HttpResponseMessage response) =>
        JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("error").GetProperty("code").GetString();
}
