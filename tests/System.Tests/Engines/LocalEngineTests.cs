using System.Diagnostics;
using System.Globalization;
using System.Text;
using Amalgam.ControlPlane.Ports;
using Amalgam.Engines.Local;
using Xunit;

namespace Amalgam.SystemTests.Engines;

[EngineLacks(EngineAbility.ForeignLoad, "a machine does not tell who uses which of its devices: what others run there is not accounted for")]
public sealed class LocalEngineTests : EngineConformance
{
    private readonly List<NodeObservation> _nodes = [Cpu("cpu", 1)];

    protected override IEngine Open() => new LocalEngine(new LocalEngineOptions { DataDirectory = Data, Nodes = () => _nodes, LogBytesPerStream = 256 << 10 });

    protected override IReadOnlyList<string> SaysHello(int exitCode) => Shell($"echo hello; exit {exitCode}");

    protected override IReadOnlyList<string> RunsUntilStopped() => Shell("trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done");

    protected override IReadOnlyList<string> IgnoresTheStop() => Shell("trap '' TERM INT; echo ready; while :; do sleep 0.05; done");

    /// <summary>The whole group in one call: killed one by one, the first would still be written down by the second.</summary>
    protected override async Task LoseAsync(string leaseId)
    {
        await UntilAsync(() => Task.FromResult(ProcessesOf(leaseId).Count > 1), "the member runs");
        var stat = await File.ReadAllTextAsync($"/proc/{ProcessesOf(leaseId).Min()}/stat");
        var group = stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[2];
        using var kill = Process.Start("kill", ["-9", "--", $"-{group}"]);
        await kill.WaitForExitAsync();
    }

    /// <summary>What a control plane leaves that died between the start and the writing of the process id.</summary>
    protected override async Task StartAndLoseTheAnswerAsync(string name, IReadOnlyList<string> command)
    {
        await StartAsync(name, command);
        EditLaunch(name, "pid", "0");
        await ReopenAsync();
    }

    protected override void AssertNothingRuns(string leasePrefix) => Assert.Empty(ProcessesOf(leasePrefix));

    [Fact]
    public async Task The_environment_holds_what_was_asked_and_nothing_of_the_clouds_own()
    {
        Environment.SetEnvironmentVariable("AMALGAM_TEST_SECRET", "of the cloud");
        await StartAsync("a", Shell("echo \"$DEVICES\"; env | grep -c TEST_SECRET; env | grep ^AMALGAM_LEASE="), with: launch => launch with
        {
            Environment = new Dictionary<string, string> { ["DEVICES"] = "0,1 'and' $HOME", ["AMALGAM_LEASE"] = "forged" },
        });
        Assert.Equal(["0,1 'and' $HOME", "0", $"AMALGAM_LEASE={Lease("a")}"], await LinesAsync("a", follow: true));
    }

    [Fact]
    public async Task Arguments_reach_the_program_untouched_by_any_shell()
    {
        string[] odd = ["$(id)", "a b", "'\"`", "", "*", "-n", "new\nline", "ünï", ";exit 9"];
        await StartAsync("a", ["/usr/bin/printf", "<%s>", .. odd]);
        Assert.Equal(string.Concat(odd.Select(word => $"<{word}>")), string.Join('\n', await LinesAsync("a", follow: true)));
    }

    [Fact]
    public async Task Standard_input_is_empty_and_no_file_of_the_cloud_is_open_in_a_member()
    {
        await using var held = File.Create(Path.Combine(Data, "held"));
        await StartAsync("a", Shell("cat; ls /proc/$$/fd"));
        Assert.Equal(["0", "1", "2"], await LinesAsync("a", follow: true));
    }

