using System.Globalization;
using System.Net;
using System.Text.Json;
using Amalgam.Gateway.Ports;
using Amalgam.SystemTests.Gateway.Rig;
using Xunit;

namespace Amalgam.SystemTests.Gateway;

public sealed class ForwardingTests
{
    [Fact]
    public async Task A_whole_answer_passes_with_its_charge_in_headers()
    {
        await using var rig = await GatewayRig.StartAsync();
        using var response = await rig.PostAsync(GatewayRig.Chat("normal", ",\"max_tokens\":2"), requestId: "r1");
        var body = await response.Content.ReadAsStringAsync();
        Assert.Equal("""{"id":"cmpl-1","object":"chat.completion","created":1700000000,"model":"normal","choices":[{"index":0,"finish_reason":"length","logprobs":null,"message":{"role":"assistant","content":"w0 w1"}}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,"prompt_tokens_details":{"cached_tokens":1}}}""", body);
        var usage = Assert.Single(rig.Ledger.Settled);
        Assert.Equal((3L, 1L, 2L, false), (usage.InputTokens, usage.CachedInputTokens, usage.OutputTokens, usage.Estimated));
        Assert.Equal(("r1", "/v1/chat/completions", "normal", "w-normal", "lease-0", "cpu"), (usage.RequestId, usage.Endpoint, usage.Model, usage.WorkloadId, usage.LeaseId, usage.ChipClass));
        Assert.Equal(usage.ChargeId, Header(response, "x-amalgam-charge-id"));
        Assert.Equal("2.000000030 EUR", Header(response, "x-amalgam-charge"));
        Assert.Equal("cpu", Header(response, "x-amalgam-chip-class"));
        Assert.Equal("lease-0", Header(response, "x-amalgam-replica"));
        Assert.True(long.Parse(Header(response, "x-amalgam-overhead-us"), CultureInfo.InvariantCulture) >= 0);
        Assert.True(long.Parse(Header(response, "openai-processing-ms"), CultureInfo.InvariantCulture) >= 0);
    }

    [Fact]
    public async Task Only_the_model_name_changes_on_the_way_to_the_replica()
    {
        await using var rig = await GatewayRig.StartAsync();
        const string body = "{ \"x\" : [1e2, {\"model\":\"inner\"}],\t\"messages\":[{\"role\":\"user\",\"content\":\"\\u00fc \\\"model\\\":\\\"a\\\"\"}],  \"model\" : \"owner\\/model\" , \"seed\":18446744073709551615}";
        using var response = await rig.PostAsync(body);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var seen = rig.Upstreams[0].Requests.Values.Single();
        Assert.Equal(body.Replace("\"owner\\/model\"", "\"normal\"", StringComparison.Ordinal), seen.Body);
        Assert.Equal("Bearer replica-secret", seen.Authorization);
        Assert.Contains("\"model\":\"owner/model\"", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "{\"stream_options\":{\"include_usage\":true},\"model\"")]
    [InlineData(",\"stream_options\":{}", "\"stream_options\":{\"include_usage\":true}")]
    [InlineData(",\"stream_options\":null", "\"stream_options\":{\"include_usage\":true}")]
    [InlineData(",\"stream_options\":{\"a\":[1]}", "\"stream_options\":{\"include_usage\":true,\"a\":[1]}")]
    [InlineData(",\"stream_options\":{\"a\":1,\"include_usage\":false}", "\"stream_options\":{\"a\":1,\"include_usage\":true}")]
    public async Task Usage_is_always_asked_of_the_replica_and_taken_out_again(string options, string sent)
    {
        await using var rig = await GatewayRig.StartAsync();
        var events = await rig.StreamAsync("normal", options);
        Assert.Contains(sent, rig.Upstreams[0].Requests.Values.Single().Body, StringComparison.Ordinal);
        Assert.Equal(5, events.Count);
        Assert.Equal("[DONE]", events[^1]);
        Assert.DoesNotContain(events, e => e.Contains("usage", StringComparison.Ordinal));
        Assert.Equal((3L, 3L), (rig.Ledger.Settled.Single().InputTokens, rig.Ledger.Settled.Single().OutputTokens));
    }

