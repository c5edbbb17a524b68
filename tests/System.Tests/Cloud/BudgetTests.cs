using System.Globalization;
using System.Net;
using System.Text.Json;
using Amalgam.SystemTests.Cloud.Kill;
using Xunit;

namespace Amalgam.SystemTests.Cloud;

/// <summary>Budgets against a running cloud, from the command line and from many clients at once.</summary>
public sealed class BudgetTests
{
    [Fact]
    public async Task Of_512_requests_at_once_exactly_as_many_are_admitted_as_the_budget_pays_for()
    {
        await using var counting = await CountingCloud.StartAsync();
        var cloud = counting.Cloud;
        await cloud.MustAsync("unit", "add", "lab");
        var key = Secret(await cloud.MustAsync("key", "create", "--unit", "lab"));
        await cloud.MustAsync("price", "set", "demo", "--input", "0", "--cached-input", "0", "--output", "1");
        // Ten tokens at a millionth each; three nano-units more are set aside for rounding, which never come together to one more request.
        await cloud.MustAsync("budget", "set", "lab", Nano(100 * 10_003), "--per", "none", "--hard");
        using var client = new TornClient(cloud, key, 1);
        var answers = await Task.WhenAll(Enumerable.Range(0, 512).Select(number => Task.Run(() => client.AskAsync($"r{number}", 10, number % 3, whole: number % 2 == 0, CancellationToken.None))));
        Assert.Equal(100, answers.Count(answer => answer.Done));
        Assert.All(answers.Where(answer => !answer.Done), answer => Assert.Equal((429, "insufficient_quota"), (answer.Status, answer.Code)));
        var lab = (await cloud.JsonAsync("budget", "list", "--unit", "lab")).EnumerateArray().Single(budget => budget.GetProperty("unit").GetString() == "lab");
        Assert.Equal("0.001", lab.GetProperty("spent").GetString());
        Assert.Equal("0.00", lab.GetProperty("reserved").GetString());
        await RunningCloud.UntilAsync("both alerts", async () => (await cloud.JsonAsync("budget", "list", "--unit", "lab"))[0].GetProperty("alerts").EnumerateArray().Count(alert => alert.TryGetProperty("at", out _)) == 2);
    }

    [Fact]
    public async Task A_refusal_for_money_says_what_is_left_and_does_not_invite_to_try_again()
    {
        await using var counting = await CountingCloud.StartAsync();
        var cloud = counting.Cloud;
        await cloud.MustAsync("budget", "set", "root", "0.0001", "--per", "day", "--hard");
        using var client = cloud.Client();
        using var body = new StringContent("""{"model":"demo","prompt":"one","max_tokens":1000}""");
        using var answer = await client.PostAsync("/v1/completions", body);
        Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
        Assert.Null(answer.Headers.RetryAfter);
        var error = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("error");
        Assert.Equal("insufficient_quota", error.GetProperty("code").GetString());
        Assert.Contains("per day) has", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_job_is_ended_when_its_budget_has_no_more_and_the_next_one_waits_and_says_why()
    {
        await using var cloud = await RunningCloud.StartNewAsync();
        await cloud.MustAsync("price", "set", "cpu-scalar", "3.6");
        // A thousandth each second. Its way out, five seconds and its grace, is set aside beside what it runs.
        await cloud.MustAsync("budget", "set", "default", "0.028", "--per", "year", "--hard");
        await cloud.MustAsync("run", "--chips", "cpu-scalar", "--name", "long", "--", "sleep", "600");
        await RunningCloud.UntilAsync("the end of its lease", async () => (await cloud.GetAsync("/api/v1/workloads/long/explain")).GetProperty("history").GetRawText().Contains("l1: budget", StringComparison.Ordinal));
        var explained = await cloud.MustAsync("explain", "long");
        Assert.Contains("budget", explained, StringComparison.Ordinal);
        Assert.Contains("raise the budget b1 by", explained, StringComparison.Ordinal);
        Assert.Contains("the budget b1 of default", await cloud.MustAsync("quote", "run", "--chips", "cpu-scalar", "--", "sleep", "1"), StringComparison.Ordinal);
        await cloud.StopAsync();
        Assert.True(JournalJudge.Of(Path.Combine(cloud.Data, "journal.db")).State.Budgets.Find("b1")!.Spent > 0);
    }

    [Fact]
    public async Task Budgets_are_decided_above_and_seen_below()
    {
        await using var cloud = await RunningCloud.StartNewAsync();
        await cloud.MustAsync("unit", "add", "lab");
        var owner = Secret(await cloud.MustAsync("key", "create", "--unit", "lab", "--role", "owner"));
        await cloud.MustAsync("budget", "set", "root", "100", "--per", "year");
        await cloud.MustAsync("budget", "set", "lab", "5", "--alert", "90%", "--hard");
        await cloud.MustAsync("budget", "set", "default", "7");
        var seen = await cloud.RunAsync(["budget", "list"], owner, null);
        Assert.Contains("lab", seen.Output, StringComparison.Ordinal);
        Assert.Contains(" 100.00 ", seen.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("default", seen.Output, StringComparison.Ordinal);
        (await cloud.RunAsync(["budget", "set", "lab", "50"], owner, null)).RefusedWith("what lab may spend is decided above it");
        (await cloud.RunAsync(["budget", "remove", "b3"], owner, null)).RefusedWith("there is no budget 'b3' here");
        (await cloud.AmalgamAsync("budget", "set", "nowhere", "5")).RefusedWith("there is no unit 'nowhere' here");
        (await cloud.AmalgamAsync("budget", "set", "lab", "-5")).RefusedWith("'-5' is no amount");
        (await cloud.AmalgamAsync("budget", "set", "lab", "5", "--per", "moon")).RefusedWith("'moon' is no period");
        (await cloud.AmalgamAsync("budget", "set", "lab", "5", "--device-hours", "nothing")).RefusedWith("has a chip class 'nothing'");
        await cloud.MustAsync("budget", "remove", "b2");
        Assert.Equal(2, (await cloud.JsonAsync("budget", "list")).GetArrayLength());
    }

    private static string Secret(string created) => created.Split('\n').Select(line => line.Trim()).First(line => line.StartsWith("amk_", StringComparison.Ordinal));

    private static string Nano(long nano) => (nano / 1_000_000_000m).ToString(CultureInfo.InvariantCulture);
}