    [Fact]
    public async Task A_replica_gets_a_free_port_in_its_arguments_and_environment_and_an_address()
    {
        await StartAsync("a", [.. Shell("echo $1 $PORT; exec sleep 100"), "x", "--port={port}"], with: launch => launch with
        {
            NeedsPort = true, Environment = new Dictionary<string, string> { ["PORT"] = "{port}" },
        });
        var port = new Uri((await FindAsync("a"))!.Address!).Port;
        await UntilAsync(async () => (await LinesAsync("a", follow: false)).SequenceEqual([$"--port={port} {port}"]), "the member says its port");
        await ReopenAsync();
        Assert.Equal($"http://127.0.0.1:{port}", (await FindAsync("a"))!.Address);
    }

    [Theory]
    [InlineData("no-such-program", 127, "no program 'no-such-program'")]
    [InlineData("./no-such-program", 127, "no program ./no-such-program")]
    [InlineData("/etc/passwd", 126, "not executable")]
    [InlineData("/etc", 126, "is a directory")]
    public async Task A_program_that_cannot_be_started_ends_as_in_a_shell_and_says_why(string program, int code, string why)
    {
        await StartAsync("a", [program]);
        var ended = (await FindAsync("a"))!;
        Assert.Equal((MemberPhase.Exited, code), (ended.Phase, ended.ExitCode));
        Assert.Contains(why, ended.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_script_whose_interpreter_is_missing_says_so()
    {
        var script = Path.Combine(Data, "script");
        await File.WriteAllTextAsync(script, "#!/no/such/interpreter\n");
        using (var chmod = Process.Start("chmod", ["500", script])) await chmod.WaitForExitAsync();
        await StartAsync("a", [script]);
        var ended = await EndedAsync("a");
        Assert.InRange(ended.ExitCode!.Value, 126, 127);
        Assert.Contains("not found", ended.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_working_directory_that_is_missing_is_said_and_one_that_is_there_is_used()
    {
        await StartAsync("missing", Shell("pwd"), with: launch => launch with { WorkingDirectory = "/no/such/place" });
        Assert.Contains("/no/such/place does not exist", (await FindAsync("missing"))!.Detail, StringComparison.Ordinal);
        await StartAsync("there", Shell("pwd"), with: launch => launch with { WorkingDirectory = "/usr" });
        Assert.Equal(["/usr"], await LinesAsync("there", follow: true));
    }

    [Fact]
    public async Task A_member_is_bound_to_its_cores_and_a_core_that_is_not_there_is_refused()
    {
        await StartAsync("a", Shell("grep Cpus_allowed_list /proc/self/status"), with: launch => launch with { Cores = [0] });
        Assert.Equal(["Cpus_allowed_list:\t0"], await LinesAsync("a", follow: true));
        var refused = await Assert.ThrowsAsync<EngineException>(
            async () => await StartAsync("b", SaysHello(0), with: launch => launch with { Cores = [7000] }));
        Assert.Contains("7000", refused.Message, StringComparison.Ordinal);
        Assert.Null(await FindAsync("b"));
    }

    [Fact]
    public async Task A_signal_that_ends_a_member_is_named()
    {
        await StartAsync("a", Shell("kill -SEGV $$"));
        var ended = await EndedAsync("a");
        Assert.Equal((139, "ended by SIGSEGV"), (ended.ExitCode, ended.Detail));
    }

    [Fact]
    public async Task Nothing_that_a_member_started_outlives_its_end_wherever_it_went()
    {
        await StartAsync("a", Shell("setsid sleep 1000 & sleep 1000 & (trap '' TERM; exec setsid sh -c 'trap \"\" TERM; sleep 1000; sleep 1000') & sleep 0.2; exit 5"));
        Assert.Equal(5, (await EndedAsync("a")).ExitCode);
        Assert.Empty(ProcessesOf(Lease("a")));
    }

    [Fact]
    public async Task What_a_killed_member_left_ends_with_it()
    {
        await StartAsync("a", Shell("trap '' TERM; setsid sh -c 'trap \"\" TERM; sleep 1000; sleep 1000' & while :; do sleep 0.05; done"));
        await UntilAsync(() => Task.FromResult(ProcessesOf(Lease("a")).Count >= 4), "all of it runs");
        await StopAsync("a", 2, TimeSpan.Zero);
        Assert.Empty(ProcessesOf(Lease("a")));
    }

    [Fact]
    public async Task Memory_and_processor_time_are_those_of_the_whole_group()
    {
        await StartAsync("a", Shell("sh -c 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done' & wait; sleep 1000"));
        await UntilAsync(async () => await FindAsync("a") is { CpuMs: > 50, ResidentMiB: > 0 }, "the work is counted");
        await StartAsync("b", Shell("i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done"));
        Assert.True((await EndedAsync("b")).CpuMs > 50, "the time of a member that nobody watched is in its record");
    }

    [Fact]
    public async Task A_member_beyond_its_memory_limit_is_killed_and_told_why()
    {
        await StartAsync("a", Shell("x=$(head -c 60000000 /dev/zero | tr '\\0' x); sleep 1000"), with: launch => launch with { MemoryLimitMiB = 32 });
        var ended = await EndedAsync("a");
        Assert.Equal(137, ended.ExitCode);
        Assert.Contains("more than its limit of 32 MiB", ended.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_files_are_for_the_clouds_user_alone_and_hold_no_environment()
    {
        await StartAsync("a", RunsUntilStopped(), with: launch => launch with { Environment = new Dictionary<string, string> { ["TOKEN"] = "very-secret" } });
        var folder = new DirectoryInfo(Path.Combine(Data, "members", Lease("a")));
        Assert.Equal("700", Convert.ToString((int)folder.UnixFileMode, 8));
        Assert.All(folder.GetFiles(), file => Assert.Equal("600", Convert.ToString((int)file.UnixFileMode, 8)));
        Assert.All(folder.GetFiles(), file => Assert.DoesNotContain("very-secret", File.ReadAllText(file.FullName), StringComparison.Ordinal));
        using var ps = Process.Start(new ProcessStartInfo("ps", ["-ww", "-e", "-o", "args"]) { RedirectStandardOutput = true })!;
        Assert.DoesNotContain("very-secret", await ps.StandardOutput.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_process_id_that_was_used_again_is_not_taken_for_the_member()
    {
        await StartReadyAsync("a", RunsUntilStopped());
        await LoseAsync(Lease("a"));
        using var other = Process.Start("sleep", "1000");
        EditLaunch("a", "pid", other.Id.ToString(CultureInfo.InvariantCulture));
        await ReopenAsync();
        Assert.Equal(MemberPhase.Lost, (await EndedAsync("a")).Phase);
        Assert.False(other.HasExited, "a stranger was killed");
        other.Kill();
    }

    [Fact]
    public async Task After_a_restart_of_the_machine_what_ran_is_lost()
    {
        await StartAsync("a", RunsUntilStopped());
        await ObserveAsync();
        await LoseAsync(Lease("a"));
        EditLaunch("a", "boot_id", "\"of-another-boot\"");
        await ReopenAsync();
        var lost = await EndedAsync("a");
        Assert.Equal((MemberPhase.Lost, "the machine was restarted while it ran"), (lost.Phase, lost.Detail));
    }

    [Fact]
    public async Task A_stop_that_was_written_down_but_not_sent_is_sent_by_the_next_control_plane()
    {
        await StartReadyAsync("a", IgnoresTheStop());
        await StopAsync("a", 2, TimeSpan.FromSeconds(600));
        await Engine.ApplyAsync(await StartReadyAsync("b", RunsUntilStopped()), default);
        var stop = await File.ReadAllTextAsync(Path.Combine(Data, "members", Lease("a"), "stop.json"));
        await File.WriteAllTextAsync(Path.Combine(Data, "members", Lease("b"), "stop.json"), stop.Replace("\"signalled\": true", "\"signalled\": false", StringComparison.Ordinal));
        await ReopenAsync();
        Assert.Equal(0, (await EndedAsync("b")).ExitCode);
    }

    [Fact]
    public async Task A_stop_right_after_the_start_is_a_stop_whatever_ran_already()
    {
        for (var i = 0; i < 30; i++)
        {
            await StartAsync($"m{i}", ["sleep", "1000"]);
            await StopAsync($"m{i}", 2, TimeSpan.FromSeconds(60));
        }

        for (var i = 0; i < 30; i++)
        {
            var ended = await EndedAsync($"m{i}");
            Assert.Equal((MemberPhase.Exited, 143, "stopped"), (ended.Phase, ended.ExitCode, ended.Detail));
        }
    }

    [Fact]
    public async Task A_record_that_someone_removed_ends_the_member_once_its_process_is_gone()
    {
        await StartReadyAsync("a", RunsUntilStopped());
        Directory.Delete(Path.Combine(Data, "members", Lease("a")), recursive: true);
        await LoseAsync(Lease("a"));
        Assert.Equal(MemberPhase.Lost, (await EndedAsync("a")).Phase);
        await Engine.ApplyAsync(new ForgetMember(Lease("a"), 2), default);
    }

    [Theory]
    [InlineData("../escape")]
    [InlineData("")]
    [InlineData(".hidden")]
    [InlineData("a/b")]
    public async Task A_lease_id_that_is_no_name_is_refused(string id) =>
        await Assert.ThrowsAsync<EngineException>(async () => await Engine.ApplyAsync(new StopMember(id, 1, TimeSpan.Zero), default));

    [Fact]
    public void A_data_directory_that_cannot_be_used_is_said_in_one_line()
    {
        var file = Path.Combine(Data, "file");
        File.WriteAllText(file, "");
        var refused = Assert.Throws<EngineException>(() => new LocalEngine(new LocalEngineOptions { DataDirectory = file, Nodes = () => _nodes }));
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Fact]
    public async Task A_chip_that_is_gone_and_a_core_that_is_not_open_are_reported_unhealthy_with_the_reason()
    {
        _nodes.Add(Cpu("gpu", 2) with { Devices = [new(0, "gpu0", true, null, []), new(1, "gpu1", true, null, [8000])] });
        var first = (await Engine.InventoryAsync(default)).Nodes.Single(node => node.Name == "gpu");
        Assert.Contains("8000", first.Devices[1].Problem, StringComparison.Ordinal);
        _nodes.RemoveAt(1);
        var gone = (await Engine.InventoryAsync(default)).Nodes.Single(node => node.Name == "gpu");
        Assert.All(gone.Devices, device => Assert.False(device.Healthy));
        Assert.Contains("not detected any more", gone.Devices[0].Problem, StringComparison.Ordinal);
    }

    private static string[] Shell(string script) => ["sh", "-c", script];

    private static NodeObservation Cpu(string name, int devices) =>
        new(name, "", "here", "cpu", 1024, [.. Enumerable.Range(0, devices).Select(index => new DeviceObservation(index, $"{name}{index}", true, null, [index]))]);

    private void EditLaunch(string name, string field, string value)
    {
        var file = Path.Combine(Data, "members", Lease(name), "launch.json");
        var text = File.ReadAllText(file);
        var edited = System.Text.RegularExpressions.Regex.Replace(text, $"(\"{field}\": )[^,\\n]+", "${1}" + value);
        Assert.NotEqual(text, edited);
        File.WriteAllText(file, edited);
    }

    /// <summary>Everything that carries a lease of these in its environment; what has ended and waits to be asked for is no process any more.</summary>
    private static List<int> ProcessesOf(string leasePrefix)
    {
        var found = new List<int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc").Where(path => char.IsAsciiDigit(path[6])))
        {
            try
            {
                var environment = Encoding.UTF8.GetString(File.ReadAllBytes(Path.Combine(folder, "environ")));
                if (environment.Split('\0').Any(pair => pair.StartsWith($"AMALGAM_LEASE={leasePrefix}", StringComparison.Ordinal)))
                    found.Add(int.Parse(folder.AsSpan(6), CultureInfo.InvariantCulture));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                continue;
            }
        }

        return found;
    }
}
