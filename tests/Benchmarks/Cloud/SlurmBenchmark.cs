using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;

namespace Amalgam.Benchmarks.Cloud;

/// <summary>
/// `benchmarks slurm [JOBS]`: one-core jobs that stay, submitted eight at a time, until Slurm calls all of them running: by sbatch alone, and through the cloud (API, plan,
/// journal, sbatch; warmed up by some jobs), in turns on the same cluster of tools/slurm-cluster. Prints jobs a second of both and their ratio.
/// </summary>
internal static class SlurmBenchmark
{
    private const int Clients = 8;
    private const int Warmup = 40;

    public static async Task<int> RunAsync(string[] args)
    {
        var jobs = args is [var count, ..] ? int.Parse(count, CultureInfo.InvariantCulture) : 200;
        var folder = Directory.CreateTempSubdirectory("amalgam-slurm-bench-").FullName;
        var tool = Path.Combine(Repository.Root, "tools", "slurm-cluster", "cluster");
        var first = 20_000 + (Environment.ProcessId * 16 % 12_000);
        Environment.SetEnvironmentVariable("FIRST_PORT", $"{first}");
        Environment.SetEnvironmentVariable("NODES", $"NodeName=b1 NodeHostname=localhost NodeAddr=127.0.0.21 Port={first + 7} CPUs={jobs} RealMemory={jobs * 1000}");
        Environment.SetEnvironmentVariable("OWNER", $"{Environment.ProcessId}");
        await RunAsync(tool, "start", folder);
        Environment.SetEnvironmentVariable("SLURM_CONF", Path.Combine(folder, "slurm.conf"));
        try
        {
            for (var round = 1; round <= 4; round++)
            {
                var alone = await AloneAsync(jobs);
                var ours = await OursAsync(jobs);
                Console.WriteLine($"  round {round}: {jobs} jobs submitted until running: sbatch alone {alone:0} a second, through the cloud {ours:0} a second, ratio {ours / alone:0.00}");
            }
        }
        finally
        {
            await RunAsync(tool, "stop", folder);
            Directory.Delete(folder, recursive: true);
        }

        return 0;
    }

    private static async Task<double> AloneAsync(int jobs)
    {
        var rate = await UntilRunningAsync(jobs, _ => RunAsync("sbatch", "--nodelist=b1", "--cpus-per-task=1", "--mem=1000M", "--output=/dev/null", "--wrap=exec sleep 3600"));
        await EmptyAsync();
        return rate;
    }

    private static async Task<double> OursAsync(int jobs)
    {
        await using var cloud = await BenchmarkCloud.StartAsync(arguments: ["--engine", "slurm"]);
        while (!(await cloud.Gateway.GetStringAsync("/api/v1/chips")).Contains("\"cpu\"", StringComparison.Ordinal)) await Task.Delay(20);
        // Slurm runs for a while already, so the cloud does too: its code is compiled by use.
        var marks = Directory.CreateTempSubdirectory("amalgam-slurm-bench-warm-").FullName;
        for (var at = 0; at < Warmup; at++) await SubmitAsync(cloud, "mktemp", "-p", marks);
        while (Directory.GetFiles(marks).Length < Warmup || await CountAsync() > 0) await Task.Delay(100);
        Directory.Delete(marks, recursive: true);
        var rate = await UntilRunningAsync(jobs, _ => SubmitAsync(cloud, "sleep", "3600"));
        await RunAsync("scancel", "--state=RUNNING", "--signal=KILL", "--full", $"--user={Environment.UserName}");
        await EmptyAsync();
        return rate;
    }

    private static async Task<string> SubmitAsync(BenchmarkCloud cloud, params string[] command)
    {
        using var body = JsonContent.Create(new { command, chips = (string[])["cpu"] });
        using var answer = await cloud.Gateway.PostAsync("/api/v1/jobs", body);
        return answer.IsSuccessStatusCode ? "" : throw new InvalidOperationException(await answer.Content.ReadAsStringAsync());
    }

    private static async Task<double> UntilRunningAsync(int jobs, Func<int, Task<string>> submit)
    {
        var begun = Stopwatch.GetTimestamp();
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async _ =>
        {
            for (int at; (at = Interlocked.Increment(ref next)) < jobs;) await submit(at);
        }));
        while (await CountAsync("--states=R") < jobs) await Task.Delay(20);
        return jobs / Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    private static async Task EmptyAsync()
    {
        await RunAsync("scancel", $"--user={Environment.UserName}", "--signal=KILL", "--full");
        while (await CountAsync() > 0) await Task.Delay(200);
    }

    private static async Task<int> CountAsync(params string[] states) =>
        (await RunAsync("squeue", ["--noheader", "--format=%i", .. states])).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        await process.WaitForExitAsync();
        return await process.StandardOutput.ReadToEndAsync();
    }
}
