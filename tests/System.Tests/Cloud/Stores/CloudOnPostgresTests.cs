using System.Collections.Concurrent;
using Amalgam.SystemTests.Cloud.Kill;
using Xunit;
using Xunit.Abstractions;

namespace Amalgam.SystemTests.Cloud.Stores;

/// <summary>The real cloud on a real PostgreSQL: both are killed under load, and a cloud moves between the stores.</summary>
public sealed class CloudOnPostgresTests(ITestOutputHelper output) : IAsyncLifetime
{
    private static readonly int Kills = Environment.GetEnvironmentVariable("AMALGAM_LONG") == "1" ? 100 : 4;

    /// <summary>Of its own, because it is killed.</summary>
    private readonly PostgresServer _server = new();

    public Task InitializeAsync() => _server.InitializeAsync();

    public Task DisposeAsync() => _server.DisposeAsync();

    [PostgresFact]
    public async Task Whether_the_cloud_or_its_database_is_killed_nothing_acknowledged_is_lost_and_nothing_is_charged_twice()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("AMALGAM_SEED"), out var given) ? given : Random.Shared.Next();
        Say($"kills on PostgreSQL: {Kills}, seed {seed}");
        var random = new Random(seed);
        var cloud = RunningCloud.NotStarted();
        cloud.Store = _server.NewDatabase();
        await using var counting = await CountingCloud.StartAsync(cloud);
        using var client = new TornClient(cloud, cloud.Key, seed);
        var received = new ConcurrentQueue<Received>();
        using var stop = new CancellationTokenSource();
        var load = Enumerable.Range(0, 6).Select(_ => Task.Run(() => client.AskAsync(received, stop.Token))).ToList();
        var databases = 0;
        for (var kill = 0; kill < Kills; kill++)
        {
            var before = received.Count(seen => seen.Done);
            await RunningCloud.UntilAsync("an answer", () => received.Count(seen => seen.Done) > before);
            await Task.Delay(random.Next(0, 300));
            if (kill % 2 == 0)
            {
                databases++;
                var same = cloud.ProcessId;
                await _server.KillAsync();
                await Task.Delay(random.Next(0, 2_000));
                await _server.StartAsync();
                Assert.Equal(same, cloud.ProcessId);
            }
            else
            {
                await cloud.KillAsync();
                await cloud.StartAsync();
            }
        }

        var last = received.Count(seen => seen.Done);
        await RunningCloud.UntilAsync("an answer after the last kill", () => received.Count(seen => seen.Done) > last);
        await stop.CancelAsync();
        await Task.WhenAll(load);
        Assert.Equal(0, await cloud.StopAsync());
        Assert.Contains("unbroken", await cloud.MustAsync("verify", "--data", cloud.Data), StringComparison.Ordinal);
        var judge = JournalJudge.Of(cloud.Journal);
        Assert.All(received.Where(seen => seen.Done), seen => Assert.Equal(seen.Tokens, judge.Charges[seen.RequestId].OutputTokens));
        Assert.All(received.Where(seen => !seen.Done), seen => Assert.True(judge.Charges.GetValueOrDefault(seen.RequestId) is not { Outcome: "Torn" } torn || torn.OutputTokens <= seen.Tokens));
        Assert.Empty(judge.State.Budgets.Held.Requests);
        Say($"kills on PostgreSQL: {Kills - databases} of the cloud, {databases} of the database; {received.Count} requests, {received.Count(seen => seen.Done)} saw their end and are charged once");
    }

    [PostgresFact]
    public async Task A_cloud_moves_from_its_file_into_PostgreSQL_and_back_with_nothing_lost()
    {
        await using var cloud = await RunningCloud.StartNewAsync();
        await cloud.MustAsync("unit", "add", "lab");
        await cloud.MustAsync("run", "--unit", "lab", "--wait", "--chips", "cpu-scalar", "--", "true");
        // While it runs, and what came after is not in it.
        var (running, stopped, back) = (Path.Combine(cloud.Folder, "running.zip"), Path.Combine(cloud.Folder, "stopped.zip"), Path.Combine(cloud.Folder, "back.zip"));
        await cloud.MustAsync("backup", running, "--data", cloud.Data);
        (await cloud.AmalgamAsync("backup", running, "--data", cloud.Data)).RefusedWith("never overwrites");
        Assert.Equal(0, await cloud.StopAsync());
        var proved = await cloud.MustAsync("verify", "--data", cloud.Data);
        await cloud.MustAsync("backup", stopped, "--data", cloud.Data);

        cloud.Store = _server.NewDatabase();
        (await cloud.AmalgamAsync("up", "--data", cloud.Data, "--listen", "127.0.0.1:0", "--store", cloud.Store)).RefusedWith("amalgam backup");
        await cloud.MustAsync("restore", stopped, "--data", cloud.Data, "--store", cloud.Store);
        (await cloud.AmalgamAsync("restore", running, "--data", cloud.Data, "--store", cloud.Store)).RefusedWith("holds a cloud already");
        Assert.Equal(proved, await cloud.MustAsync("verify", "--data", cloud.Data));
        await cloud.StartAsync();
        Assert.Contains("lab", await cloud.MustAsync("unit", "tree"), StringComparison.Ordinal);
        await cloud.MustAsync("unit", "add", "on-postgres");
        await cloud.MustAsync("backup", back, "--data", cloud.Data);
        Assert.Equal(0, await cloud.StopAsync());
        File.Delete(back);
        await cloud.MustAsync("backup", back, "--data", cloud.Data);

        proved = await cloud.MustAsync("verify", "--data", cloud.Data);
        (await cloud.AmalgamAsync("up", "--data", cloud.Data, "--listen", "127.0.0.1:0", "--store", _server.NewDatabase())).RefusedWith("belongs to the cloud in");
        (cloud.Store, cloud.Data) = (null, Path.Combine(cloud.Folder, "file"));
        await cloud.MustAsync("restore", back, "--data", cloud.Data);
        Assert.Equal(proved, await cloud.MustAsync("verify", "--data", cloud.Data));
        File.Copy(Path.Combine(cloud.Folder, "data", "admin.key"), Path.Combine(cloud.Data, "admin.key"));
        await cloud.StartAsync();
        Assert.Contains("on-postgres", await cloud.MustAsync("unit", "tree"), StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task While_the_database_is_away_whoever_changes_something_is_told_why_and_afterwards_it_goes_on()
    {
        await using var cloud = RunningCloud.NotStarted();
        cloud.Store = _server.NewDatabase();
        await cloud.StartAsync();
        await _server.KillAsync();
        // Not there yet, or refused at once where a loop has noticed before.
        var first = await cloud.AmalgamAsync("unit", "add", "first");
        first.RefusedWith("cannot be reached");
        (await cloud.AmalgamAsync("unit", "add", "second")).RefusedWith("cannot be reached");
        using (var http = new HttpClient())
        {
            Assert.Equal(503, (int)(await http.GetAsync(cloud.Url + "/health/ready")).StatusCode);
        }

        await _server.StartAsync();
        await RunningCloud.UntilAsync("the cloud to go on", async () => (await cloud.AmalgamAsync("unit", "add", "third")).ExitCode == 0);
        var tree = await cloud.MustAsync("unit", "tree");
        Assert.Equal(first.Error.Contains("not on disk yet", StringComparison.Ordinal), tree.Contains("first", StringComparison.Ordinal));
        Assert.DoesNotContain("second", tree, StringComparison.Ordinal);

        // Ctrl-C waits for no database.
        await _server.KillAsync();
        (await cloud.AmalgamAsync("unit", "add", "fourth")).RefusedWith("cannot be reached");
        Assert.Equal(1, await cloud.StopAsync());
        await _server.StartAsync();
        await cloud.StartAsync();
    }

    private void Say(string line)
    {
        output.WriteLine(line);
        Console.WriteLine(line);
    }
}
