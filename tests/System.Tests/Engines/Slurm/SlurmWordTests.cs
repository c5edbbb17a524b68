using Amalgam.ControlPlane.Ports;
using Amalgam.Engines.Slurm;
using Xunit;

namespace Amalgam.SystemTests.Engines.Slurm;

/// <summary>What only Slurm does: its word is the truth, whoever gave it.</summary>
[Collection(SlurmCollection.Name)]
public sealed class SlurmWordTests(SlurmCluster cluster) : IAsyncLifetime
{
    private readonly string _data = Directory.CreateTempSubdirectory("amalgam-word-").FullName;
    private readonly List<string> _told = [];
    private SlurmEngine _engine = null!;

    public Task InitializeAsync()
    {
        if (SlurmCluster.Missing is null) _engine = SlurmRig.Open(_data, TimeSpan.FromSeconds(30), _told.Add);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        if (_engine is not null)
        {
            foreach (var member in await _engine.ObserveAsync(default)) await _engine.ApplyAsync(new StopMember(member.LeaseId, 99, TimeSpan.Zero), default);
            await UntilAsync("all end", async () => (await _engine.ObserveAsync(default)).All(member => member.EndedAtUnixMs is not null));
            await _engine.DisposeAsync();
        }

        Directory.Delete(_data, recursive: true);
    }

    [SlurmFact]
    public async Task The_inventory_has_every_typed_gres_under_its_class_processors_where_there_are_no_chips_and_says_what_it_does_not_know()
    {
        var nodes = (await _engine.InventoryAsync(default)).Nodes;
        Assert.Equal(
            ["slurm/a1/a100 4", "slurm/a2/a100 4", "slurm/c1/cpu 8", "slurm/h1/h100 8", "slurm/m1/mi300x 2", "slurm/x1/gpu-zx81 2", "slurm/x1/l40s 2"],
            nodes.Select(node => $"{node.Name} {node.Devices.Count}").Order(StringComparer.Ordinal));
        Assert.Contains("gpu:zx81", Assert.Single(_told), StringComparison.Ordinal);
        Assert.Contains("aliases: [zx81]", _told[0], StringComparison.Ordinal);
    }

    [SlurmFact]
    public async Task A_drained_node_tells_Slurms_own_reason_and_what_runs_there_runs_on()
    {
        await StartAsync("a", "m1/mi300x", "trap 'exit 0' TERM; echo ready; while :; do sleep 0.1; done");
        await ReadyAsync("a");
        await SlurmCluster.ControlAsync("update", "nodename=m1", "state=drain", "reason=fan is loud today");
        try
        {
            await UntilAsync("the drain is seen", async () => !(await DevicesAsync("m1/mi300x"))[1].Healthy);
            var devices = await DevicesAsync("m1/mi300x");
            Assert.Equal((true, (string?)null), (devices[0].Healthy, devices[0].Problem));
            Assert.Equal("Slurm says drained: fan is loud today", devices[1].Problem);
            Assert.Equal(MemberPhase.Running, (await FindAsync("a"))!.Phase);
        }
        finally
        {
            await SlurmCluster.ControlAsync("update", "nodename=m1", "state=resume");
        }

        await UntilAsync("the end of the drain is seen", async () => (await DevicesAsync("m1/mi300x"))[1].Healthy);
    }

    [SlurmFact]
    public async Task A_job_that_an_administrator_cancels_has_ended_and_says_who_did_it()
    {
        await StartAsync("a", "a2/a100", "echo ready; exec sleep 1000");
        await ReadyAsync("a");
        await SlurmCluster.CancelAsync("--name=word.0");
        var ended = await EndedAsync("a");
        Assert.Equal((MemberPhase.Exited, 143), (ended.Phase, ended.ExitCode));
        Assert.Contains("cancelled", ended.Detail, StringComparison.Ordinal);
    }

    [SlurmFact]
    public async Task A_job_that_Slurm_preempts_is_taken_back_and_not_failed()
    {
        await StartAsync("a", "m1/mi300x", "echo ready; exec sleep 1000", devices: 2);
        await ReadyAsync("a");
        var urgent = await SlurmCluster.OccupyAsync("--partition=urgent", "--nodelist=m1", "--gres=gpu:mi300x:2");
        var ended = await EndedAsync("a");
        await SlurmCluster.CancelAsync(urgent);
        Assert.Equal(MemberPhase.TakenBack, ended.Phase);
        Assert.Contains("preempted", ended.Detail, StringComparison.Ordinal);
        Assert.True(ended.EndedAtUnixMs >= ended.StartedAtUnixMs && ended.StartedAtUnixMs > 0, "it ran, and that counts");
    }

