using Xunit;
using System.Text.Json;

namespace Amalgam.SystemTests.Cloud;

/// <summary>kill -9, Ctrl-C, and starting again.</summary>
public sealed class SurvivalTests
{
    [Fact]
    public async Task Killed_and_started_again_it_knows_every_workload_lease_and_charge_and_carries_on()
    {
        await using var cloud = await RunningCloud.StartNewAsync();
        await cloud.MustAsync("serve", "demo", "--chips", "cpu");
        await cloud.MustAsync("chat", "demo", "--message", "What is 2 + 2?");
        // It ends when the test says so, however long a restart takes on a busy machine.
        var enough = Path.Combine(cloud.Data, "enough");
        var job = JsonDocument.Parse(await cloud.MustAsync("run", "--chips", "cpu-scalar", "--json", "--", "sh", "-c", $"echo tick 1; until [ -e '{enough}' ]; do sleep 0.1; done; echo done")).RootElement.GetProperty("id").GetString()!;
        await RunningCloud.UntilAsync("the job's first line", async () => (await cloud.MustAsync("logs", job)).Contains("tick 1", StringComparison.Ordinal));
        var before = JsonDocument.Parse(await cloud.MustAsync("ps", "--json")).RootElement;
        var tokens = Lines(await cloud.MustAsync("bill", "--json"), "output-tokens");

        await cloud.KillAsync();
        await cloud.StartAsync();

        var after = JsonDocument.Parse(await cloud.MustAsync("ps", "--json")).RootElement;
        Assert.Equal(Leases(before), Leases(after));
        Assert.Equal(tokens, Lines(await cloud.MustAsync("bill", "--json"), "output-tokens"));
        // The replica was never stopped, and the job goes on where it was.
        Assert.Contains("9", await cloud.MustAsync("chat", "demo", "--message", "What is 4 + 5?"), StringComparison.Ordinal);
        await File.WriteAllTextAsync(enough, "");
        await RunningCloud.UntilAsync("the job's end", async () => (await cloud.MustAsync("ps", "--all", "--json")).Contains("\"succeeded\"", StringComparison.Ordinal));
        var log = await cloud.MustAsync("logs", job);
        Assert.Single(log.Split('\n'), line => line == "tick 1");
        Assert.Contains("done", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_died_while_nobody_looked_is_ended_and_what_should_run_is_started_again()
    {
        await using var cloud = await RunningCloud.StartNewAsync();
        await cloud.MustAsync("serve", "demo", "--chips", "cpu");
        var old = Leases(JsonDocument.Parse(await cloud.MustAsync("ps", "--json")).RootElement)[0];

        await cloud.KillAsync();
        foreach (var pid in Processes(cloud, old))
        {
            System.Diagnostics.Process.GetProcessById(pid).Kill();
        }

        await cloud.StartAsync();
        Assert.Contains("9", await cloud.MustAsync("chat", "demo", "--message", "What is 4 + 5?"), StringComparison.Ordinal);
        Assert.DoesNotContain(old, Leases(JsonDocument.Parse(await cloud.MustAsync("ps", "--json")).RootElement));
    }

    [Fact]
    public async Task Ctrl_C_stops_everything_and_the_next_start_serves_again()
    {
        await using var cloud = await RunningCloud.StartNewAsync();
        await cloud.MustAsync("serve", "demo");
        await cloud.MustAsync("run", "--name", "sleeper", "--", "sleep", "600");
        var lease = Leases(JsonDocument.Parse(await cloud.MustAsync("ps", "--json")).RootElement)[0];

        Assert.Equal(0, await cloud.StopAsync());
        Assert.Empty(Processes(cloud, lease));

        await cloud.StartAsync();
        await RunningCloud.UntilAsync("the job to run again", async () => (await cloud.MustAsync("ps")).Contains("sleeper", StringComparison.Ordinal));
        Assert.Contains("9", await cloud.MustAsync("chat", "demo", "--message", "What is 4 + 5?"), StringComparison.Ordinal);
        await cloud.MustAsync("stop", "sleeper");
    }

    [Fact]
    public async Task A_second_up_on_the_same_data_directory_is_refused_in_one_line_and_disturbs_nothing()
    {
        await using var cloud = await RunningCloud.StartNewAsync();
        (await cloud.AmalgamAsync("up", "--data", cloud.Data, "--listen", "127.0.0.1:0")).RefusedWith("another Amalgam runs on");
        await cloud.MustAsync("ps");
    }

    [Fact]
    public async Task A_backup_of_the_running_cloud_restores_elsewhere_with_the_same_keys_and_bill()
    {
        await using var cloud = await RunningCloud.StartNewAsync();
        await cloud.MustAsync("run", "--wait", "--", "true");
        var file = Path.Combine(cloud.Folder, "cloud.backup");
        await cloud.MustAsync("backup", file, "--data", cloud.Data);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        (await cloud.AmalgamAsync("backup", file, "--data", cloud.Data)).RefusedWith("never overwrites");
        (await cloud.AmalgamAsync("restore", file, "--data", cloud.Data)).RefusedWith("another Amalgam runs on");

        await using var other = new RunningCloud();
        await other.MustAsync("restore", file, "--data", other.Data);
        Assert.Contains("unbroken", await other.MustAsync("verify", "--data", other.Data), StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(other.Data, "admin.key"), cloud.Key);
        await other.StartAsync();
        Assert.Equal(Total(await cloud.MustAsync("bill", "--json")), Total(await other.MustAsync("bill", "--json")));
    }

    private static string Total(string bill) => JsonDocument.Parse(bill).RootElement.GetProperty("total").GetString()!;

    private static string[] Leases(JsonElement workloads) =>
        [.. workloads.EnumerateArray().SelectMany(workload => workload.GetProperty("leases").EnumerateArray()).Select(lease => lease.GetProperty("id").GetString()!).Order(StringComparer.Ordinal)];

    private static string[] Lines(string bill, string meter) =>
        [.. JsonDocument.Parse(bill).RootElement.GetProperty("lines").EnumerateArray().Where(line => line.GetProperty("meter").GetString() == meter).Select(line => line.GetProperty("amount").GetString()!)];

    /// <summary>All processes that carry this lease in their environment and belong to this cloud.</summary>
    private static List<int> Processes(RunningCloud cloud, string lease) => [.. Directory.EnumerateDirectories("/proc")
        .Select(Path.GetFileName).Where(name => int.TryParse(name, out _)).Select(name => int.Parse(name!, System.Globalization.CultureInfo.InvariantCulture))
        .Where(pid => Environment(pid) is { } text && text.Contains($"AMALGAM_LEASE={lease}\0", StringComparison.Ordinal) && Folder(pid).StartsWith(cloud.Folder, StringComparison.Ordinal))];

    private static string? Environment(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/environ");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string Folder(int pid)
    {
        try
        {
            return new FileInfo($"/proc/{pid}/cwd").LinkTarget ?? "";
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
