using System.Net;
using System.Text;
using System.Text.Json;
using Amalgam.Gateway.Ports;
using Amalgam.SystemTests.Gateway.Rig;
using Xunit;

namespace Amalgam.SystemTests.Gateway;

public sealed class ChargeTests
{
    [Fact]
    public async Task The_end_of_a_stream_waits_for_the_durable_charge()
    {
        await using var rig = await GatewayRig.StartAsync();
        var durable = new TaskCompletionSource();
        rig.Ledger.Gate = durable;
        using var response = await rig.PostAsync(GatewayRig.Chat("normal", ",\"stream\":true"));
        var stream = await response.Content.ReadAsStreamAsync();
        var text = new StringBuilder();
        var buffer = new byte[4096];
        while (!text.ToString().Contains("\"stop\"", StringComparison.Ordinal)) text.Append(Encoding.UTF8.GetString(buffer, 0, await stream.ReadAsync(buffer)));
        var next = stream.ReadAsync(buffer).AsTask();
        await GatewayRig.UntilAsync(() => rig.Ledger.Asked == 1, "the ledger is asked");
        // What was sent before the ledger was asked has time to arrive.
        await Task.Delay(200);
        Assert.False(next.IsCompleted);
        Assert.DoesNotContain("[DONE]", text.ToString(), StringComparison.Ordinal);
        durable.SetResult();
        Assert.Contains("[DONE]", Encoding.UTF8.GetString(buffer, 0, await next), StringComparison.Ordinal);
        Assert.Single(rig.Ledger.Settled);
    }

    [Fact]
    public async Task A_whole_answer_waits_for_the_durable_charge()
    {
        await using var rig = await GatewayRig.StartAsync();
        var durable = new TaskCompletionSource();
        rig.Ledger.Gate = durable;
        var answer = rig.PostAsync(GatewayRig.Chat("normal"), requestId: "held");
        await GatewayRig.UntilAsync(() => rig.Ledger.Asked == 1, "the ledger is asked");
        await Task.Delay(200);
        Assert.False(answer.IsCompleted);
        durable.SetResult();
        Assert.Equal(HttpStatusCode.OK, (await answer).StatusCode);
    }

