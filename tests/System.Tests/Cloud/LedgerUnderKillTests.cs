using System.Collections.Concurrent;
using System.Globalization;
using Amalgam.Core.Journal;
using Amalgam.SystemTests.Cloud.Stores;
using Xunit;
using Xunit.Abstractions;

namespace Amalgam.SystemTests.Cloud;

/// <summary>
/// kill -9 at random moments while streams and jobs run, again and again, and after each: what clients received against what the journal holds.
/// 20 times by default, 200 with AMALGAM_LONG=1; AMALGAM_SEED repeats a run's moments. The many kills of every day are those of the torn streams, which are faster.
/// </summary>
public sealed class LedgerUnderKillTests(ITestOutputHelper output)
{
    private static readonly int Kills = Environment.GetEnvironmentVariable("AMALGAM_LONG") == "1" ? 200 : 20;

    private readonly ConcurrentBag<Seen> _seen = [];

    [Fact]
    public async Task Whoever_saw_the_end_of_a_stream_is_charged_once_and_device_time_is_never_counted_twice() => await LoopAsync(null, Kills);

    [PostgresFact]
    public async Task Whoever_saw_the_end_of_a_stream_is_charged_once_on_PostgreSQL_too()
    {
        var server = new PostgresServer();
        await server.InitializeAsync();
        try
        {
            await LoopAsync(server.NewDatabase(), Math.Max(4, Kills / 5));
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    private async Task LoopAsync(string? store, int kills)
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("AMALGAM_SEED"), out var given) ? given : Random.Shared.Next();
        Say($"kill loop{(store is null ? "" : " on PostgreSQL")}: {kills} kills, seed {seed}");
        var random = new Random(seed);
        await using var cloud = RunningCloud.NotStarted();
        cloud.Store = store;
        await cloud.StartAsync();
        var begun = DateTimeOffset.UtcNow;
        await cloud.MustAsync("serve", "demo", "--chips", "cpu", "--slots", "4");
        for (var kill = 0; kill < kills; kill++)
        {
            using var stop = new CancellationTokenSource();
            var load = Enumerable.Range(0, 4).Select(number => StreamAsync(cloud, number, stop.Token)).Append(JobsAsync(cloud, stop.Token)).ToList();
            // Mostly in the middle of many answers, sometimes in the middle of finding everything again.
            var before = _seen.Count(seen => seen.Done);
            if (random.Next(5) > 0)
            {
                await RunningCloud.UntilAsync("an answer", () => _seen.Count(seen => seen.Done) > before);
            }

            await Task.Delay(random.Next(0, 400));
            await cloud.KillAsync();
            await stop.CancelAsync();
            await Task.WhenAll(load);
            cloud.Journal.Verify();
            await cloud.StartAsync();
        }

        Assert.Contains("unbroken", await cloud.MustAsync("verify", "--data", cloud.Data), StringComparison.Ordinal);
        Assert.Contains("42", await cloud.MustAsync("chat", "demo", "--message", "What is 17 + 25?"), StringComparison.Ordinal);
        await cloud.StopAsync();
        Judge(cloud, begun, DateTimeOffset.UtcNow);
    }

    private void Judge(RunningCloud cloud, DateTimeOffset begun, DateTimeOffset ended)
    {
        var (charges, slices) = Read(cloud);
        var twice = charges.GroupBy(charge => charge.Id, StringComparer.Ordinal).Where(group => group.Count() > 1).Select(group => group.Key).ToList();
        var byId = charges.ToLookup(charge => charge.Id, StringComparer.Ordinal);
        var complete = _seen.Where(seen => seen.Done).ToList();
        var unpaid = complete.Where(seen => !byId.Contains(seen.ChargeId)).ToList();
        var wrong = complete.Where(seen => byId[seen.ChargeId].Any(charge => charge.OutputTokens != seen.Tokens)).ToList();
        Say($"kill loop: {_seen.Count} streams begun, {complete.Count} saw [DONE], {_seen.Count(seen => seen.Error)} an error event, {_seen.Count(seen => seen.Broken)} broke off; {charges.Count} charges, {slices.Count} lease slices");
        Assert.NotEmpty(complete);
        Assert.Empty(twice);
        Assert.Empty(unpaid);
        Assert.Empty(wrong);
        foreach (var lease in slices.GroupBy(slice => slice.Lease))
        {
            var at = 0L;
            foreach (var slice in lease.OrderBy(slice => slice.From))
            {
                Assert.True(slice.From >= at && slice.To > slice.From, $"lease {slice.Lease} is charged twice around {slice.From}");
                at = slice.To;
            }
        }

        foreach (var device in slices.GroupBy(slice => slice.Device))
        {
            var total = device.Sum(slice => slice.To - slice.From);
            Assert.True(total <= (ended - begun).TotalMilliseconds, $"{device.Key} is charged {total} ms of {(ended - begun).TotalMilliseconds} ms");
            var sorted = device.OrderBy(slice => slice.From).ToList();
            Assert.All(sorted.Zip(sorted.Skip(1)), pair => Assert.True(pair.First.To <= pair.Second.From, $"{device.Key}: {pair.First} and {pair.Second} overlap"));
        }
    }

    private async Task StreamAsync(RunningCloud cloud, int number, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using var stream = await StreamClient.BeginAsync(cloud, "demo", 20 + (number * 20), "count", stop);
                await stream.EndAsync();
                _seen.Add(new Seen(stream.ChargeId, stream.SawDone, stream.SawError, stream.Broken, stream.UsageTokens ?? 0));
            }
            catch (Exception fault) when (fault is HttpRequestException or System.Net.Sockets.SocketException or OperationCanceledException or IOException)
            {
                // The cloud is gone or not up yet: this client got nothing.
                await Task.Delay(20, CancellationToken.None);
            }
        }
    }

    private static async Task JobsAsync(RunningCloud cloud, CancellationToken stop)
    {
        using var client = cloud.Client();
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using var answer = await client.PostAsync("/api/v1/jobs", new StringContent("""{"command":["sleep","0.1"],"chips":["cpu-scalar"]}""", System.Text.Encoding.UTF8, "application/json"), stop);
                await Task.Delay(100, CancellationToken.None);
            }
            catch (Exception fault) when (fault is HttpRequestException or System.Net.Sockets.SocketException or OperationCanceledException)
            {
                await Task.Delay(20, CancellationToken.None);
            }
        }
    }

    private static (List<Charge> Charges, List<Slice> Slices) Read(RunningCloud cloud)
    {
        var charges = new List<Charge>();
        var slices = new List<Slice>();
        var leases = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var record in cloud.Journal.Read())
        {
            switch (record.Event)
            {
                case TokensCharged charged:
                    charges.Add(new Charge(charged.ChargeId, charged.OutputTokens));
                    break;
                case LeaseStarted { Lease: var lease }:
                    leases[lease.Id] = string.Create(CultureInfo.InvariantCulture, $"{lease.Node}/{lease.Devices[0]}");
                    break;
                case LeaseCharged { Slice: var slice }:
                    slices.Add(new Slice(slice.LeaseId, leases[slice.LeaseId], slice.FromMs, slice.ToMs));
                    break;
            }
        }

        return (charges, slices);
    }

    private void Say(string line)
    {
        output.WriteLine(line);
        Console.WriteLine(line);
    }

    private sealed record Seen(string ChargeId, bool Done, bool Error, bool Broken, long Tokens);

    private sealed record Charge(string Id, long OutputTokens);

    private sealed record Slice(string Lease, string Device, long From, long To);
}
