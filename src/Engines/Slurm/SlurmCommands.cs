using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Amalgam.ControlPlane.Ports;

namespace Amalgam.Engines.Slurm;

/// <summary>Slurm did not answer, so nobody knows what became of the question.</summary>
internal sealed class SlurmSilentException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Slurm's own commands: they work for any account, on every version, and know how the cluster wants to be talked to.</summary>
internal sealed class SlurmCommands(TimeSpan patience)
{
    /// <summary>Complaints that say something about the way to Slurm, not about what was asked.</summary>
    private static readonly string[] Silence =
    [
        "Unable to contact", "Connection refused", "Connection timed out", "timed out", "Zero Bytes", "Transport endpoint", "munge", "Munge", "authentication", "Protocol authentication",
        "Unable to establish", "configuration source", "Socket", "slurm_receive_msg", "slurm_send", "Communication connection failure", "Resource temporarily unavailable", "standby",
        "System call interrupted", "not in sync", "Header lengths",
    ];

    /// <exception cref="EngineException">One of them is not on the PATH.</exception>
    public static void RequireInstalled()
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        string[] programs = ["sbatch", "squeue", "sinfo", "scontrol", "scancel"];
        if (programs.FirstOrDefault(program => !folders.Any(folder => File.Exists(Path.Combine(folder, program)))) is { } missing)
            throw new EngineException($"the slurm engine needs Slurm's commands and there is no {missing} on the PATH: install slurm-client and its slurm.conf on this machine, or leave --engine slurm out");
    }

    public async Task<List<SlurmNode>> NodesAsync(CancellationToken cancel) => SlurmNode.Parse(await MustAsync("scontrol", ["show", "node", "--oneliner", "--details"], cancel).ConfigureAwait(false));

    public async Task<List<SlurmPartition>> PartitionsAsync(CancellationToken cancel) =>
        SlurmPartition.Parse(await MustAsync("sinfo", ["--noheader", $"--format={SlurmPartition.Format}"], cancel).ConfigureAwait(false));

    /// <param name="overToo">Those too that ended a while ago and that Slurm still remembers: on a busy cluster many more than there are others.</param>
    public async Task<List<SlurmJob>> JobsAsync(string cloud, bool overToo, CancellationToken cancel) =>
        SlurmJob.Parse(await MustAsync("squeue", ["--noheader", "--me", $"--Format={SlurmJob.Format}", .. overToo ? (string[])["--states=all"] : []], cancel).ConfigureAwait(false), cloud);

    /// <returns>The job's id, or Slurm's refusal in one line.</returns>
    /// <exception cref="SlurmSilentException">Slurm may have heard it or not.</exception>
    public async Task<(long JobId, string? Refusal)> SubmitAsync(IReadOnlyList<string> arguments, CancellationToken cancel)
    {
        var run = await RunAsync("sbatch", arguments, cancel).ConfigureAwait(false);
        if (run.Code == 0 && long.TryParse(run.Output.Trim().Split(';')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var id)) return (id, null);
        return run.Code != 0 && !IsSilence(run.Error) ? (0, run.Error) : throw new SlurmSilentException(run.Error);
    }

    /// <summary>Jobs that are over meanwhile are no failure.</summary>
    public Task CancelAsync(IEnumerable<long> jobs, CancellationToken cancel) => SignalAsync(["--quiet"], jobs, cancel);

    /// <summary>To every process of the jobs.</summary>
    public Task SignalAsync(string signal, IEnumerable<long> jobs, CancellationToken cancel) => SignalAsync(["--quiet", "--full", $"--signal={signal}"], jobs, cancel);

    private async Task SignalAsync(string[] options, IEnumerable<long> jobs, CancellationToken cancel)
    {
        foreach (var some in jobs.Chunk(500))
        {
            var run = await RunAsync("scancel", [.. options, .. some.Select(job => job.ToString(CultureInfo.InvariantCulture))], cancel).ConfigureAwait(false);
            if (run.Code != 0 && IsSilence(run.Error)) throw new SlurmSilentException(run.Error);
        }
    }

    private async Task<string> MustAsync(string program, IReadOnlyList<string> arguments, CancellationToken cancel)
    {
        var run = await RunAsync(program, arguments, cancel).ConfigureAwait(false);
        return run.Code == 0 ? run.Output : throw new SlurmSilentException($"{program}: {run.Error}");
    }

    private static bool IsSilence(string error) => Silence.Any(word => error.Contains(word, StringComparison.Ordinal));

    private async Task<(int Code, string Output, string Error)> RunAsync(string program, IReadOnlyList<string> arguments, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(patience);
        using var process = new Process { StartInfo = Start(program, arguments) };
        try
        {
            process.Start();
            process.StandardInput.Close();
            var (output, error) = (ReadAsync(process.StandardOutput), ReadAsync(process.StandardError));
            await process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
            return (process.ExitCode, await output.WaitAsync(limit.Token).ConfigureAwait(false), OneLine(await error.WaitAsync(limit.Token).ConfigureAwait(false)));
        }
        catch (Win32Exception missing)
        {
            throw new SlurmSilentException($"{program} cannot be run: {missing.Message}", missing);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            process.Kill();
            throw new SlurmSilentException($"{program} did not answer within {patience.TotalSeconds:0} s");
        }
    }

    /// <summary>An environment of the commands' own: a user's SBATCH_… and SQUEUE_… would change what they do, and sbatch hands on what it has.</summary>
    private static ProcessStartInfo Start(string program, IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Clear();
        foreach (var name in (string[])["PATH", "SLURM_CONF", "HOME", "USER", "LD_LIBRARY_PATH"])
            if (Environment.GetEnvironmentVariable(name) is { } value)
                start.Environment[name] = value;
        start.Environment["SLURM_TIME_FORMAT"] = "%s";
        start.Environment["LC_ALL"] = "C";
        return start;
    }

    /// <summary>
    /// On a thread of its own: a pipe is read by a thread that waits, also when it is read asynchronously, and eight sbatch at once would hold back all that
    /// the cloud does besides, because the pool has no more threads than there are processors and adds to them slowly.
    /// </summary>
    private static Task<string> ReadAsync(StreamReader reader) =>
        Task.Factory.StartNew(reader.ReadToEnd, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>The last complaint says it best: `sbatch: error: Batch job submission failed: Invalid account …`.</summary>
    private static string OneLine(string error)
    {
        var line = error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault(text => !text.EndsWith("Unspecified error", StringComparison.Ordinal)) ?? "no answer";
        var at = Math.Max(line.LastIndexOf("error: ", StringComparison.Ordinal), line.LastIndexOf("fatal: ", StringComparison.Ordinal));
        line = at < 0 ? line : line[(at + 7)..];
        const string Failed = "Batch job submission failed: ";
        line = line.StartsWith(Failed, StringComparison.Ordinal) ? line[Failed.Length..] : line;
        return line.Length > 300 ? line[..300] + "…" : line;
    }
}
