using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Xunit;
using Xunit.Abstractions;

namespace Amalgam.SystemTests.Cloud;

/// <summary>`serve`: one name, replicas on whatever classes fit, that come and go without a client noticing more than it must.</summary>
public sealed class ServiceTests(ITestOutputHelper output) : IAsyncLifetime
{
    private RunningCloud _cloud = null!;

    public async Task InitializeAsync() => _cloud = await RunningCloud.StartNewAsync();

    public async Task DisposeAsync() => await _cloud.DisposeAsync();

    [Fact]
    public async Task A_second_service_of_one_name_is_refused_and_the_first_goes_on()
    {
        await _cloud.MustAsync("serve", "demo", "--chips", "cpu");
        (await _cloud.AmalgamAsync("serve", "demo")).RefusedWith("is served already");
        Assert.Contains("42", await ChatAsync("demo", "What is 17 + 25?"), StringComparison.Ordinal);
        await _cloud.MustAsync("stop", "demo");
        await RunningCloud.UntilAsync("the name to be free", async () => (await _cloud.AmalgamAsync("serve", "demo", "--chips", "cpu")).ExitCode == 0);
    }

    [Fact]
    public async Task A_sleeping_service_is_woken_by_its_first_request_answers_it_and_sleeps_again()
    {
        await _cloud.MustAsync("serve", "demo", "--chips", "cpu", "--replicas", "0..2", "--idle", "2s");
        Assert.Equal("asleep", (await ViewAsync("demo")).GetProperty("phase").GetString());
        Assert.Contains("42", await ChatAsync("demo", "What is 17 + 25?"), StringComparison.Ordinal);
        await RunningCloud.UntilAsync("sleep", async () => (await ViewAsync("demo")).GetProperty("phase").GetString() == "asleep");
        Assert.Contains("Nobody uses it now", await _cloud.MustAsync("explain", "demo"), StringComparison.Ordinal);
        Assert.Contains("42", await ChatAsync("demo", "What is 17 + 25?"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Load_brings_more_replicas_on_both_classes_and_calm_takes_them_away_again()
    {
        await _cloud.MustAsync("serve", "demo", "--replicas", "1..2", "--slots", "1", "--idle", "2s");
        Assert.Single(Ready(await ViewAsync("demo")));
        using var enough = new CancellationTokenSource();
        var load = Enumerable.Range(0, 6).Select(number => LoadAsync(number, enough.Token)).ToList();
        await RunningCloud.UntilAsync("a second replica", async () => Ready(await ViewAsync("demo")).Count == 2);
        var classes = Ready(await ViewAsync("demo")).Select(lease => lease.GetProperty("chipClass").GetString()).Order(StringComparer.Ordinal);
        Assert.Equal(["cpu", "cpu-scalar"], classes);
        await enough.CancelAsync();
        var answered = (await Task.WhenAll(load)).Sum();
        await RunningCloud.UntilAsync("one replica", async () => Open(await ViewAsync("demo")).Count == 1);
        Say($"load: {answered} requests were answered while a replica came and went");
        Assert.Contains("42", await ChatAsync("demo", "What is 17 + 25?"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_replica_killed_with_kill_9_is_replaced_and_its_clients_get_an_answer_or_an_honest_error()
    {
        await _cloud.MustAsync("serve", "demo", "--replicas", "2..2", "--slots", "2");
        await RunningCloud.UntilAsync("two replicas", async () => Ready(await ViewAsync("demo")).Count == 2);
        var victims = Ready(await ViewAsync("demo")).Select(lease => lease.GetProperty("id").GetString()!).ToList();

        // A stream that has begun on each of them.
        var streams = new List<StreamClient>();
        for (var number = 0; number < 4; number++)
        {
            streams.Add(await StreamClient.BeginAsync(_cloud, "demo", 900));
        }

        await Task.WhenAll(streams.Select(stream => stream.FirstTokenAsync()));
        // The slow one: what it streams is far from its end.
        var victim = streams.First(stream => stream.ChipClass == "cpu-scalar").Lease!;
        Assert.Contains(victim, victims);
        Kill(victim);
        // A request at this moment is answered by whoever lives, or by the replacement.
        Assert.Contains("42", await ChatAsync("demo", "What is 17 + 25?"), StringComparison.Ordinal);
        foreach (var stream in streams)
        {
            await stream.EndAsync();
        }

        Assert.All(streams, stream => Assert.True(stream.SawDone != stream.SawError, $"a stream ended with done={stream.SawDone}, error={stream.SawError}"));
        Assert.Contains(streams, stream => stream.SawError);
        Assert.Contains(streams, stream => stream.SawDone);
        await RunningCloud.UntilAsync("the replacement", async () => Ready(await ViewAsync("demo")) is { Count: 2 } ready && ready.All(lease => lease.GetProperty("id").GetString() != victim));
        var history = await _cloud.MustAsync("explain", "demo");
        // 137 where the member alone was killed; lost where what watched over it was killed with it.
        Assert.Matches($"{victim}: (finished, exit code 137|lost)", history);
    }

    [Fact]
    public async Task A_stopped_service_lets_a_long_answer_finish()
    {
        await _cloud.MustAsync("serve", "demo", "--chips", "cpu-scalar");
        var stream = await StreamClient.BeginAsync(_cloud, "demo", 300);
        await stream.FirstTokenAsync();
        await _cloud.MustAsync("stop", "demo");
        using (var client = _cloud.Client())
        {
            using var late = await client.PostAsync("/v1/chat/completions", Body("demo", "late"));
            Assert.Equal(HttpStatusCode.NotFound, late.StatusCode);
        }

        await stream.EndAsync();
        Assert.True(stream.SawDone, "the answer was cut");
        await RunningCloud.UntilAsync("the end", async () => (await ViewAsync("demo")).GetProperty("phase").GetString() == "ended");
    }

    [Fact]
    public async Task A_client_that_leaves_stops_the_work_and_pays_once_for_what_it_got()
    {
        var file = Path.Combine(_cloud.Data, "slow.gguf");
        SlowModel.Write(file);
        await _cloud.MustAsync("serve", file, "--name", "slow", "--chips", "cpu-scalar");
        var before = await TokensAsync();
        var stream = await StreamClient.BeginAsync(_cloud, "slow", 900);
        await stream.FirstTokenAsync();
        stream.Leave();
        var left = Stopwatch.GetTimestamp();
        await RunningCloud.UntilAsync("an idle replica", async () => Open(await ViewAsync("slow"))[0].GetProperty("inFlight").GetInt32() == 0);
        Say($"a client left: the replica was idle after {Stopwatch.GetElapsedTime(left).TotalMilliseconds:0} ms");
        await RunningCloud.UntilAsync("the charge", async () => (await TokensAsync()).Count == before.Count + 1);
        Assert.InRange((await TokensAsync()).Tokens - before.Tokens, 1, 899);
        var answer = await StreamClient.BeginAsync(_cloud, "slow", 2);
        await answer.EndAsync();
        Assert.True(answer.SawDone);
        Assert.Equal(before.Count + 2, (await TokensAsync()).Count);
    }

    [Fact]
    public async Task Bench_stores_truly_different_speeds_and_quote_and_placement_use_them()
    {
        var lines = (await _cloud.JsonAsync("bench", "demo")).EnumerateArray().ToDictionary(line => line.GetProperty("chipClass").GetString()!, line => line.GetProperty("decodeTokensPerSecond").GetDouble());
        Say($"bench: cpu {lines["cpu"]:0} tokens/s, cpu-scalar {lines["cpu-scalar"]:0} tokens/s");
        Assert.All(lines.Values, speed => Assert.True(speed > 0));
        Assert.NotEqual(lines["cpu"], lines["cpu-scalar"]);
        var (fast, slow) = lines["cpu"] > lines["cpu-scalar"] ? ("cpu", "cpu-scalar") : ("cpu-scalar", "cpu");
        var quote = await _cloud.JsonAsync("quote", "serve", "demo");
        Assert.Equal(fast, quote.GetProperty("chipClass").GetString());
        var other = quote.GetProperty("chips").EnumerateArray().First(chip => chip.GetProperty("chipClass").GetString() == slow);
        Assert.Equal(lines[slow] / lines[fast], other.GetProperty("speed").GetDouble(), 0.02);
        Assert.Equal(lines[slow], other.GetProperty("tokensPerSecond").GetDouble(), 0.2);
        await _cloud.MustAsync("serve", "demo");
        Assert.Equal(fast, Ready(await ViewAsync("demo"))[0].GetProperty("chipClass").GetString());
    }

    [Fact]
    public async Task The_estimate_of_memory_is_compared_with_what_was_used_and_corrected_and_stays_so()
    {
        var raw = await EstimateAsync();
        decimal corrected = 0;
        for (var run = 0; run < 2; run++)
        {
            await _cloud.MustAsync("serve", "demo", "--chips", "cpu");
            await RunningCloud.UntilAsync("a corrected estimate", async () => (await _cloud.MustAsync("quote", "serve", "demo", "--name", "other", "--chips", "cpu")).Contains($"learned from {run + 1} run", StringComparison.Ordinal));
            var used = Open(await ViewAsync("demo"))[0].GetProperty("residentMiB").GetDecimal();
            corrected = await EstimateAsync();
            Say($"memory of a replica: estimated {raw} MiB, used {used} MiB, estimated after {run + 1} runs {corrected} MiB");
            Assert.True(Math.Abs(corrected - used) <= Math.Abs(raw - used) + 1, $"used {used}: {raw} was corrected to {corrected}");
            await _cloud.MustAsync("stop", "demo");
            await RunningCloud.UntilAsync("the end", async () => Open(await ViewAsync("demo")).Count == 0);
        }
    }

    private async Task<decimal> EstimateAsync() => (await _cloud.JsonAsync("quote", "serve", "demo", "--name", "other", "--chips", "cpu")).GetProperty("chips").EnumerateArray()
        .First(chip => chip.GetProperty("chipClass").GetString() == "cpu").GetProperty("estimatedMemoryMiB").GetDecimal();

    private async Task<int> LoadAsync(int number, CancellationToken enough)
    {
        var answered = 0;
        while (!enough.IsCancellationRequested)
        {
            Assert.NotEmpty(await ChatAsync("demo", $"What is {number} + {answered % 10}?"));
            answered++;
        }

        return answered;
    }

    private async Task<string> ChatAsync(string model, string question)
    {
        using var client = _cloud.Client();
        using var answer = await client.PostAsync("/v1/chat/completions", Body(model, question));
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;
    }

    private static StringContent Body(string model, string question) =>
        new(JsonSerializer.Serialize(new { model, temperature = 0, messages = new[] { new { role = "user", content = question } } }));

    private Task<JsonElement> ViewAsync(string name) => _cloud.GetAsync($"/api/v1/workloads/{name}");

    private async Task<(long Tokens, long Count)> TokensAsync()
    {
        var lines = (await _cloud.GetAsync("/api/v1/bill")).GetProperty("lines").EnumerateArray().Where(line => line.GetProperty("meter").GetString() == "output-tokens").ToList();
        return ((long)lines.Sum(line => line.GetProperty("quantity").GetDecimal()), lines.Sum(line => line.GetProperty("count").GetInt64()));
    }

    private static List<JsonElement> Open(JsonElement view) =>
        [.. view.GetProperty("leases").EnumerateArray().Where(lease => !lease.TryGetProperty("to", out var to) || to.ValueKind == JsonValueKind.Null)];

    private static List<JsonElement> Ready(JsonElement view) => [.. Open(view).Where(lease => lease.GetProperty("phase").GetString() == "ready")];

    private void Kill(string lease)
    {
        foreach (var pid in Members.Of(_cloud, lease))
        {
            using var kill = Process.Start("kill", ["-9", pid.ToString(CultureInfo.InvariantCulture)]);
            kill.WaitForExit();
        }
    }

    private void Say(string line)
    {
        output.WriteLine(line);
        Console.WriteLine(line);
    }
}