    [Theory]
    [InlineData("normal", false)]
    [InlineData("usage-in-finish", false)]
    [InlineData("no-usage", true)]
    [InlineData("crlf", false)]
    [InlineData("dribble", false)]
    [InlineData("comments", false)]
    [InlineData("slow-first", false)]
    [InlineData("big", false)]
    public async Task However_the_replica_streams_the_client_sees_the_same_and_one_usage_chunk_with_the_charge(string mode, bool estimated)
    {
        await using var rig = await GatewayRig.StartAsync();
        var events = await rig.StreamAsync(mode, ",\"max_tokens\":4,\"stream_options\":{\"include_usage\":true}");
        Assert.Equal(7, events.Count);
        Assert.Equal("[DONE]", events[^1]);
        for (var i = 0; i < 5; i++)
        {
            var chunk = JsonDocument.Parse(events[i]).RootElement;
            Assert.Equal(mode, chunk.GetProperty("model").GetString());
            Assert.False(chunk.TryGetProperty("usage", out _));
            Assert.False(chunk.TryGetProperty("amalgam", out _));
        }
        if (mode == "big") Assert.Equal(64 * 1024, JsonDocument.Parse(events[0]).RootElement.GetProperty("choices")[0].GetProperty("delta").GetProperty("content").GetString()!.Length);
        var last = JsonDocument.Parse(events[^2]).RootElement;
        Assert.Equal(0, last.GetProperty("choices").GetArrayLength());
        Assert.Equal(4, last.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        var settled = rig.Ledger.Settled.Single();
        var charge = last.GetProperty("amalgam");
        Assert.Equal(settled.ChargeId, charge.GetProperty("charge_id").GetString());
        Assert.StartsWith("4.0000000", charge.GetProperty("charge").GetString(), StringComparison.Ordinal);
        Assert.Equal(estimated, charge.GetProperty("estimated").GetBoolean());
        Assert.Equal((4L, estimated, RequestOutcome.Complete), (settled.OutputTokens, settled.Estimated, settled.Outcome));
    }

    [Fact]
    public async Task Running_progress_is_used_and_taken_out()
    {
        await using var rig = await GatewayRig.StartAsync(progress: true);
        var events = await rig.StreamAsync("no-usage", ",\"max_tokens\":4");
        Assert.True(rig.Upstreams[0].Requests.Values.Single().Progress);
        Assert.DoesNotContain(events, e => e.Contains("amalgam", StringComparison.Ordinal));
        var settled = rig.Ledger.Settled.Single();
        Assert.Equal((3L, 1L, 4L, false), (settled.InputTokens, settled.CachedInputTokens, settled.OutputTokens, settled.Estimated));
    }

    [Fact]
    public async Task Completions_and_embeddings_pass_too()
    {
        await using var rig = await GatewayRig.StartAsync();
        var events = await rig.StreamAsync("normal", ",\"stream_options\":{\"include_usage\":true}", "/v1/completions");
        Assert.Equal("text_completion", JsonDocument.Parse(events[^2]).RootElement.GetProperty("object").GetString());
        using var embedded = await rig.PostAsync("{\"model\":\"normal\",\"input\":[\"a b\",\"c\"]}", "/v1/embeddings");
        Assert.Equal(HttpStatusCode.OK, embedded.StatusCode);
        Assert.Equal(["/v1/completions", "/v1/embeddings"], rig.Ledger.Settled.Select(u => u.Endpoint));
        Assert.Equal(0, rig.Ledger.Settled.Last().OutputTokens);
    }

    [Fact]
    public async Task An_answer_without_usage_is_charged_as_estimated()
    {
        await using var rig = await GatewayRig.StartAsync();
        using var response = await rig.PostAsync(GatewayRig.Chat("no-usage", ",\"max_tokens\":100"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var settled = rig.Ledger.Settled.Single();
        Assert.True(settled.Estimated);
        Assert.InRange(settled.OutputTokens, 1, 100);
    }

    [Fact]
    public async Task The_reservation_covers_the_most_the_request_may_use()
    {
        await using var rig = await GatewayRig.StartAsync();
        using var named = await rig.PostAsync(GatewayRig.Chat("normal", ",\"max_tokens\":5,\"n\":2"));
        Assert.Equal(10, rig.Ledger.Reservations[rig.Ledger.Settled.Last().ChargeId].Output);
        using var open = await rig.PostAsync(GatewayRig.Chat("normal"));
        Assert.Equal(4096, rig.Ledger.Reservations[rig.Ledger.Settled.Last().ChargeId].Output);
        Assert.All(rig.Ledger.Reservations.Values, r => Assert.InRange(r.Input, 13, 4096));
    }

    [Fact]
    public async Task Five_hundred_streams_at_once_all_end_well()
    {
        await using var rig = await GatewayRig.StartAsync(replicas: 2);
        var streams = await Task.WhenAll(Enumerable.Range(0, 500).Select(_ => rig.StreamAsync("normal", ",\"max_tokens\":10,\"x_delay_ms\":20")));
        Assert.All(streams, events => Assert.Equal(12, events.Count));
        Assert.Equal(500, rig.Ledger.Settled.Count);
        Assert.Equal(500, rig.Ledger.Settled.Select(u => u.ChargeId).Distinct().Count());
        await GatewayRig.UntilAsync(() => rig.Replicas.Load == 0, "all tickets are given back");
    }

    private static string Header(HttpResponseMessage response, string name) => response.Headers.GetValues(name).Single();
}
