using System.Text;
using System.Text.Json;
using Amalgam.Core.Journal;
using Amalgam.Storage;
using Xunit;

namespace Amalgam.SystemTests.Cloud;

/// <summary>`simulate --journal`: what ran is what is simulated, and what other rules would have done.</summary>
public sealed class WhatIfTests : IAsyncLifetime
{
    private readonly RunningCloud _cloud = RunningCloud.NotStarted();

    public async Task InitializeAsync()
    {
        var fleet = Path.Combine(_cloud.Folder, "fleet.yaml");
        await File.WriteAllTextAsync(fleet, "nodes:\n  - { chip: h100, count: 2, devices: 8 }\n  - { chip: a100, count: 1, devices: 8 }\n");
        _cloud.UpArguments.AddRange(["--fleet", fleet]);
        await _cloud.StartAsync();
    }

    public async Task DisposeAsync() => await _cloud.DisposeAsync();

    [Fact]
    public async Task A_mixed_cloud_with_guarantees_evictions_scaling_and_a_crash_decides_the_same_when_its_journal_is_replayed()
    {
        await ContendAsync();
        await PostAsync("services", """{"model":"demo","minReplicas":0,"maxReplicas":1,"idleSeconds":1,"unit":"lab"}""");
        await ChatAsync();
        await RunningCloud.UntilAsync("the service at zero", async () => (await WorkloadAsync("demo")).GetProperty("runningMembers").GetInt32() == 0);

        var live = await ReplayAsync();
        Assert.Equal(0, live.GetProperty("differences").GetArrayLength());
        Assert.True(live.GetProperty("cycles").GetInt32() >= 5, live.GetRawText());

        await _cloud.KillAsync();
        await _cloud.StartAsync();
        await PostAsync("jobs", """{"unit":"shop","name":"after","command":["sleep","1"],"chips":["h100"]}""");
        await RunningCloud.UntilAsync("the job after the crash", async () => (await WorkloadAsync("after")).GetProperty("phase").GetString() == "ended");
        var after = await ReplayAsync();
        Assert.Equal(0, after.GetProperty("differences").GetArrayLength());
        Assert.True(after.GetProperty("decisions").GetInt32() > live.GetProperty("decisions").GetInt32());

        var events = JournalFile.Read(Path.Combine(_cloud.Data, "journal.db")).Select(record => record.Event).ToList();
        var decisions = events.OfType<PlanMade>().SelectMany(made => made.Decisions).ToList();
        Assert.Contains(decisions, decision => decision.StartsWith("evict w", StringComparison.Ordinal));
        Assert.Contains(events, fact => fact is WorkloadScaled { Wanted: 1 });
        Assert.Contains(events, fact => fact is WorkloadScaled { Wanted: 0 });
    }

    [Fact]
    public async Task Other_rules_are_tried_on_the_recorded_demand_of_a_cloud_that_runs()
    {
        await ContendAsync();
        await RunningCloud.UntilAsync("the gang's end", async () => (await WorkloadAsync("gang")).GetProperty("phase").GetString() == "ended");
        var answer = JsonDocument.Parse(await _cloud.MustAsync(
            "simulate", "--journal", "--data", _cloud.Data, "--set", "unit.lab.guarantee.h100=0", "--set", "unit.shop.guarantee.h100=16", "--json")).RootElement;
        var lab = answer.GetProperty("units").EnumerateArray().Single(unit => unit.GetProperty("unit").GetString() == "lab");
        Assert.Equal("loses", lab.GetProperty("verdict").GetString());
        Assert.Contains("lab loses", await _cloud.MustAsync("simulate", "--journal", "--data", _cloud.Data, "--set", "unit.lab.guarantee.h100=0", "--set", "unit.shop.guarantee.h100=16"), StringComparison.Ordinal);
        (await _cloud.AmalgamAsync("simulate", "--journal", "--data", _cloud.Data, "--set", "unit.nobody.weight=2")).RefusedWith("the journal knows no unit 'nobody'", 2);
        (await _cloud.AmalgamAsync("simulate", "--journal", "--data", _cloud.Folder)).RefusedWith("there is no cloud in");
    }

    [Fact]
    public async Task A_cloud_that_decides_nothing_writes_nothing()
    {
        await PostAsync("jobs", """{"unit":"default","name":"huge","command":["sleep","1"],"devices":8,"members":90,"chips":["h100"]}""");
        await RunningCloud.UntilAsync("its reason", async () => (await WorkloadAsync("huge")).TryGetProperty("reason", out var reason) && reason.GetString() == "too-large");
        var before = await RecordsAsync();
        // Long enough for the plan loop's own timer to have come twice.
        await Task.Delay(TimeSpan.FromSeconds(12));
        Assert.Equal(before, await RecordsAsync());
    }

    /// <summary>Shop takes all of h100; lab then asks for what it is guaranteed.</summary>
    private async Task ContendAsync()
    {
        await PostAsync("units", """{"name":"lab","guarantee":{"h100":8}}""");
        await PostAsync("units", """{"name":"shop","weight":2}""");
        for (var i = 0; i < 4; i++)
        {
            await PostAsync("jobs", $$"""{"unit":"shop","name":"s{{i}}","command":["sleep","20"],"devices":4,"chips":["h100"]}""");
        }

        await RunningCloud.UntilAsync("shop's jobs", async () => (await WorkloadAsync("s3")).GetProperty("runningMembers").GetInt32() == 1);
        await PostAsync("jobs", """{"unit":"lab","name":"gang","command":["sleep","3"],"devices":4,"members":2,"chips":["h100"]}""");
        await PostAsync("jobs", """{"unit":"lab","name":"any","command":["sleep","2"],"chips":["a100","h100"]}""");
        await RunningCloud.UntilAsync("lab's gang", async () => (await WorkloadAsync("gang")) is var gang && (gang.GetProperty("runningMembers").GetInt32() == 2 || gang.GetProperty("phase").GetString() == "ended"));
    }

    private async Task<JsonElement> ReplayAsync() => JsonDocument.Parse(await _cloud.MustAsync("simulate", "--journal", "--data", _cloud.Data, "--json")).RootElement;

    private async Task<long> RecordsAsync()
    {
        using var client = _cloud.Client();
        return JsonDocument.Parse(await client.GetStringAsync("/api/v1/status")).RootElement.GetProperty("journalRecords").GetInt64();
    }

    private async Task<JsonElement> WorkloadAsync(string name)
    {
        using var client = _cloud.Client();
        return JsonDocument.Parse(await client.GetStringAsync($"/api/v1/workloads/{name}")).RootElement;
    }

    private async Task ChatAsync()
    {
        using var client = _cloud.Client();
        using var answer = await client.PostAsync("/v1/chat/completions", new StringContent("""{"model":"demo","messages":[{"role":"user","content":"What is 3 + 4?"}]}"""));
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    private async Task PostAsync(string path, string body)
    {
        using var client = _cloud.Client();
        using var answer = await client.PostAsync($"/api/v1/{path}", new StringContent(body, Encoding.UTF8, "application/json"));
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }
}