    [SlurmFact]
    public async Task A_job_that_an_administrator_puts_back_into_the_queue_does_not_run_twice()
    {
        await StartAsync("a", "h1/h100", "echo ready; exec sleep 1000");
        await ReadyAsync("a");
        var job = (await JobsAsync())[0];
        await SlurmCluster.ControlAsync("update", $"jobid={job}", "requeue=1");
        await SlurmCluster.ControlAsync("requeue", job);
        var ended = await EndedAsync("a");
        Assert.True(ended.Phase is MemberPhase.TakenBack or MemberPhase.Exited, $"{ended}");
        await UntilAsync("the job is gone", async () => (await JobsAsync()).Count == 0);
        Assert.Single(await LinesAsync("a"), "ready");
    }

    [SlurmFact]
    public async Task A_controller_that_was_killed_ends_nothing_and_what_ended_meanwhile_is_known_without_it()
    {
        await StartAsync("runs", "h1/h100", "trap 'exit 0' TERM; echo ready; while :; do sleep 0.1; done");
        await StartAsync("ends", "a2/a100", "echo ready; until [ -e go ]; do sleep 0.05; done; exit 4", directory: _data);
        await ReadyAsync("runs");
        await ReadyAsync("ends");
        await cluster.KillControllerAsync();
        try
        {
            await UntilAsync("its silence is seen", async () => (await DevicesAsync("a1/a100")).All(device => !device.Healthy));
            Assert.Contains("does not answer", (await DevicesAsync("a1/a100"))[0].Problem, StringComparison.Ordinal);
            await File.WriteAllTextAsync(Path.Combine(_data, "go"), "");
            Assert.Equal(4, (await EndedAsync("ends")).ExitCode);
            Assert.Equal(MemberPhase.Running, (await FindAsync("runs"))!.Phase);
            await StartAsync("waits", "a2/a100", "exit 5");
        }
        finally
        {
            await cluster.StartControllerAsync();
        }

        var waited = await EndedAsync("waits");
        // Taken back where the nodes are slow to register with the new controller: for a new plan, not for a second run.
        Assert.True(waited.ExitCode == 5 || waited.Phase == MemberPhase.TakenBack, $"{waited}");
        Assert.Equal(MemberPhase.Running, (await FindAsync("runs"))!.Phase);
        await UntilAsync("its nodes are offered again", async () => (await DevicesAsync("a1/a100")).All(device => device.Healthy));
    }

    [SlurmFact]
    public async Task A_gang_begins_when_its_last_member_is_there_and_knows_where_the_first_one_is()
    {
        Task MemberAsync(int member, string node) => StartAsync($"g{member}", node, "echo $MASTER_ADDR", with: launch => launch with
        {
            Member = member, Gang = "w1-1", Environment = new Dictionary<string, string> { ["AMALGAM_MEMBER"] = $"{member}", ["AMALGAM_MEMBERS"] = "2", ["MASTER_ADDR"] = "127.0.0.1" },
        });
        await MemberAsync(1, "a2/a100");
        await UntilAsync("the second one has its devices", async () => (await FindAsync("g1"))!.Phase == MemberPhase.Running);
        Assert.Empty(await LinesAsync("g1"));
        await MemberAsync(0, "h1/h100");
        Assert.Equal(0, (await EndedAsync("g1")).ExitCode);
        Assert.Equal(["127.0.0.13"], await LinesAsync("g1"));
        await EndedAsync("g0");
    }

    [SlurmFact]
    public async Task The_devices_that_Slurm_gives_are_those_that_the_member_is_told()
    {
        var held = await SlurmCluster.OccupyAsync("--nodelist=x1", "--gres=gpu:l40s:1");
        await StartAsync("a", "x1/l40s", "echo $CUDA_VISIBLE_DEVICES $OWN_DEVICES $AMALGAM_DEVICES", with: launch => launch with
        {
            Environment = new Dictionary<string, string> { ["CUDA_VISIBLE_DEVICES"] = "0", ["OWN_DEVICES"] = "0" }, DeviceVariables = new(["CUDA_VISIBLE_DEVICES", "OWN_DEVICES"], 1),
        });
        await EndedAsync("a");
        await SlurmCluster.CancelAsync(held);
        Assert.Equal(["3 3 3"], await LinesAsync("a"));
    }

    [SlurmFact]
    public async Task A_replica_listens_on_its_node_and_tells_where()
    {
        await StartAsync("a", "c1/cpu", "echo $0 $PORT; exec sleep 1000", with: launch => launch with
        {
            NeedsPort = true, Command = [.. launch.Command, "--port={port}"], Environment = new Dictionary<string, string> { ["PORT"] = "{port}" },
        });
        await UntilAsync("the address", async () => (await FindAsync("a"))!.Address is not null);
        var address = new Uri((await FindAsync("a"))!.Address!);
        Assert.Equal("127.0.0.16", address.Host);
        await UntilAsync("the member says it", async () => (await LinesAsync("a")).SequenceEqual([$"--port={address.Port} {address.Port}"]));
    }

