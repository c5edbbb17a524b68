using Amalgam.ControlPlane.Ports;
using Xunit;

namespace Amalgam.SystemTests.Engines;

/// <summary>What every engine promises, tested the same way on each. A class per engine says how it is opened and what its members can be told to do.</summary>
public abstract class EngineConformance : IAsyncLifetime
{
    private static int s_count;
    private readonly string _prefix = $"t{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}-";

    protected string Data { get; } = Directory.CreateTempSubdirectory("amalgam-engine-").FullName;
    protected IEngine Engine { get; private set; } = null!;
    protected IMemberLogs Logs => (IMemberLogs)Engine;

    /// <summary>A new engine object on <see cref="Data"/>, as a control plane that was started again would make.</summary>
    protected abstract IEngine Open();

    /// <summary>A command that writes the line `hello` and ends at once with the given code.</summary>
    protected abstract IReadOnlyList<string> SaysHello(int exitCode);

    /// <summary>What <see cref="RunsUntilStopped"/> ends with when it is stopped.</summary>
    protected virtual int StoppedCode => 0;

    /// <summary>A command that says `ready`, runs until it is stopped and then ends in good time.</summary>
    protected abstract IReadOnlyList<string> RunsUntilStopped();

    /// <summary>A command that says `ready` and does not care for the stop signal.</summary>
    protected abstract IReadOnlyList<string> IgnoresTheStop();

    /// <summary>Makes a running member disappear without a word, as a power cut would.</summary>
    protected abstract Task LoseAsync(string leaseId);

    /// <summary>False where somebody else does the killing: it is over a moment later.</summary>
    protected virtual bool KillsBeforeItAnswers => true;

    /// <summary>Starts a member so that its control plane never learns that it did.</summary>
    protected virtual Task StartAndLoseTheAnswerAsync(string name, IReadOnlyList<string> command) => throw new NotSupportedException();

    /// <summary>Lets somebody who has nothing to do with the cloud take devices of the first node, until it is disposed.</summary>
    protected virtual Task<IAsyncDisposable> OccupyAsync(int devices) => throw new NotSupportedException();

    /// <summary>Fails when anything of the leases still runs.</summary>
    protected virtual void AssertNothingRuns(string leasePrefix)
    {
    }

    public Task InitializeAsync()
    {
        Engine = Open();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        foreach (var member in await ObserveAsync()) await Engine.ApplyAsync(new StopMember(member.LeaseId, member.Generation + 1, TimeSpan.Zero), default);
        await UntilAsync(async () => (await ObserveAsync()).All(IsOver), "every member ends");
        await CloseAsync();
        AssertNothingRuns(_prefix);
        Directory.Delete(Data, recursive: true);
    }

    [EngineFact]
    public async Task The_inventory_names_the_engine_and_every_device_once()
    {
        var inventory = await Engine.InventoryAsync(default);
        Assert.NotEmpty(inventory.Nodes);
        Assert.All(inventory.Nodes, node => Assert.Equal(Engine.Name, node.Engine));
        Assert.All(inventory.Nodes, node => Assert.Equal(node.Devices.Count, node.Devices.Select(device => device.Index).Distinct().Count()));
        Assert.Equal(inventory.Nodes.Count, inventory.Nodes.Select(node => node.Name).Distinct().Count());
    }

