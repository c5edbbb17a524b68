using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Amalgam.Benchmarks.Cloud;

/// <summary>llama.cpp's own server on the same file, as a yardstick.</summary>
internal static class LlamaServer
{
    /// <summary>Seconds from the command to the first token; null where it is not installed.</summary>
    public static async Task<double?> FirstTokenAsync()
    {
        if (Repository.LlamaServer is not { } program)
        {
            return null;
        }

        var port = FreePort();
        var begun = Stopwatch.GetTimestamp();
        var start = new ProcessStartInfo(program, ["--model", Path.Combine(Repository.Root, "models", "demo.gguf"), "--port", $"{port}", "--ctx-size", "1024"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
            while (!await HealthyAsync(client))
            {
                await Task.Delay(10);
            }

            using var answer = await client.PostAsync("/v1/chat/completions", new StringContent("""{"messages":[{"role":"user","content":"What is 17 + 25?"}],"max_tokens":1}""", Encoding.UTF8, "application/json"));
            answer.EnsureSuccessStatusCode();
            return Stopwatch.GetElapsedTime(begun).TotalSeconds;
        }
        finally
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }
    }

    private static async Task<bool> HealthyAsync(HttpClient client)
    {
        try
        {
            using var answer = await client.GetAsync("/health");
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

internal static class Repository
{
    public static string Root { get; } = Find();

    public static string Program => Path.Combine(Root, "artifacts", "bin", "Amalgam", "release", "amalgam");

    /// <summary>Where tools/llama-server/install puts it, else on the PATH.</summary>
    public static string? LlamaServer => new[]
        {
            Path.Combine(Environment.GetEnvironmentVariable("XDG_CACHE_HOME") ?? Path.Combine(Environment.GetEnvironmentVariable("HOME") ?? "/", ".cache"), "amalgam-tests", "llama-server", "bin"),
        }
        .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'))
        .Select(folder => Path.Combine(folder, "llama-server")).FirstOrDefault(File.Exists);

    private static string Find()
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(at!.FullName, "Amalgam.slnx")))
        {
            at = at.Parent;
        }

        return at.FullName;
    }
}
