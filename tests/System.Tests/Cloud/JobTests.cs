using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Amalgam.Core.Allocation;
using Xunit;
using Xunit.Abstractions;

namespace Amalgam.SystemTests.Cloud;

/// <summary>`run`: any command, on exactly its devices, in its turn, to its end.</summary>
public sealed class JobTests(ITestOutputHelper output, JobTests.TwoCores fixture) : IClassFixture<JobTests.TwoCores>
{
    private readonly RunningCloud _cloud = fixture.Cloud;

    [Fact]
    public async Task A_gang_starts_whole_each_member_on_a_device_of_its_own_and_knows_its_place()
    {
        var run = await _cloud.AmalgamAsync("run", "--wait", "--members", "2", "--chips", "cpu", "--", "sh", "-c", "echo $RANK/$WORLD_SIZE $AMALGAM_MEMBER/$AMALGAM_MEMBERS on $AMALGAM_DEVICES bound $(taskset -cp $$ | sed 's/.*: //')");
        Assert.Equal(0, run.ExitCode);
        var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal).ToList();
        Assert.Equal(2, lines.Count);
        Assert.Contains(lines, line => line.Contains("0/2 0/2", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("1/2 1/2", StringComparison.Ordinal));
        var devices = lines.Select(line => line.Split(" on ")[1].Split(" bound ")).ToList();
        Assert.All(devices, pair => Assert.Equal(pair[0], pair[1].Trim()));
        Assert.Equal(2, devices.Select(pair => pair[0]).Distinct().Count());
    }

    [Fact]
    public async Task When_one_member_of_a_gang_fails_the_others_end_and_its_exit_code_is_the_gangs()
    {
        var run = await _cloud.AmalgamAsync("run", "--wait", "--members", "2", "--", "sh", "-c", "test $RANK = 1 && exit 5; sleep 600");
        Assert.Equal(5, run.ExitCode);
    }

    [Fact]
    public async Task A_job_that_finds_the_chips_busy_waits_says_why_and_the_higher_priority_goes_first()
    {
        var blocker = await SubmitAsync("--members", "2", "--", "sleep", "600");
        await PhaseAsync(blocker, "running");
        var low = await SubmitAsync("--name", "low", "--members", "2", "--priority", "-5", "--", "sh", "-c", "date +%s%N; sleep 0.2");
        var high = await SubmitAsync("--name", "high", "--members", "2", "--priority", "-1", "--", "sh", "-c", "date +%s%N; sleep 0.2");
        await RunningCloud.UntilAsync("a reason", async () => (await ViewAsync(low)).TryGetProperty("reason", out var reason) && reason.ValueKind == JsonValueKind.String);
        var explained = await _cloud.JsonAsync("explain", low);
        var closedList = Enum.GetValues<PendingReason>().Select(PendingReasons.Code);
        Say($"a busy pool: {explained.GetProperty("reason").GetString()}: {explained.GetProperty("explanation").GetString()}");
        Assert.Contains(explained.GetProperty("reason").GetString(), closedList);
        Assert.Equal("waiting", explained.GetProperty("phase").GetString());
        Assert.Contains(explained.GetProperty("reason").GetString()!, await _cloud.MustAsync("ps"), StringComparison.Ordinal);
        await _cloud.MustAsync("stop", blocker);
        await PhaseAsync(low, "ended");
        await PhaseAsync(high, "ended");
        Assert.True(Started(await ViewAsync(high)) < Started(await ViewAsync(low)), "the lower priority went first");
    }

