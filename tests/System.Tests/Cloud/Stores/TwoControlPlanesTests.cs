using System.Collections.Concurrent;
using System.Diagnostics;
using Amalgam.Core.Journal;
using Amalgam.SystemTests.Cloud.Kill;
using Xunit;
using Xunit.Abstractions;

namespace Amalgam.SystemTests.Cloud.Stores;

/// <summary>Two control planes on one PostgreSQL and one data directory: the one that leads is killed or frozen, again and again, while clients ask at both doors.</summary>
[Collection(PostgresCollection.Name)]
public sealed class TwoControlPlanesTests(PostgresServer server, ITestOutputHelper output)
{
    private static readonly int Rounds = Environment.GetEnvironmentVariable("AMALGAM_LONG") == "1" ? 50 : 4;

    private readonly ConcurrentQueue<Received> _received = new();

    [PostgresFact]
    public async Task Whoever_leads_is_replaced_and_no_lease_is_lost_and_no_charge_doubled()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("AMALGAM_SEED"), out var given) ? given : Random.Shared.Next();
        Say($"two control planes: {Rounds} changes of the lead, seed {seed}");
        var random = new Random(seed);
        var first = RunningCloud.NotStarted();
        first.Store = server.NewDatabase();
        await using var counting = await CountingCloud.StartAsync(first);
        await using var second = RunningCloud.NotStarted();
        (second.Store, second.Data) = (first.Store, first.Data);
        await second.StartAsync();
        Assert.Contains("stands by", second.Output, StringComparison.Ordinal);
        using var stop = new CancellationTokenSource();
        List<TornClient> clients = [new(first, first.Key, seed), new(second, first.Key, seed + 1)];
        var load = clients.SelectMany(client => Enumerable.Range(0, 2).Select(_ => Task.Run(() => client.AskAsync(_received, stop.Token)))).ToList();
        var (leader, standby) = (first, second);
        List<double> seconds = [];
        for (var round = 0; round < Rounds; round++)
        {
            var before = _received.Count(seen => seen.Done);
            await RunningCloud.UntilAsync("an answer", () => _received.Count(seen => seen.Done) > before);
            await Task.Delay(random.Next(0, 300));
            var frozen = round % 4 == 3;
            var begun = Stopwatch.GetTimestamp();
            await (frozen ? leader.SignalAsync("STOP") : leader.KillAsync());
            try
            {
                await RunningCloud.UntilAsync("the other to write", () => WritesAsync(standby, $"round-{round}"));
                seconds.Add(Stopwatch.GetElapsedTime(begun).TotalSeconds);
            }
            finally
            {
                if (frozen)
                {
                    await leader.SignalAsync("CONT");
                }
            }

            if (frozen)
            {
                // It wakes up as a leader of yesterday, finds that out by itself, and ends.
                Assert.True(await leader.ExitAsync(TimeSpan.FromSeconds(30)));
                Assert.Contains("another control plane leads", leader.Output, StringComparison.Ordinal);
            }

            await leader.StartAsync();
            Assert.Contains("stands by", leader.Output, StringComparison.Ordinal);
            (leader, standby) = (standby, leader);
        }

        await stop.CancelAsync();
        await Task.WhenAll(load);
        clients.ForEach(client => client.Dispose());
        // Asked to stop, a leader leaves what runs to the other.
        Assert.Equal(0, await leader.StopAsync());
        Assert.Contains("members run on", leader.Output, StringComparison.Ordinal);
        await RunningCloud.UntilAsync("the other to write", () => WritesAsync(standby, "last"));
        Judge(seconds, standby);
    }

    private void Judge(List<double> seconds, RunningCloud leader)
    {
        var judge = JournalJudge.Of(leader.Journal);
        var exact = _received.Where(seen => seen.Done).ToList();
        Assert.All(exact, seen => Assert.Equal(seen.Tokens, judge.Charges[seen.RequestId].OutputTokens));
        Assert.All(_received.Where(seen => !seen.Done), seen => Assert.True(judge.Charges.GetValueOrDefault(seen.RequestId) is not { Outcome: "Torn" } torn || torn.OutputTokens <= seen.Tokens));
        // The one replica that was started at the begin is the one that runs at the end.
        var leases = leader.Journal.Read().Where(record => record.Event is LeaseStarted or LeaseEnded).ToList();
        Assert.Single(leases);
        Say($"two control planes: the other wrote after {seconds.Min():0.0} to {seconds.Max():0.0} s, in the mean {seconds.Average():0.0} s; {_received.Count} requests, {exact.Count} saw their end and are charged once; no lease lost");
    }

    private static async Task<bool> WritesAsync(RunningCloud cloud, string unit)
    {
        try
        {
            using var client = cloud.Client();
            using var answer = await client.PostAsync("/api/v1/units", new StringContent($$"""{"name":"{{unit}}","parent":"root"}""", System.Text.Encoding.UTF8, "application/json"));
            // There already: an answer was lost and the change was not.
            return answer.IsSuccessStatusCode || answer.StatusCode == System.Net.HttpStatusCode.Conflict;
        }
        catch (Exception away) when (away is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    private void Say(string line)
    {
        output.WriteLine(line);
        Console.WriteLine(line);
    }
}
