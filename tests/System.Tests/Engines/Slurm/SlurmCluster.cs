using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Amalgam.SystemTests.Cloud;
using Xunit;

namespace Amalgam.SystemTests.Engines.Slurm;

/// <summary>
/// One real Slurm for all tests that want one: munged, slurmctld and six slurmd out of tools/slurm-cluster, in a folder and on ports of its own. Where
/// Slurm is not installed its tests are shown as skipped; `./check` installs it.
/// </summary>
public sealed class SlurmCluster : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("amalgam-slurm-").FullName;

    /// <summary>Null when a cluster can be started.</summary>
    public static string? Missing { get; } = Missings();

    private static string Tool => Path.Combine(RunningCloud.RepositoryRoot, "tools", "slurm-cluster", "cluster");

    public string Folder => _folder;

    public async Task InitializeAsync()
    {
        if (Missing is not null) return;
        Environment.SetEnvironmentVariable("FIRST_PORT", FirstPort().ToString(CultureInfo.InvariantCulture));
        Environment.SetEnvironmentVariable("OWNER", Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        await RunAsync(Tool, "start", _folder);
        Environment.SetEnvironmentVariable("SLURM_CONF", Path.Combine(_folder, "slurm.conf"));
        await LoseAnswersAsync();
    }

    public async Task DisposeAsync()
    {
        if (Missing is null) await RunAsync(Tool, "stop", _folder);
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>The next sbatch is carried out and its answer lost on the way.</summary>
    public void LoseTheNextAnswer() => File.WriteAllText(Path.Combine(_folder, "lose-answer"), "");

    public static Task<string> ControlAsync(params string[] arguments) => RunAsync("scontrol", arguments);

    public static Task<string> QueueAsync(params string[] arguments) => RunAsync("squeue", ["--noheader", .. arguments]);

    public static Task<string> CancelAsync(params string[] arguments) => RunAsync("scancel", arguments);

    /// <summary>A node that was set down may have come back by itself already.</summary>
    public static async Task ReviveAsync(string node)
    {
        if (!(await ControlAsync("show", "node", node)).Contains("State=IDLE ", StringComparison.Ordinal))
            await RunAsync("sh", "-c", $"scontrol update nodename={node} state=resume || true");
        await RunningCloud.UntilAsync($"{node} is back", async () => (await RunAsync("sinfo", "--noheader", $"--nodes={node}", "--format=%t")).Split('\n')[0] is "idle" or "mix" or "alloc");
    }

    /// <summary>A job of somebody else's.</summary>
    /// <returns>Its id, once it runs.</returns>
    public static async Task<string> OccupyAsync(params string[] arguments)
    {
        var id = (await RunAsync("sbatch", ["--parsable", "--output=/dev/null", "--mem=1000", .. arguments, "--wrap=exec sleep 1000"])).Trim();
        await RunningCloud.UntilAsync("the job of others", async () => (await QueueAsync($"--jobs={id}", "--format=%t")).Trim() == "R");
        return id;
    }

    /// <summary>Not before it has written down what it knows: it does so at most every five seconds, and forgets jobs that came after.</summary>
    public async Task KillControllerAsync()
    {
        var file = new FileInfo(Path.Combine(_folder, "state", "job_state"));
        var begun = DateTime.UtcNow;
        for (var waited = 0; waited < 70 && (file.LastWriteTimeUtc < begun || !file.Exists); waited++)
        {
            await Task.Delay(100);
            file.Refresh();
        }

        await RunAsync("sh", "-c", $"kill -9 $(cat {_folder}/run/slurmctld.pid)");
    }

    public Task StartControllerAsync() => RunAsync(Tool, "ctld", _folder);

    public static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        // Daemons that it starts may keep the pipes open: what counts is that it ends.
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await process.WaitForExitAsync(limit.Token);
        var output = process.StandardOutput.ReadToEndAsync();
        return process.ExitCode == 0 ? await output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {await error}");
    }

    private async Task LoseAnswersAsync()
    {
        var bin = Directory.CreateDirectory(Path.Combine(_folder, "bin")).FullName;
        var real = (await RunAsync("sh", "-c", "command -v sbatch")).Trim();
        var shim = Path.Combine(bin, "sbatch");
        await File.WriteAllTextAsync(shim, $"""
            #!/bin/sh
            rm "{_folder}/lose-answer" 2>/dev/null || exec {real} "$@"
            {real} "$@" >/dev/null 2>&1
            echo "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)" >&2
            exit 1

            """);
        File.SetUnixFileMode(shim, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Environment.SetEnvironmentVariable("PATH", $"{bin}:{Environment.GetEnvironmentVariable("PATH")}");
    }

    /// <summary>Eight in a row that are free now, below those that the system hands out.</summary>
    private static int FirstPort()
    {
        for (var first = 20_000 + (Environment.ProcessId * 16 % 12_000); ; first += 16)
        {
            if (Enumerable.Range(first, 8).All(IsFree)) return first;
        }
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Any, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static string? Missings()
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Concat(["/usr/sbin", "/sbin"]).ToList();
        string[] programs = ["slurmctld", "slurmd", "munged", "sbatch"];
        return programs.FirstOrDefault(program => !folders.Exists(folder => File.Exists(Path.Combine(folder, program)))) is { } missing
            ? $"there is no {missing} here: apt-get install slurm-wlm munge" : null;
    }
}

[CollectionDefinition(Name)]
public sealed class SlurmCollection : ICollectionFixture<SlurmCluster>
{
    public const string Name = "slurm";
}

/// <summary>On classes whose tests are inherited.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class NeedsSlurmAttribute : NeedsAttribute
{
    public override string? Missing => SlurmCluster.Missing;
}

/// <summary>A test that needs the cluster.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SlurmFactAttribute : FactAttribute
{
    /// <param name="takes">For one of the long runs: about how long.</param>
    public SlurmFactAttribute(string? takes = null) => Skip = SlurmCluster.Missing ?? LongRun.Skips(takes);
}