    [Fact]
    public async Task Without_a_recorded_charge_there_is_no_end()
    {
        await using var rig = await GatewayRig.StartAsync();
        rig.Ledger.Broken = true;
        var events = await rig.StreamAsync("normal");
        Assert.Contains("charge_not_recorded", events[^1], StringComparison.Ordinal);
        using var whole = await rig.PostAsync(GatewayRig.Chat("normal"));
        Assert.Equal(HttpStatusCode.InternalServerError, whole.StatusCode);
        Assert.DoesNotContain("w0", await whole.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_that_leaves_a_stream_stops_the_replica_and_pays_for_what_it_got(bool progress)
    {
        await using var rig = await GatewayRig.StartAsync(progress: progress);
        using (var response = await rig.PostAsync(GatewayRig.Chat("normal", ",\"stream\":true,\"max_tokens\":1000000,\"x_delay_ms\":10"), requestId: "leaver"))
        {
            var stream = await response.Content.ReadAsStreamAsync();
            var buffer = new byte[4096];
            for (var i = 0; i < 3; i++) Assert.NotEqual(0, await stream.ReadAsync(buffer));
        }
        var seen = rig.Upstreams[0].Requests["leaver"];
        await seen.Cancelled.Task.WaitAsync(TimeSpan.FromMinutes(1));
        await GatewayRig.UntilAsync(() => rig.Ledger.Settled.Count == 1, "the charge is settled");
        var settled = rig.Ledger.Settled.Single();
        Assert.Equal((RequestOutcome.ClientLeft, !progress), (settled.Outcome, settled.Estimated));
        Assert.InRange(settled.OutputTokens, 1, seen.Emitted);
        await GatewayRig.UntilAsync(() => rig.Replicas.Load == 0 && rig.Drain.InFlight == 0, "the request is over");
        Assert.Empty(rig.Ledger.Released);
    }

    [Fact]
    public async Task A_client_that_leaves_before_the_answer_stops_the_replica_and_leaves_a_record()
    {
        await using var rig = await GatewayRig.StartAsync();
        using var leave = new CancellationTokenSource();
        var request = rig.PostAsync(GatewayRig.Chat("hang"), requestId: "leaver", cancel: leave.Token);
        await GatewayRig.UntilAsync(() => rig.Upstreams[0].Requests.ContainsKey("leaver"), "the replica has the request");
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        await rig.Upstreams[0].Requests["leaver"].Cancelled.Task.WaitAsync(TimeSpan.FromMinutes(1));
        await GatewayRig.UntilAsync(() => rig.Ledger.Settled.Count == 1, "the record is there");
        Assert.Equal((RequestOutcome.ClientLeft, 0L, 0L), (rig.Ledger.Settled.Single().Outcome, rig.Ledger.Settled.Single().InputTokens, rig.Ledger.Settled.Single().OutputTokens));
        Assert.Single(rig.Upstreams[0].Requests);
    }

    [Fact]
    public async Task A_client_that_leaves_while_it_is_held_costs_nothing()
    {
        await using var rig = await GatewayRig.StartAsync(replicas: 0, options: GatewayRig.Quick with { Patience = TimeSpan.FromMinutes(5) });
        using var leave = new CancellationTokenSource();
        var request = rig.PostAsync(GatewayRig.Chat("normal"), cancel: leave.Token);
        await GatewayRig.UntilAsync(() => rig.Replicas.Waiting == 1, "the request is held");
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        await GatewayRig.UntilAsync(() => rig.Replicas.Waiting == 0 && rig.Ledger.Released.Count == 1, "the reservation is free again");
        Assert.Empty(rig.Ledger.Settled);
    }

    /// <summary>Each request draws faults per replica from its own number, and some clients leave: whatever happens, one charge, never above what was made.</summary>
    [Fact]
    public async Task Three_hundred_requests_through_faults_and_leaving_clients_are_each_charged_once()
    {
        var seed = Environment.TickCount;
        Console.WriteLine($"gateway exactly-once seed: {seed}");
        string[] faults = ["normal", "normal", "no-usage", "usage-in-finish", "reset", "broken", "draining", "cut:0", "cut:2", "error:3", "cut-body", "garbage:1", "crlf", "dribble"];
        var fault = (string id, string replica) => faults[new Random(HashCode(seed, id, replica)).Next(faults.Length)];
        await using var rig = await GatewayRig.StartAsync(3, modeOf: fault);
        using var turns = new SemaphoreSlim(24);
        var ends = await Task.WhenAll(Enumerable.Range(0, 300).Select(async i =>
        {
            await turns.WaitAsync();
            try
            {
                return await RandomRequest(rig, $"r{i}", new Random(seed + i));
            }
            finally
            {
                turns.Release();
            }
        }));
        await GatewayRig.UntilAsync(() => rig.Drain.InFlight == 0 && rig.Replicas.Load == 0, "all requests are over");
        AssertExact(rig, ends);
        Assert.Contains(ends, end => end.Complete);
        Assert.Contains(ends, end => !end.Complete);
    }

    private static int HashCode(int seed, string id, string replica) => id.Concat(replica).Aggregate(seed, (hash, c) => unchecked(hash * 31 + c));

    private static async Task<(string Id, int Received, bool Complete)> RandomRequest(GatewayRig rig, string id, Random random)
    {
        var stream = random.Next(4) != 0;
        var leaveAfter = random.Next(5) == 0 ? random.Next(5) : int.MaxValue;
        var body = GatewayRig.Chat("normal", $",\"max_tokens\":{random.Next(1, 12)},\"x_delay_ms\":{random.Next(3)},\"stream\":{(stream ? "true" : "false")}");
        try
        {
            using var response = await rig.PostAsync(body, requestId: id);
            if (!response.IsSuccessStatusCode) return (id, 0, false);
            if (!stream)
            {
                var whole = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
                return (id, whole.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!.Split(' ').Length, true);
            }
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
            var received = 0;
            while (await reader.ReadLineAsync() is { } line)
            {
                if (line == "data: [DONE]") return (id, received, true);
                if (line.Contains("\"content\":", StringComparison.Ordinal)) received++;
                if (received > leaveAfter) break;
            }
            return (id, received, false);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return (id, 0, false);
        }
    }

    private static void AssertExact(GatewayRig rig, (string Id, int Received, bool Complete)[] ends)
    {
        var charges = rig.Ledger.Settled.ToLookup(u => u.RequestId);
        foreach (var end in ends)
        {
            var made = rig.Upstreams.Sum(u => u.Requests.TryGetValue(end.Id, out var seen) ? seen.Emitted : 0);
            Assert.True(charges[end.Id].Count() <= 1, $"{end.Id} was charged {charges[end.Id].Count()} times");
            var charge = charges[end.Id].SingleOrDefault();
            if (end.Complete) Assert.Equal((RequestOutcome.Complete, true), (charge!.Outcome, charge.OutputTokens == end.Received || charge.Estimated));
            if (charge is null) Assert.Equal(0, end.Received);
            else Assert.InRange(charge.OutputTokens, charge.Estimated && charge.Outcome == RequestOutcome.Complete ? 0 : end.Received, made);
        }
        // Every reservation got exactly one last word.
        Assert.Equal(rig.Ledger.Reservations.Keys.Order(), rig.Ledger.Settled.Select(u => u.ChargeId).Concat(rig.Ledger.Released).Order());
    }
}
