using System.Net.Http.Json;
using System.Text.Json;
using Amalgam.SystemTests.Cloud;
using Xunit;

namespace Amalgam.SystemTests.Engines.Slurm;

/// <summary>The whole cloud on the real cluster, as its users meet it.</summary>
[Collection(SlurmCollection.Name)]
public sealed class SlurmCloudTests : IAsyncLifetime
{
    private readonly RunningCloud _cloud = RunningCloud.NotStarted("cpu:1");

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _cloud.DisposeAsync();

    [SlurmFact]
    public async Task A_job_a_gang_and_a_served_model_run_on_a_cluster_and_its_chips_are_shown()
    {
        _cloud.UpArguments.AddRange(["--engine", "slurm"]);
        await _cloud.StartAsync();
        await RunningCloud.UntilAsync("the chips", async () => (await _cloud.MustAsync("chips")).Contains("nvidia-h100-80gb", StringComparison.Ordinal));
        var chips = await _cloud.JsonAsync("chips");
        Assert.Contains(chips.EnumerateArray(), chip => chip.GetProperty("chipClass").GetString() == "gpu-zx81");
        var job = await _cloud.AmalgamAsync("run", "--wait", "--name", "three", "--chips", "amd-mi300x", "--devices", "2", "--", "sh", "-c", "echo on $ROCR_VISIBLE_DEVICES; exit 3");
        Assert.Equal(3, job.ExitCode);
        Assert.Contains("on 0,1", await _cloud.MustAsync("logs", "three"), StringComparison.Ordinal);
        await _cloud.MustAsync("run", "--wait", "--name", "gang", "--chips", "gpu-zx81", "--members", "2", "--", "sh", "-c", "echo $RANK of $WORLD_SIZE at $MASTER_ADDR");
        Assert.Contains("1 of 2 at 127.0.0.15", await _cloud.MustAsync("logs", "gang"), StringComparison.Ordinal);

        await _cloud.MustAsync("serve", "demo");
        Assert.Contains("42", (await ChatAsync()).Text, StringComparison.Ordinal);
        await SlurmCluster.CancelAsync("--name=demo.0");
        await RunningCloud.UntilAsync("the history tells", async () => (await _cloud.MustAsync("explain", "demo")).Contains("was cancelled by someone", StringComparison.Ordinal));
        Assert.Contains("42", (await ChatAsync()).Text, StringComparison.Ordinal);
    }

    [SlurmFact("27 s")]
    public async Task One_name_is_served_by_this_machine_and_by_the_cluster_and_by_one_when_the_other_is_cut_off()
    {
        _cloud.UpArguments.AddRange(["--engine", "local", "--engine", "slurm"]);
        await _cloud.StartAsync();
        await RunningCloud.UntilAsync("the chips", async () => (await _cloud.MustAsync("chips")).Contains("nvidia-h100-80gb", StringComparison.Ordinal));
        await _cloud.MustAsync("serve", "demo", "--replicas", "2..2", "--chips", "cpu");
        await RunningCloud.UntilAsync("both", async () => (await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => ChatAsync()))).Select(answer => answer.Replica).Distinct().Count() == 2);
        var history = await _cloud.MustAsync("explain", "demo");
        Assert.Contains("on local/cpu", history, StringComparison.Ordinal);
        Assert.Contains("on slurm/c1/cpu", history, StringComparison.Ordinal);

        await SlurmCluster.ControlAsync("update", "nodename=c1", "state=down", "reason=cut off");
        try
        {
            await RunningCloud.UntilAsync("the loss is told", async () => (await _cloud.MustAsync("explain", "demo")).Contains("Slurm lost the node", StringComparison.Ordinal));
            Assert.All(await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => ChatAsync())), answer => Assert.Contains("42", answer.Text, StringComparison.Ordinal));
        }
        finally
        {
            await SlurmCluster.ReviveAsync("c1");
        }
    }

    [SlurmFact("15 s")]
    public async Task A_cluster_that_is_out_of_reach_keeps_nobody_from_working_and_is_there_when_it_is_back()
    {
        var conf = Path.Combine(_cloud.Folder, "slurm.conf");
        var real = Environment.GetEnvironmentVariable("SLURM_CONF")!;
        await File.WriteAllTextAsync(conf, System.Text.RegularExpressions.Regex.Replace(await File.ReadAllTextAsync(real), "AuthInfo=.*", $"AuthInfo=socket={_cloud.Folder}/no.socket"));
        _cloud.Variables["SLURM_CONF"] = conf;
        _cloud.UpArguments.AddRange(["--engine", "local", "--engine", "slurm"]);
        await _cloud.StartAsync();
        Assert.Contains("Slurm does not answer", _cloud.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", _cloud.Output, StringComparison.Ordinal);
        Assert.Equal(0, (await _cloud.AmalgamAsync("run", "--wait", "--", "true")).ExitCode);
        Assert.Contains("out of reach", await _cloud.MustAsync("status"), StringComparison.Ordinal);
        File.Copy(real, conf, overwrite: true);
        await RunningCloud.UntilAsync("the cluster's chips", async () => (await _cloud.MustAsync("chips")).Contains("nvidia-h100-80gb", StringComparison.Ordinal));
        Assert.Equal(0, (await _cloud.AmalgamAsync("run", "--wait", "--chips", "nvidia-h100-80gb", "--", "true")).ExitCode);
    }

    [SlurmFact]
    public async Task Jobs_outlive_a_killed_control_plane_and_are_found_again()
    {
        _cloud.UpArguments.AddRange(["--engine", "slurm"]);
        await _cloud.StartAsync();
        await RunningCloud.UntilAsync("the chips", async () => (await _cloud.MustAsync("chips")).Contains("nvidia-h100-80gb", StringComparison.Ordinal));
        var go = Path.Combine(_cloud.Folder, "go");
        await _cloud.MustAsync("run", "--name", "long", "--chips", "nvidia-h100-80gb", "--", "sh", "-c", $"echo once; until [ -e {go} ]; do sleep 0.1; done");
        await RunningCloud.UntilAsync("it runs", async () => (await _cloud.MustAsync("logs", "long")).Contains("once", StringComparison.Ordinal));
        await _cloud.KillAsync();
        await _cloud.StartAsync();
        await File.WriteAllTextAsync(go, "");
        await RunningCloud.UntilAsync("it ends", async () => (await _cloud.MustAsync("explain", "long")).Contains("exit code 0", StringComparison.Ordinal));
        Assert.Single((await _cloud.MustAsync("logs", "long")).Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [SlurmFact]
    public async Task A_partition_that_does_not_exist_and_missing_commands_are_told_in_one_line()
    {
        string[] up = ["up", "--data", _cloud.Data, "--listen", "127.0.0.1:0", "--engine", "slurm"];
        (await _cloud.AmalgamAsync([.. up, "--slurm-partition", "night"])).RefusedWith("Slurm has no partition 'night': there are main, short, urgent");
        _cloud.Variables["PATH"] = "/nowhere";
        (await _cloud.AmalgamAsync(up)).RefusedWith("there is no sbatch on the PATH");
        Assert.False(Directory.Exists(_cloud.Data));
    }

    private async Task<(string Text, string Replica)> ChatAsync()
    {
        using var client = _cloud.Client();
        using var answer = await client.PostAsJsonAsync("/v1/chat/completions", new { model = "demo", temperature = 0, messages = new[] { new { role = "user", content = "What is 17 + 25?" } } });
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, text);
        return (JsonDocument.Parse(text).RootElement.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!, answer.Headers.GetValues("x-amalgam-replica").Single());
    }
}
