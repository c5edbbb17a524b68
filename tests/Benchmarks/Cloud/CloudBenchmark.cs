using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Amalgam.Benchmarks.Cloud;

/// <summary>
/// `benchmarks cloud [--rounds N]`: the real executable. From `up` to the first token of the demo model, against a llama-server started on the same file;
/// memory of the idle cloud; what the gateway with its durable ledger adds to a request, against the same replica asked directly, in alternation.
/// </summary>
internal static class CloudBenchmark
{
    private const int Warmup = 4000;
    private const int PerRound = 60;

    public static async Task<int> RunAsync(string[] args)
    {
        var rounds = args is ["--rounds", var text] ? int.Parse(text, CultureInfo.InvariantCulture) : 7;
        var starts = new List<(double Ours, double? Theirs)>();
        for (var at = 0; at < 3; at++)
        {
            starts.Add((await FirstTokenAsync(), await LlamaServer.FirstTokenAsync()));
        }

        Console.WriteLine("from the command to the first token of the demo model, seconds (3 starts, median)");
        Console.WriteLine($"  amalgam up + serve demo + chat   {Median(starts.Select(start => start.Ours)):0.00}");
        Console.WriteLine(starts[0].Theirs is null
            ? "  llama-server: skipped, not installed (tools/llama-server/install)"
            : $"  llama-server + chat              {Median(starts.Select(start => start.Theirs!.Value)):0.00}   ratio {Median(starts.Select(start => start.Ours / start.Theirs!.Value)):0.00}");
        await using var cloud = await BenchmarkCloud.StartAsync();
        Console.WriteLine($"idle, nothing served: {cloud.ResidentMiB():0} MiB resident, {await cloud.IdleCpuPercentAsync():0.0} % of one core");
        await AddedAsync(cloud, rounds);
        return 0;
    }

    private static async Task<double> FirstTokenAsync()
    {
        var begun = Stopwatch.GetTimestamp();
        await using var cloud = await BenchmarkCloud.StartAsync();
        await cloud.ServeAsync();
        await BenchmarkCloud.ChatAsync(cloud.Gateway, stream: true);
        return Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    private static async Task AddedAsync(BenchmarkCloud cloud, int rounds)
    {
        await cloud.ServeAsync();
        Console.WriteLine($"demo served: {cloud.ResidentMiB():0} MiB control plane and gateway, {cloud.ReplicaMiB:0} MiB replica");
        var direct = new List<double>();
        var through = new List<double>();
        var cpu = new List<double>();
        for (var round = -1; round < rounds; round++)
        {
            var count = round < 0 ? Warmup : PerRound;
            var one = await TimesAsync(cloud.Replica, count);
            var before = cloud.CpuMs();
            var two = await TimesAsync(cloud.Gateway, count);
            if (round >= 0)
            {
                direct.Add(Median(one));
                through.Add(Median(two));
                cpu.Add((cloud.CpuMs() - before) * 1000 / count);
            }
        }

        Console.WriteLine($"one token answers, one at a time, {rounds} rounds of {PerRound} in alternation, medians");
        Console.WriteLine($"  replica directly      {Median(direct):0.000} ms");
        Console.WriteLine($"  through the gateway   {Median(through):0.000} ms   ratio {Median(through.Zip(direct, (a, b) => a / b)):0.00}, added {Median(through.Zip(direct, (a, b) => a - b)):0.000} ms (the charge's fsync included)");
        Console.WriteLine($"  processor time of the cloud per request   {Median(cpu):0} microseconds");
    }

    private static async Task<List<double>> TimesAsync(HttpClient target, int count)
    {
        var times = new List<double>();
        for (var at = 0; at < count; at++)
        {
            var begun = Stopwatch.GetTimestamp();
            await BenchmarkCloud.ChatAsync(target, stream: false);
            times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }

        return times;
    }

    internal static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }
}

/// <summary>`amalgam up` on a data directory of its own.</summary>
internal sealed class BenchmarkCloud : IAsyncDisposable
{
    private const string Body = """{"model":"demo","messages":[{"role":"user","content":"What is 17 + 25?"}],"max_tokens":1,"temperature":0""";

    private readonly Process _process;
    private readonly string _folder;

    private BenchmarkCloud(Process process, string folder, string url)
    {
        (_process, _folder) = (process, folder);
        Gateway = Client(url, File.ReadAllText(Path.Combine(folder, "data", "admin.key")).Trim());
    }

    public HttpClient Gateway { get; }

    public HttpClient Replica { get; private set; } = null!;

    public double ReplicaMiB { get; private set; }

    public static async Task<BenchmarkCloud> StartAsync(string? fleet = null)
    {
        var folder = Directory.CreateTempSubdirectory("amalgam-bench-").FullName;
        var start = new ProcessStartInfo(Repository.Program, ["up", "--data", Path.Combine(folder, "data"), "--listen", "127.0.0.1:0", .. Fleet(folder, fleet)]) { RedirectStandardOutput = true };
        start.Environment["XDG_CONFIG_HOME"] = Path.Combine(folder, "config");
        var process = Process.Start(start)!;
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.TrimStart().StartsWith("address", StringComparison.Ordinal))
            {
                _ = process.StandardOutput.ReadToEndAsync();
                return new BenchmarkCloud(process, folder, line.Trim()["address".Length..].Trim());
            }
        }

        throw new InvalidOperationException("the cloud did not start: run ./amalgam up to see why");
    }

    private static string[] Fleet(string folder, string? fleet)
    {
        if (fleet is null) return [];
        var file = Path.Combine(folder, "fleet.yaml");
        File.WriteAllText(file, fleet);
        return ["--fleet", file];
    }

    public async Task ServeAsync()
    {
        using var made = await Gateway.PostAsync("/api/v1/services", new StringContent("""{"model":"demo"}"""));
        made.EnsureSuccessStatusCode();
        while (true)
        {
            using var view = JsonDocument.Parse(await Gateway.GetStringAsync("/api/v1/workloads/demo"));
            if (view.RootElement.GetProperty("readyMembers").GetInt32() > 0)
            {
                var lease = view.RootElement.GetProperty("leases")[0];
                var secret = Convert.FromHexString(File.ReadAllText(Path.Combine(_folder, "data", "secret")).Trim());
                var key = Convert.ToHexStringLower(HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(lease.GetProperty("id").GetString()!)));
                Replica = Client(lease.GetProperty("address").GetString()!, key);
                ReplicaMiB = lease.GetProperty("residentMiB").GetInt64();
                return;
            }

            await Task.Delay(10);
        }
    }

    public static async Task ChatAsync(HttpClient target, bool stream)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent($"{Body},\"stream\":{(stream ? "true" : "false")}}}", Encoding.UTF8, "application/json") };
        using var answer = await target.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        answer.EnsureSuccessStatusCode();
        await answer.Content.ReadAsStringAsync();
    }

    public double ResidentMiB()
    {
        _process.Refresh();
        return _process.WorkingSet64 / 1048576.0;
    }

    public double CpuMs()
    {
        _process.Refresh();
        return _process.TotalProcessorTime.TotalMilliseconds;
    }

    public async Task<double> IdleCpuPercentAsync()
    {
        await Task.Delay(3000);
        var before = CpuMs();
        await Task.Delay(5000);
        return (CpuMs() - before) / 50;
    }

    public async ValueTask DisposeAsync()
    {
        using (Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]))
        {
        }

        await _process.WaitForExitAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static HttpClient Client(string url, string key)
    {
        var client = new HttpClient { BaseAddress = new Uri(url) };
        client.DefaultRequestHeaders.Authorization = new("Bearer", key);
        return client;
    }
}