    [SlurmFact]
    public async Task Secrets_are_in_no_command_line_and_no_word_of_Slurms_and_words_arrive_untouched()
    {
        string[] odd = ["$(id)", "a b", "'\"`", "", "*", "-n", "new\nline", "ünï", ";exit 9"];
        await StartAsync("a", "a1/a100", "", with: launch => launch with { Command = ["/usr/bin/printf", "<%s>", .. odd] });
        await StartAsync("b", "a1/a100", "echo \"$TOKEN\"; exec sleep 1000", with: launch => launch with { Environment = new Dictionary<string, string> { ["TOKEN"] = "very-'secret'" } });
        await EndedAsync("a");
        Assert.Equal(string.Concat(odd.Select(word => $"<{word}>")), string.Join('\n', await LinesAsync("a")));
        await UntilAsync("its word", async () => (await LinesAsync("b")).SequenceEqual(["very-'secret'"]));
        Assert.DoesNotContain("very-", await SlurmCluster.ControlAsync("show", "job", "--details"), StringComparison.Ordinal);
        Assert.DoesNotContain("very-", await SlurmCluster.RunAsync("ps", "-ww", "-e", "-o", "args"), StringComparison.Ordinal);
        Assert.Equal("600", Convert.ToString((int)File.GetUnixFileMode(Path.Combine(_data, "members", "b", "launch.sh")), 8));
    }

    [SlurmFact]
    public async Task A_time_limit_holds_without_a_control_plane_and_the_partition_is_the_wanted_one()
    {
        await using var picky = SlurmRig.Open(Path.Combine(_data, "picky"), TimeSpan.FromSeconds(30), null, "short");
        Assert.Equal(["slurm/a1/a100", "slurm/a2/a100"], (await picky.InventoryAsync(default)).Nodes.Select(node => node.Name));
        await picky.ApplyAsync(Start("a", "a1/a100", "exec sleep 1000", 1) is var start ? start with { Launch = start.Launch with { TimeLimit = TimeSpan.FromMinutes(5) } } : start, default);
        await UntilAsync("it runs", async () => (await picky.ObserveAsync(default)).Single().Phase == MemberPhase.Running);
        Assert.Equal("short 7:00", (await SlurmCluster.QueueAsync("--states=R", "--format=%P %l")).Trim());
        await picky.ApplyAsync(new StopMember("a", 2, TimeSpan.Zero), default);
        await UntilAsync("it ends", async () => (await picky.ObserveAsync(default)).Single().EndedAtUnixMs is not null);
    }

    [SlurmFact]
    public async Task What_Slurm_refuses_for_good_is_refused_with_its_own_words()
    {
        await StartAsync("a", "a1/a100", "exit 0", with: launch => launch with { MemoryLimitMiB = 9_000_000 });
        var ended = await EndedAsync("a");
        Assert.True(ended.Phase is MemberPhase.Refused or MemberPhase.TakenBack, $"{ended}");
        Assert.StartsWith("Slurm refused it: ", ended.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', ended.Detail!);
    }

    private static StartMember Start(string lease, string node, string script, int devices) => new(
        lease, 1, new MemberLaunch("w1", "word", 0, SlurmRig.Shell(script), new Dictionary<string, string>(), null, $"slurm/{node}", [.. Enumerable.Range(0, devices)], [], NeedsPort: false));

    private async Task StartAsync(string lease, string node, string script, int devices = 1, string? directory = null, Func<MemberLaunch, MemberLaunch>? with = null)
    {
        await _engine.InventoryAsync(default);
        var start = Start(lease, node, script, devices);
        var launch = start.Launch with { WorkingDirectory = directory };
        await _engine.ApplyAsync(start with { Launch = with is null ? launch : with(launch) }, default);
    }

    private async Task<MemberObservation?> FindAsync(string lease) => (await _engine.ObserveAsync(default)).SingleOrDefault(member => member.LeaseId == lease);

    private async Task<MemberObservation> EndedAsync(string lease)
    {
        await UntilAsync($"{lease} ends", async () => (await FindAsync(lease))!.EndedAtUnixMs is not null);
        return (await FindAsync(lease))!;
    }

    private Task ReadyAsync(string lease) => UntilAsync($"{lease} is ready", async () => (await LinesAsync(lease)).Contains("ready"));

    private async Task<List<string>> LinesAsync(string lease) => await _engine.ReadAsync(lease, follow: false, null, default).Select(line => line.Text).ToListAsync();

    private async Task<IReadOnlyList<DeviceObservation>> DevicesAsync(string node) => (await _engine.InventoryAsync(default)).Nodes.Single(seen => seen.Name == $"slurm/{node}").Devices;

    /// <summary>Ids of the jobs of the cluster that are not over.</summary>
    private static async Task<List<string>> JobsAsync() => [.. (await SlurmCluster.QueueAsync("--format=%i")).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];

    private static Task UntilAsync(string what, Func<Task<bool>> condition) => Cloud.RunningCloud.UntilAsync(what, condition);
}