    [EngineFact]
    public async Task A_member_that_ends_by_itself_is_exited_with_its_code_until_it_is_forgotten()
    {
        await StartAsync("a", SaysHello(7));
        await StartAsync("well", SaysHello(0));
        var ended = await EndedAsync("a");
        Assert.Equal((MemberPhase.Exited, 7), (ended.Phase, ended.ExitCode));
        Assert.Equal(0, (await EndedAsync("well")).ExitCode);
        Assert.InRange(ended.EndedAtUnixMs!.Value, ended.StartedAtUnixMs, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
        Assert.Equal(ended, await FindAsync("a"));

        await Engine.ApplyAsync(new ForgetMember(Lease("a"), 2), default);
        Assert.Null(await FindAsync("a"));
        await Engine.ApplyAsync(new ForgetMember(Lease("a"), 2), default);
    }

    [EngineFact]
    public async Task A_stop_is_heard_within_its_grace()
    {
        await StartReadyAsync("a", RunsUntilStopped());
        await StopAsync("a", 2, TimeSpan.FromSeconds(60));
        var ended = await EndedAsync("a");
        Assert.Equal((MemberPhase.Exited, StoppedCode), (ended.Phase, ended.ExitCode));
    }

    [EngineFact]
    public async Task A_member_that_does_not_hear_the_stop_is_killed_when_the_grace_is_over()
    {
        await StartReadyAsync("a", IgnoresTheStop());
        await StopAsync("a", 2, TimeSpan.FromSeconds(0.5));
        Assert.Equal(MemberPhase.Stopping, (await FindAsync("a"))!.Phase);
        var ended = await EndedAsync("a");
        Assert.Equal((MemberPhase.Exited, 137), (ended.Phase, ended.ExitCode));
        Assert.Contains("grace", ended.Detail, StringComparison.Ordinal);
    }

    [EngineFact(EngineAbility.PromptKills)]
    public async Task A_stop_without_grace_kills_at_once()
    {
        await StartReadyAsync("a", IgnoresTheStop());
        await StopAsync("a", 2, TimeSpan.Zero);
        Assert.Equal(137, (KillsBeforeItAnswers ? await FindAsync("a") : await EndedAsync("a"))!.ExitCode);
    }

    [EngineFact]
    public async Task The_members_of_a_gang_live_and_end_each_for_itself()
    {
        for (var member = 0; member < 4; member++) await StartAsync($"m{member}", member == 2 ? SaysHello(3) : RunsUntilStopped(), member: member);
        await ReadyAsync("m3");
        Assert.Equal(3, (await EndedAsync("m2")).ExitCode);
        var others = (await ObserveAsync()).Where(seen => seen.LeaseId != Lease("m2")).ToList();
        Assert.Equal(3, others.Count);
        await UntilAsync(async () => (await ObserveAsync()).Count(seen => seen.Phase == MemberPhase.Running) == 3, "the others run on");
    }

    [EngineFact]
    public async Task The_log_is_followed_to_its_end_and_kept_when_the_member_is_forgotten()
    {
        await StartAsync("a", SaysHello(0));
        Assert.Contains("hello", await LinesAsync("a", follow: true));
        await EndedAsync("a");
        await Engine.ApplyAsync(new ForgetMember(Lease("a"), 2), default);
        Assert.Contains("hello", await LinesAsync("a", follow: true));
        Assert.Single(await LinesAsync("a", follow: false, tail: 1));
    }

    [EngineFact]
    public async Task A_lease_that_never_started_has_no_log() => Assert.Empty(await LinesAsync("never", follow: true));

    [EngineFact]
    public async Task A_member_that_is_gone_without_a_word_is_lost_and_its_end_is_the_last_sign_of_life()
    {
        await StartReadyAsync("a", RunsUntilStopped());
        var seen = await FindAsync("a");
        await LoseAsync(Lease("a"));
        var lost = await EndedAsync("a");
        Assert.Equal((MemberPhase.Lost, (int?)null), (lost.Phase, lost.ExitCode));
        Assert.InRange(lost.EndedAtUnixMs!.Value, seen!.StartedAtUnixMs, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
        Assert.False(string.IsNullOrEmpty(lost.Detail));
    }

    [EngineFact]
    public async Task The_same_start_twice_starts_once()
    {
        var first = await StartReadyAsync("a", RunsUntilStopped());
        await Engine.ApplyAsync(first, default);
        Assert.Equal(MemberPhase.Running, Assert.Single(await ObserveAsync()).Phase);
        await StopAsync("a", 2, TimeSpan.FromSeconds(60));
        await StopAsync("a", 2, TimeSpan.FromSeconds(60));
        var ended = await EndedAsync("a");
        await StopAsync("a", 2, TimeSpan.FromSeconds(60));
        Assert.Equal(ended, await FindAsync("a"));
    }

    [EngineFact]
    public async Task Starts_of_several_leases_at_once_and_each_of_them_twice_start_each_once()
    {
        await Engine.InventoryAsync(default);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(at => Task.Run(() => StartAsync($"m{at / 2}", SaysHello(at / 2), member: at / 2))));
        for (var member = 0; member < 4; member++)
        {
            Assert.Equal(member, (await EndedAsync($"m{member}")).ExitCode);
            Assert.Single(await LinesAsync($"m{member}", follow: true), "hello");
        }
    }

    [EngineFact]
    public async Task A_start_that_was_answered_but_not_heard_can_be_sent_again_even_after_the_end()
    {
        var start = await StartAsync("a", SaysHello(0));
        var ended = await EndedAsync("a");
        await Engine.ApplyAsync(start, default);
        Assert.Equal(ended, await FindAsync("a"));
        Assert.Single(await LinesAsync("a", follow: true), "hello");
    }

    [EngineFact]
    public async Task A_stop_that_comes_before_its_start_wins()
    {
        await StopAsync("a", 2, TimeSpan.FromSeconds(60));
        await Assert.ThrowsAsync<EngineException>(async () => await StartAsync("a", SaysHello(0), generation: 1));
        await StartAsync("a", SaysHello(0), generation: 3);
        var ended = (await FindAsync("a"))!;
        Assert.Equal(MemberPhase.Exited, ended.Phase);
        Assert.Equal(ended.StartedAtUnixMs, ended.EndedAtUnixMs);
        Assert.Empty(await LinesAsync("a", follow: true));
        await ReopenAsync();
        Assert.Equal(ended.EndedAtUnixMs, (await FindAsync("a"))!.EndedAtUnixMs);
    }

    [EngineFact]
    public async Task A_command_of_an_older_generation_is_refused()
    {
        await StartReadyAsync("a", RunsUntilStopped(), generation: 5);
        await Assert.ThrowsAsync<EngineException>(async () => await StopAsync("a", 4, TimeSpan.Zero));
        await ReopenAsync();
        await Assert.ThrowsAsync<EngineException>(async () => await StopAsync("a", 4, TimeSpan.Zero));
        Assert.Equal((MemberPhase.Running, 5L), ((await FindAsync("a"))!.Phase, (await FindAsync("a"))!.Generation));
    }

    [EngineFact]
    public async Task A_running_member_is_not_forgotten()
    {
        await StartReadyAsync("a", RunsUntilStopped());
        await Assert.ThrowsAsync<EngineException>(async () => await Engine.ApplyAsync(new ForgetMember(Lease("a"), 2), default));
    }

    [EngineFact]
    public async Task A_new_control_plane_finds_what_runs_and_what_ended_meanwhile()
    {
        await StartReadyAsync("runs", RunsUntilStopped());
        await StartAsync("ends", SaysHello(9));
        var before = await FindAsync("runs");
        await ReopenAsync();
        var after = await FindAsync("runs");
        Assert.Equal((MemberPhase.Running, before!.StartedAtUnixMs), (after!.Phase, after.StartedAtUnixMs));
        Assert.Equal(9, (await EndedAsync("ends")).ExitCode);
        await StopAsync("runs", 2, TimeSpan.FromSeconds(60));
        Assert.Equal(StoppedCode, (await EndedAsync("runs")).ExitCode);
        Assert.Contains("hello", await LinesAsync("ends", follow: true));
    }

    [EngineFact(EngineAbility.PromptKills)]
    public async Task A_new_control_plane_keeps_the_promise_of_a_stop()
    {
        await StartReadyAsync("a", IgnoresTheStop());
        await StopAsync("a", 2, TimeSpan.FromSeconds(0.5));
        await ReopenAsync();
        Assert.Equal(137, (await EndedAsync("a")).ExitCode);
    }

    [EngineFact(EngineAbility.LostAnswers)]
    public async Task A_start_whose_answer_was_lost_runs_once()
    {
        await StartAndLoseTheAnswerAsync("a", RunsUntilStopped());
        await ReadyAsync("a");
        Assert.Equal(MemberPhase.Running, Assert.Single(await ObserveAsync()).Phase);
        Assert.Single(await LinesAsync("a", follow: false), "ready");
        await StopAsync("a", 2, TimeSpan.FromSeconds(60));
        Assert.Equal(StoppedCode, (await EndedAsync("a")).ExitCode);
    }

    [EngineFact(EngineAbility.ForeignLoad)]
    public async Task Devices_that_others_hold_are_not_offered_and_a_member_that_gets_none_is_taken_back()
    {
        var all = (await Engine.InventoryAsync(default)).Nodes[0].Devices.Count;
        await using (await OccupyAsync(all - 1))
        {
            await UntilAsync(async () => await FreeAsync() == 1, "the devices of others are seen");
            Assert.All((await Engine.InventoryAsync(default)).Nodes[0].Devices.Where(device => !device.Healthy), device => Assert.Contains("other", device.Problem, StringComparison.Ordinal));
            await StartReadyAsync("fits", RunsUntilStopped());
            await StartAsync("late", SaysHello(0));
            var back = await EndedAsync("late");
            Assert.Equal((MemberPhase.TakenBack, (int?)null), (back.Phase, back.ExitCode));
            Assert.False(string.IsNullOrEmpty(back.Detail));
            Assert.Equal(MemberPhase.Running, (await FindAsync("fits"))!.Phase);
        }

        await UntilAsync(async () => await FreeAsync() == all, "the devices are offered again");

        async Task<int> FreeAsync() => (await Engine.InventoryAsync(default)).Nodes[0].Devices.Count(device => device.Healthy);
    }

    protected string Lease(string name) => _prefix + name;

    protected async Task<StartMember> StartAsync(
        string name, IReadOnlyList<string> command, long generation = 1, int member = 0, Func<MemberLaunch, MemberLaunch>? with = null)
    {
        var node = (await Engine.InventoryAsync(default)).Nodes[0];
        var launch = new MemberLaunch("w1", "test", member, command, new Dictionary<string, string>(), null, node.Name, [0], [], NeedsPort: false);
        var start = new StartMember(Lease(name), generation, with is null ? launch : with(launch));
        await Engine.ApplyAsync(start, default);
        return start;
    }

    /// <summary>Started, and far enough to hear a signal as it means to.</summary>
    protected async Task<StartMember> StartReadyAsync(string name, IReadOnlyList<string> command, long generation = 1)
    {
        var start = await StartAsync(name, command, generation);
        await ReadyAsync(name);
        return start;
    }

    protected Task ReadyAsync(string name) => UntilAsync(async () => (await LinesAsync(name, follow: false)).Contains("ready"), $"{name} is ready");

    protected ValueTask StopAsync(string name, long generation, TimeSpan grace) => Engine.ApplyAsync(new StopMember(Lease(name), generation, grace), default);

    protected ValueTask<IReadOnlyList<MemberObservation>> ObserveAsync() => Engine.ObserveAsync(default);

    protected async Task<MemberObservation?> FindAsync(string name) => (await ObserveAsync()).SingleOrDefault(member => member.LeaseId == Lease(name));

    protected async Task<MemberObservation> EndedAsync(string name)
    {
        MemberObservation? seen = null;
        await UntilAsync(async () => (seen = await FindAsync(name)) is { } found && IsOver(found), $"{name} ends");
        return seen!;
    }

    protected async Task<List<string>> LinesAsync(string name, bool follow, int? tail = null) =>
        [.. (await LogAsync(name, follow, tail)).Select(line => line.Text)];

    protected async Task<List<LogLine>> LogAsync(string name, bool follow, int? tail = null)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var lines = new List<LogLine>();
        await foreach (var line in Logs.ReadAsync(Lease(name), follow, tail, patience.Token)) lines.Add(line);
        return lines;
    }

    protected async Task ReopenAsync()
    {
        await CloseAsync();
        Engine = Open();
    }

    /// <summary>Waits for what must come; the limit only ends a test that would never end.</summary>
    protected static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        for (var attempt = 0; attempt < 3000; attempt++)
        {
            if (await condition()) return;
            await Task.Delay(20);
        }

        Assert.Fail($"not within a minute: {what}");
    }

    private static bool IsOver(MemberObservation member) => member.Phase is MemberPhase.Exited or MemberPhase.Lost or MemberPhase.TakenBack or MemberPhase.Refused;

    protected async Task CloseAsync()
    {
        if (Engine is IAsyncDisposable disposable) await disposable.DisposeAsync();
    }
}