    [Fact]
    public async Task A_time_limit_ends_a_job_and_says_so()
    {
        var run = await _cloud.AmalgamAsync("run", "--wait", "--json", "--name", "endless", "--time-limit", "1s", "--grace", "1s", "--", "sleep", "600");
        Assert.NotEqual(0, run.ExitCode);
        var listed = (await _cloud.JsonAsync("ps", "--all")).EnumerateArray().Last(item => item.GetProperty("name").GetString() == "endless");
        Assert.Equal("time-limit", listed.GetProperty("result").GetString());
        Assert.Contains("time limit", listed.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_job_that_ignores_the_stop_signal_is_killed_when_its_grace_is_over_with_all_its_children()
    {
        var job = await SubmitAsync("--grace", "1s", "--", "sh", "-c", "trap '' TERM; echo ready; sleep 987654 & sleep 987653 & wait; sleep 987655");
        await RunningCloud.UntilAsync("the job", async () => (await _cloud.MustAsync("logs", job)).Contains("ready", StringComparison.Ordinal));
        await _cloud.MustAsync("stop", job);
        await PhaseAsync(job, "ended");
        var view = await ViewAsync(job);
        Assert.Equal(("stopped", 137), (view.GetProperty("result").GetString(), view.GetProperty("leases")[0].GetProperty("exitCode").GetInt32()));
        await RunningCloud.UntilAsync("its children to be gone", () => !CommandLines().Any(line => line.Contains("98765", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(143, "kill -TERM $$")]
    [InlineData(137, "kill -KILL $$")]
    [InlineData(139, "kill -SEGV $$")]
    [InlineData(130, "kill -INT $$")]
    [InlineData(255, "exit 255")]
    public async Task The_exit_code_is_the_commands_own_or_128_and_the_signal(int code, string script) =>
        Assert.Equal(code, (await _cloud.AmalgamAsync("run", "--wait", "--", "sh", "-c", script)).ExitCode);

    [Theory]
    [InlineData("frobnicate-no-such-program", "--")]
    [InlineData("/no/such/folder", "--workdir", "/no/such/folder", "--", "true")]
    [InlineData("/etc/group", "--", "/etc/group")]
    [InlineData("/tmp", "--", "/tmp")]
    public async Task What_cannot_be_started_fails_with_one_line_that_names_it(string name, params string[] arguments)
    {
        var command = arguments[^1] == "--" ? [.. arguments, name] : arguments;
        var run = await _cloud.AmalgamAsync(["run", "--wait", .. command]);
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains(name, Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => line.StartsWith("amalgam: ", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Huge_output_arrives_whole_and_logs_follow_while_it_is_written()
    {
        var job = await SubmitAsync("--", "sh", "-c", "seq 1 200000; echo end of it >&2");
        var lines = (await _cloud.MustAsync("logs", job, "-f")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await PhaseAsync(job, "ended");
        var kept = (await _cloud.MustAsync("logs", job)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(kept.Length, lines.Length);
        Assert.Equal(200_000, kept.Count(line => char.IsAsciiDigit(line[0])));
        Assert.Equal("200000", kept.Last(line => char.IsAsciiDigit(line[0])));
    }

    [Fact]
    public async Task Logs_follow_a_job_live_line_by_line()
    {
        var gate = Path.Combine(_cloud.Folder, "gate");
        var job = await SubmitAsync("--", "sh", "-c", $"echo first; while [ ! -e {gate} ]; do sleep 0.05; done; echo second");
        using var client = _cloud.Client();
        using var stream = new StreamReader(await client.GetStreamAsync($"/api/v1/workloads/{job}/logs?follow=true"));
        Assert.Contains("first", await stream.ReadLineAsync(), StringComparison.Ordinal);
        await File.WriteAllTextAsync(gate, "");
        Assert.Contains("second", await stream.ReadLineAsync(), StringComparison.Ordinal);
        Assert.Null(await stream.ReadLineAsync());
    }

    [Fact]
    public async Task Two_hundred_short_jobs_go_through_each_once_and_no_device_is_leased_twice_at_a_time()
    {
        var marks = Directory.CreateDirectory(Path.Combine(_cloud.Folder, "marks")).FullName;
        using var client = _cloud.Client();
        await Task.WhenAll(Enumerable.Range(0, 200).Select(async number =>
        {
            var request = new { name = $"short-{number}", command = (string[])["sh", "-c", $"echo x >> {marks}/{number}"] };
            using var answer = await client.PostAsJsonAsync("/api/v1/jobs", request);
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        }));
        await RunningCloud.UntilAsync("200 jobs", async () => (await ShortAsync()).Count(item => item.GetProperty("phase").GetString() == "ended") == 200);
        var jobs = await ShortAsync();
        Assert.All(jobs, item => Assert.Equal("succeeded", item.GetProperty("result").GetString()));
        for (var number = 0; number < 200; number++)
        {
            Assert.Equal("x\n", await File.ReadAllTextAsync(Path.Combine(marks, number.ToString(CultureInfo.InvariantCulture))));
        }

        var spans = LeaseSpans.Of(jobs);
        Assert.Equal(200, spans.Count);
        LeaseSpans.NeverOverlap(spans);
    }

    [Fact]
    public async Task Fractions_share_one_device_and_never_more_than_it_has()
    {
        var jobs = new List<string>();
        for (var number = 0; number < 3; number++)
        {
            jobs.Add(await SubmitAsync("--devices", "0.5", "--name", $"half-{number}", "--", "sleep", "600"));
        }

        await PhaseAsync(jobs[0], "running");
        await PhaseAsync(jobs[1], "running");
        var chips = (await _cloud.JsonAsync("chips"))[0];
        Assert.True(chips.GetProperty("leased").GetDecimal() <= 2);
        foreach (var job in jobs)
        {
            await _cloud.MustAsync("stop", job);
            await PhaseAsync(job, "ended");
        }
    }

    private async Task<List<JsonElement>> ShortAsync() => [.. (await _cloud.GetAsync("/api/v1/workloads?all=true&limit=100000")).EnumerateArray()
        .Where(item => item.GetProperty("name").GetString()!.StartsWith("short-", StringComparison.Ordinal))];

    private async Task<string> SubmitAsync(params string[] arguments)
    {
        var split = Array.IndexOf(arguments, "--");
        return JsonDocument.Parse(await _cloud.MustAsync(["run", "--json", .. arguments[..split], .. arguments[split..]])).RootElement.GetProperty("id").GetString()!;
    }

    private Task<JsonElement> ViewAsync(string id) => _cloud.GetAsync($"/api/v1/workloads/{id}");

    private Task PhaseAsync(string id, string phase) =>
        RunningCloud.UntilAsync($"{id} to be {phase}", async () => (await ViewAsync(id)).GetProperty("phase").GetString() == phase);

    private static DateTimeOffset Started(JsonElement view) => view.GetProperty("leases")[0].GetProperty("from").GetDateTimeOffset();

    private static IEnumerable<string> CommandLines() => Directory.EnumerateDirectories("/proc").Select(folder =>
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, "cmdline"));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    });

    private void Say(string line)
    {
        output.WriteLine(line);
        Console.WriteLine(line);
    }

    public sealed class TwoCores : IAsyncLifetime
    {
        public RunningCloud Cloud { get; } = RunningCloud.NotStarted("cpu:2");

        public Task InitializeAsync() => Cloud.StartAsync();

        public async Task DisposeAsync() => await Cloud.DisposeAsync();
    }
}
