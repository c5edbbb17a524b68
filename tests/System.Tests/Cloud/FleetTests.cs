using System.Text.Json;
using Xunit;

namespace Amalgam.SystemTests.Cloud;

/// <summary>`up --fleet`: simulated nodes beside the real machine, said wherever a person looks.</summary>
public sealed class FleetTests
{
    [Fact]
    public async Task A_gang_on_a_simulated_fleet_runs_once_to_its_end_is_billed_and_everything_says_that_it_is_simulated()
    {
        await using var cloud = await WithFleetAsync("job_seconds: 60\nnodes:\n  - { chip: h100, count: 2, devices: 8 }\n");
        Assert.Contains("simulated", cloud.Output, StringComparison.Ordinal);
        Assert.Contains("simulated", Assert.Single((await cloud.MustAsync("chips")).Split('\n'), line => line.StartsWith("h100", StringComparison.Ordinal)), StringComparison.Ordinal);

        // One member ends long before the other; the gang must not begin anew for that.
        var run = await cloud.MustAsync("run", "--wait", "--chips", "h100", "--devices", "8", "--members", "2", "--", "sleep", "2");
        Assert.Contains("no program runs", run, StringComparison.Ordinal);
        var job = (await cloud.GetAsync("/api/v1/workloads?all=true"))[0];
        Assert.Equal("succeeded", job.GetProperty("result").GetString());
        Assert.Equal(2, job.GetProperty("leases").GetArrayLength());
        Assert.All(job.GetProperty("leases").EnumerateArray(), lease => Assert.True(lease.GetProperty("simulated").GetBoolean()));
        Assert.Contains("(simulated)", await cloud.MustAsync("explain", job.GetProperty("id").GetString()!), StringComparison.Ordinal);
        var line = Assert.Single((await cloud.GetAsync("/api/v1/bill")).GetProperty("lines").EnumerateArray().ToList());
        Assert.Equal("h100 (simulated)", line.GetProperty("item").GetString());
        await cloud.MustAsync("run", "--chips", "h100", "--devices", "4", "--", "sleep", "600");
        await RunningCloud.UntilAsync("ps to show it", async () => (await cloud.MustAsync("ps")).Contains("4xh100 (simulated)", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Real_work_stays_on_real_chips_and_both_survive_a_kill_9()
    {
        await using var cloud = await WithFleetAsync("nodes:\n  - { chip: h100, count: 1, devices: 8 }\n");
        await cloud.MustAsync("serve", "demo", "--chips", "cpu");
        (await cloud.AmalgamAsync("serve", "demo", "--name", "other", "--chips", "h100")).RefusedWith("simulated: nothing would answer there");
        Assert.Contains("used only when it is named", await cloud.MustAsync("quote", "run", "--", "sleep", "1"), StringComparison.Ordinal);
        await cloud.MustAsync("run", "--wait", "--", "true");
        Assert.StartsWith("cpu", (await cloud.GetAsync("/api/v1/workloads?all=true"))[1].GetProperty("leases")[0].GetProperty("chipClass").GetString(), StringComparison.Ordinal);
        var job = (await cloud.JsonAsync("run", "--chips", "h100", "--", "sleep", "600")).GetProperty("id").GetString()!;
        await RunningCloud.UntilAsync("the job", async () => (await cloud.GetAsync($"/api/v1/workloads/{job}")).GetProperty("phase").GetString() == "running");
        var before = Leases(await cloud.GetAsync("/api/v1/workloads"));
        await cloud.KillAsync();
        await cloud.StartAsync();
        Assert.Contains("42", await cloud.MustAsync("chat", "demo", "--message", "What is 17 + 25?"), StringComparison.Ordinal);
        Assert.Equal(before, Leases(await cloud.GetAsync("/api/v1/workloads")));

        // Without the fleet its nodes are gone: what ran there is ended and waits; the rest does not notice.
        await cloud.KillAsync();
        cloud.UpArguments.Clear();
        await cloud.StartAsync();
        await RunningCloud.UntilAsync("the simulated job to wait", async () => (await cloud.GetAsync($"/api/v1/workloads/{job}")).GetProperty("phase").GetString() is "waiting" or "ended");
        Assert.Contains("42", await cloud.MustAsync("chat", "demo", "--message", "What is 17 + 25?"), StringComparison.Ordinal);
        await cloud.MustAsync("explain", job);
    }

    [Theory]
    [InlineData("nodes: [", "fleet.yaml")]
    [InlineData("nodes:\n  - { chip: cpu, count: 1, devices: 8, memory_mib: 1024 }\n", "class of this machine")]
    [InlineData("nodes:\n  - { chip: h100, count: -1, devices: 8 }\n", "line 2")]
    [InlineData("nodes:\n  - { chip: abacus, count: 1, devices: 8 }\n", "memory_mib")]
    [InlineData("", "nodes")]
    public async Task A_fleet_file_that_is_wrong_is_refused_with_its_place(string text, string part)
    {
        await using var cloud = RunningCloud.NotStarted();
        var file = Path.Combine(cloud.Folder, "fleet.yaml");
        await File.WriteAllTextAsync(file, text);
        (await cloud.AmalgamAsync("up", "--data", cloud.Data, "--listen", "127.0.0.1:0", "--fleet", file)).RefusedWith(part);
    }

    private static async Task<RunningCloud> WithFleetAsync(string text)
    {
        var cloud = RunningCloud.NotStarted();
        var file = Path.Combine(cloud.Folder, "fleet.yaml");
        await File.WriteAllTextAsync(file, text);
        cloud.UpArguments.AddRange(["--fleet", file]);
        await cloud.StartAsync();
        return cloud;
    }

    private static string[] Leases(JsonElement workloads) =>
        [.. workloads.EnumerateArray().SelectMany(workload => workload.GetProperty("leases").EnumerateArray()).Select(lease => lease.GetProperty("id").GetString()!).Order(StringComparer.Ordinal)];
}
