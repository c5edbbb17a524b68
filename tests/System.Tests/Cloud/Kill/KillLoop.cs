using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using Amalgam.Storage;
using Xunit;

namespace Amalgam.SystemTests.Cloud.Kill;

/// <summary>One cloud under load that is killed again and again, and the judgement over what it left.</summary>
internal sealed class KillLoop(int seed, int kills, Action<string> say)
{
    private const int Clients = 6;

    private static readonly string[] Points =
    [
        "before-reservation", "after-reservation", "mid-stream", "before-mark", "after-mark", "before-charge", "after-charge", "before-recovery", "during-recovery", "after-recovery",
    ];

    private readonly Random _random = new(seed);
    private readonly ConcurrentQueue<Received> _received = new();
    private readonly SortedDictionary<string, int> _killedAt = [];

    public async Task RunAsync()
    {
        var begun = Stopwatch.GetTimestamp();
        await using var counting = await CountingCloud.StartAsync();
        var cloud = counting.Cloud;
        await cloud.MustAsync("unit", "add", "lab");
        var lab = await cloud.MustAsync("key", "create", "--unit", "lab");
        var labKey = lab.Split('\n').Select(line => line.Trim()).First(line => line.StartsWith("amk_", StringComparison.Ordinal));
        await cloud.MustAsync("budget", "set", "root", "1000", "--hard", "--per", "year");
        using var stop = new CancellationTokenSource();
        var clients = Enumerable.Range(0, Clients).Select(number => new TornClient(cloud, number % 3 == 2 ? labKey : cloud.Key, seed + number)).ToList();
        var load = clients.Select(client => Task.Run(() => client.AskAsync(_received, stop.Token))).ToList();
        for (var kill = 0; kill < kills; kill++)
        {
            await RoundAsync(cloud, kill);
        }

        await Task.Delay(300);
        await stop.CancelAsync();
        await Task.WhenAll(load);
        clients.ForEach(client => client.Dispose());
        await cloud.StopAsync();
        Judge(counting, Stopwatch.GetElapsedTime(begun));
    }

    private async Task RoundAsync(RunningCloud cloud, int kill)
    {
        if (kill % 10 == 0)
        {
            // The tight budget of the laboratory: now and then it gets a little more, mostly it has none.
            using var client = cloud.Client();
            using var set = await client.PostAsJsonAsync("/api/v1/budgets", new { unit = "lab", amount = ((kill / 10) + 1) * 0.0004m + "", per = "none", hard = true });
            Assert.True(set.IsSuccessStatusCode, await set.Content.ReadAsStringAsync());
        }

        if (cloud.Variables.Remove("AMALGAM_TEST_KILL_AT", out var point))
        {
            // It kills itself when it passes the point; if nothing passes there in time, we do.
            await cloud.ExitAsync(TimeSpan.FromSeconds(3));
        }
        else if (_random.Next(5) > 0)
        {
            var before = _received.Count(seen => seen.Done);
            await RunningCloud.UntilAsync("an answer", () => _received.Count(seen => seen.Done) > before);
            await Task.Delay(_random.Next(0, 150));
        }
        else
        {
            await Task.Delay(_random.Next(0, 400));
        }

        await cloud.KillAsync();
        var at = point?.Split(':')[0] ?? "anywhere";
        _killedAt[at] = _killedAt.GetValueOrDefault(at) + 1;
        await RestartAsync(cloud, kill);
    }

    private async Task RestartAsync(RunningCloud cloud, int kill)
    {
        if (kill % 2 == 0 && kill + 1 < kills)
        {
            var point = Points[_random.Next(Points.Length)];
            var recovery = point.EndsWith("recovery", StringComparison.Ordinal);
            cloud.Variables["AMALGAM_TEST_KILL_AT"] = string.Create(CultureInfo.InvariantCulture, $"{point}:{(recovery ? 1 : _random.Next(1, 6))}");
            if (recovery)
            {
                await Assert.ThrowsAsync<InvalidOperationException>(cloud.StartAsync);
                _killedAt[point] = _killedAt.GetValueOrDefault(point) + 1;
                cloud.Variables.Remove("AMALGAM_TEST_KILL_AT");
            }
        }

        if (kill % 25 == 0)
        {
            JournalFile.Verify(Path.Combine(cloud.Data, "journal.db"));
        }

        await cloud.StartAsync();
    }

    private void Judge(CountingCloud counting, TimeSpan took)
    {
        var judge = JournalJudge.Of(Path.Combine(counting.Cloud.Data, "journal.db"));
        var (exact, torn, unpaid, shortfall, most, refused) = (0, 0, 0, 0L, 0L, 0);
        foreach (var seen in _received)
        {
            var charged = judge.Charges.GetValueOrDefault(seen.RequestId);
            var produced = counting.Replica.Requests.TryGetValue(seen.RequestId, out var upstream) ? upstream.Emitted : 0;
            Assert.Null(TornJudge.Wrong(seen, produced, charged));
            refused += seen.Code == "insufficient_quota" ? 1 : 0;
            if (seen.Done)
            {
                exact++;
            }
            else if (charged is null)
            {
                unpaid += seen.Tokens > 0 ? 1 : 0;
                shortfall += seen.Tokens;
            }
            else
            {
                torn += charged.Outcome == "Torn" ? 1 : 0;
                shortfall += Math.Max(0, seen.Tokens - charged.OutputTokens);
                most = Math.Max(most, seen.Tokens - charged.OutputTokens);
            }
        }

        say($"torn streams: {kills} kills in {took.TotalSeconds:0} s ({string.Join(", ", _killedAt.Select(at => $"{at.Value} {at.Key}"))})");
        say($"torn streams: {_received.Count} requests, {exact} charged exactly, {torn} at their last mark, {judge.Expired} expired, {refused} refused by a budget; {judge.Marks} marks, {judge.Recoveries} recoveries");
        say($"torn streams: {_received.Sum(seen => (long)seen.Tokens)} tokens received, {shortfall} of them not charged, at most {most} of one stream; {unpaid} streams delivered without a mark");
        // A run of any length has judged something; a long one has met every case.
        Assert.True(exact > 0 && judge.Recoveries > 0);
        Assert.True(kills < 50 || (torn > 0 && judge.Expired > 0 && refused > 0));
        Assert.Empty(judge.State.Budgets.Held.Requests);
    }
}
