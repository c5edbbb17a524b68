using Xunit;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Amalgam.Storage;
using Amalgam.Storage.Postgres;

namespace Amalgam.SystemTests.Cloud;

/// <summary>A real cloud: the real executable in a process of its own, on a data directory and a port of its own, really killed.</summary>
public sealed partial class RunningCloud : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly List<string> _output = [];
    private Process? _process;
    private bool _killed;

    public RunningCloud(string chips = "cpu:1,cpu-scalar:1")
    {
        Chips = chips;
        Folder = Directory.CreateTempSubdirectory("amalgam-cloud-").FullName;
    }

    public static string Program => Path.Combine(RepositoryRoot, "artifacts", "bin", "Amalgam", "release", "amalgam");

    public static string RepositoryRoot { get; } = FindRoot();

    public string Chips { get; set; }

    public string Folder { get; }

    /// <summary>Added to the environment of every command, `up` included.</summary>
    public Dictionary<string, string> Variables { get; } = [];

    /// <summary>A program with its arguments that starts `up` in its place: what limits or troubles the process.</summary>
    public string[] Wrapper { get; set; } = [];

    /// <summary>Further arguments of `up`.</summary>
    public List<string> UpArguments { get; } = [];

    /// <summary>postgres://…; null = the data directory's own file.</summary>
    public string? Store { get; set; }

    /// <summary>The journal as one reads it beside the cloud.</summary>
    public IJournalStore Journal => Store is null ? new SqliteStore(Path.Combine(Data, "journal.db")) : new PostgresStore(PostgresAddress.Parse(Store));

    /// <summary>ADDR:PORT; by default any free port, another one at each start.</summary>
    public string Listen { get; set; } = "127.0.0.1:0";

    public string Data { get => field ?? Path.Combine(Folder, "data"); set; }

    public string Url { get; private set; } = "";

    public string Key => File.ReadAllText(Path.Combine(Data, "admin.key")).Trim();

    /// <summary>Between the banner and the kill.</summary>
    public bool IsUp { get; private set; }

    public int ProcessId => _process!.Id;

    public string Output
    {
        get
        {
            lock (_output)
            {
                return string.Join('\n', _output);
            }
        }
    }

    public static RunningCloud NotStarted(string chips = "cpu:1,cpu-scalar:1") => new(chips);

    public static async Task<RunningCloud> StartNewAsync(string chips = "cpu:1,cpu-scalar:1")
    {
        var cloud = new RunningCloud(chips);
        await cloud.StartAsync();
        return cloud;
    }

    /// <summary>Starts `up` and waits for its banner.</summary>
    public async Task StartAsync()
    {
        lock (_output)
        {
            _output.Clear();
        }

        _killed = false;
        _process = new Process { StartInfo = StartInfo(["up", "--data", Data, "--listen", Listen, "--chips", Chips, .. Store is null ? (string[])[] : ["--store", Store], .. UpArguments]) };
        if (Wrapper is [var program, .. var before])
        {
            _process.StartInfo.FileName = program;
            string[] arguments = [.. before, Program, .. _process.StartInfo.ArgumentList];
            _process.StartInfo.ArgumentList.Clear();
            Array.ForEach(arguments, _process.StartInfo.ArgumentList.Add);
        }

        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        await UntilAsync("the banner", () => Output.Contains("Ctrl-C stops it", StringComparison.Ordinal) || _process.HasExited);
        IsUp = Output.Contains("Ctrl-C stops it", StringComparison.Ordinal);
        Url = AddressLine().Match(Output) is { Success: true } match ? match.Groups[1].Value : throw new InvalidOperationException($"the cloud did not start:\n{Output}");
    }

    /// <summary>The CLI as a user of this cloud runs it.</summary>
    public Task<CommandRun> AmalgamAsync(params string[] arguments) => RunAsync(arguments, null, null);

    public async Task<CommandRun> RunAsync(string[] arguments, string? key, string? input)
    {
        var start = StartInfo(arguments);
        if (key is not null)
        {
            start.Environment["AMALGAM_URL"] = Url;
            start.Environment["AMALGAM_KEY"] = key;
        }

        start.RedirectStandardInput = true;
        using var process = Process.Start(start)!;
        if (input is not null)
        {
            await process.StandardInput.WriteAsync(input);
        }

        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"amalgam {string.Join(' ', arguments)} took longer than {Patience}; the cloud says:\n{Output}");
        }

        return new CommandRun(process.ExitCode, await output, await error);
    }

    /// <summary>Runs a verb that must succeed and gives back its standard output.</summary>
    public async Task<string> MustAsync(params string[] arguments)
    {
        var run = await AmalgamAsync(arguments);
        return run.ExitCode == 0 ? run.Output : throw new InvalidOperationException($"amalgam {string.Join(' ', arguments)} ended with {run.ExitCode}: {run.Error}{run.Output}\nthe cloud says:\n{Output}");
    }

    /// <summary>kill -9, without any chance to say goodbye.</summary>
    public async Task KillAsync()
    {
        IsUp = false;
        _killed = true;
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGSTOP and SIGCONT: frozen, with all its connections open.</summary>
    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", ProcessId.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Waits for the process to end by itself; false if it did not.</summary>
    public async Task<bool> ExitAsync(TimeSpan patience)
    {
        using var limit = new CancellationTokenSource(patience);
        try
        {
            await _process!.WaitForExitAsync(limit.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>SIGTERM, which does what Ctrl-C does (SIGINT is ignored by whatever a shell started in the background); gives back the exit code.</summary>
    public async Task<int> StopAsync()
    {
        using (Process.Start("kill", ["-TERM", ProcessId.ToString(CultureInfo.InvariantCulture)]))
        {
        }

        using var limit = new CancellationTokenSource(Patience);
        await _process!.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    /// <summary>The one JSON document of a listing verb.</summary>
    public async Task<JsonElement> JsonAsync(params string[] arguments)
    {
        var split = Array.IndexOf(arguments, "--") is >= 0 and var at ? at : arguments.Length;
        return JsonDocument.Parse(await MustAsync([.. arguments[..split], "--json", .. arguments[split..]])).RootElement;
    }

    /// <summary>One GET of the control API, without the cost of a process.</summary>
    public async Task<JsonElement> GetAsync(string path)
    {
        using var client = Client();
        return JsonDocument.Parse(await client.GetStringAsync(path)).RootElement;
    }

    public HttpClient Client(string? key = null)
    {
        // Closes the connection when it leaves an answer; by default .NET's client would read on for two seconds.
        var client = new HttpClient(new SocketsHttpHandler { MaxResponseDrainSize = 0 }) { BaseAddress = new Uri(Url), Timeout = Patience };
        client.DefaultRequestHeaders.Authorization = new("Bearer", key ?? Key);
        return client;
    }

    public static async Task UntilAsync(string what, Func<bool> condition) =>
        await UntilAsync(what, () => Task.FromResult(condition()));

    public static async Task UntilAsync(string what, Func<Task<bool>> condition)
    {
        var begun = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(begun) > Patience)
            {
                throw new TimeoutException($"{what} did not come within {Patience.TotalSeconds} s");
            }

            await Task.Delay(50);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            await StopAsync();
        }
        else if (_killed)
        {
            // Killed on purpose: its members live on until a start finds them. Nothing may stay behind.
            await StartAsync();
            await StopAsync();
        }

        _process?.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private ProcessStartInfo StartInfo(params string[] arguments)
    {
        var start = new ProcessStartInfo(Program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, StandardOutputEncoding = Encoding.UTF8, WorkingDirectory = Folder };
        start.Environment["XDG_CONFIG_HOME"] = Path.Combine(Folder, "config");
        start.Environment["XDG_DATA_HOME"] = Path.Combine(Folder, "share");
        start.Environment.Remove("AMALGAM_URL");
        start.Environment.Remove("AMALGAM_KEY");
        foreach (var (name, value) in Variables)
        {
            start.Environment[name] = value;
        }

        return start;
    }

    private void Keep(string? line)
    {
        if (line is not null)
        {
            lock (_output)
            {
                _output.Add(line);
            }
        }
    }

    private static string FindRoot()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Amalgam.slnx")))
            {
                return at.FullName;
            }
        }

        throw new InvalidOperationException("the tests must run inside the repository");
    }

    [GeneratedRegex(@"address\s+(http\S+)")]
    private static partial Regex AddressLine();
}

public sealed record CommandRun(int ExitCode, string Output, string Error)
{
    /// <summary>A failure that a person can act on: this exit code, exactly one line, no stack trace.</summary>
    public void RefusedWith(string part, int exitCode = 1)
    {
        Assert.True(ExitCode == exitCode, $"exit code {ExitCode}, not {exitCode}: {Error}{Output}");
        var line = Assert.Single(Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(part, line, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", line, StringComparison.Ordinal);
    }

    /// <summary>The same where lines of progress come before.</summary>
    public void RefusedWithLast(string part)
    {
        Assert.True(ExitCode == 1, $"exit code {ExitCode}, not 1: {Error}{Output}");
        var line = Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
        Assert.StartsWith("amalgam: ", line, StringComparison.Ordinal);
        Assert.Contains(part, line, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", Error, StringComparison.Ordinal);
    }
}
