using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Amalgam.Benchmarks.Cloud;

/// <summary>
/// `benchmarks fleet [NODES [JOBS]]`: the real executable with simulated nodes of four classes, 8 devices each. What the control plane costs when idle; one-device jobs submitted over HTTP by
/// 32 clients until every one is on disk, and until every one is decided and its start acknowledged by the (simulated) engine; what a read costs then; the same jobs stopped. The yardstick
/// is the same server's `/health/live` asked by the same clients in the same run: what HTTP alone costs here.
/// </summary>
internal static class FleetBenchmark
{
    private const int Clients = 32;
    private static readonly string[] Classes = ["h100", "a100-80g", "910b", "mi300x"];

    public static async Task<int> RunAsync(string[] args)
    {
        var nodes = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 1500;
        var jobs = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 10000;
        var fleet = new StringBuilder("job_seconds: 3600\nnodes:\n");
        foreach (var chip in Classes) fleet.Append(CultureInfo.InvariantCulture, $"  - {{ chip: {chip}, count: {nodes / Classes.Length}, devices: 8, memory_mib: 65536 }}\n");
        await using var cloud = await BenchmarkCloud.StartAsync(fleet.ToString());
        Console.WriteLine($"{nodes} simulated nodes, idle: {cloud.ResidentMiB():0} MiB, {await cloud.IdleCpuPercentAsync():0.0} % of one core");
        await WarmAsync(cloud, jobs);
        var bare = await RateAsync(jobs, _ => GetAsync(cloud, "/health/live"));
        Console.WriteLine($"  /health/live              {bare:0} a second");

        var (begun, cpu) = (Stopwatch.GetTimestamp(), cloud.CpuMs());
        var accepted = await RateAsync(jobs, at => SubmitAsync(cloud, Classes[at % Classes.Length]));
        while (await LeasedAsync(cloud) < jobs) await Task.Delay(20);
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        Console.WriteLine($"  {jobs} jobs accepted       {accepted:0} a second, ratio {accepted / bare:0.00} of /health/live");
        Console.WriteLine($"  decided, durable          {jobs / seconds:0} a second, {(cloud.CpuMs() - cpu) * 1000 / jobs:0} microseconds of processor time a job");
        while (!(await cloud.Gateway.GetStringAsync("/api/v1/status")).Contains($"{jobs} members", StringComparison.Ordinal)) await Task.Delay(20);
        var started = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        Console.WriteLine($"  started by the engine     {jobs / started:0} a second (one small file each)");
        Console.WriteLine($"  holding {jobs} leases       {cloud.ResidentMiB():0} MiB, {await cloud.IdleCpuPercentAsync():0.0} % of one core");
        foreach (var path in (string[])["/api/v1/chips", "/api/v1/units", "/api/v1/workloads", "/api/v1/bill", "/api/v1/status"])
        {
            var times = new List<double>();
            for (var at = 0; at < 5; at++)
            {
                var asked = Stopwatch.GetTimestamp();
                await GetAsync(cloud, path);
                times.Add(Stopwatch.GetElapsedTime(asked).TotalMilliseconds);
            }

            Console.WriteLine($"  GET {path,-20}  {CloudBenchmark.Median(times):0} ms");
        }

        await ChurnAsync(cloud, nodes);
        return 0;
    }

    /// <summary>What the program does is compiled while it is first done; a cloud runs for months.</summary>
    private static async Task WarmAsync(BenchmarkCloud cloud, int jobs)
    {
        await RateAsync(jobs, _ => GetAsync(cloud, "/health/live"));
        await RateAsync(jobs / 2, at => SubmitAsync(cloud, Classes[at % Classes.Length]));
        using var all = JsonDocument.Parse(await cloud.Gateway.GetStringAsync("/api/v1/workloads?limit=10000"));
        var ids = all.RootElement.EnumerateArray().Select(job => job.GetProperty("id").GetString()!).ToList();
        await RateAsync(ids.Count, at => StopAsync(cloud, ids[at]));
        while (!(await cloud.Gateway.GetStringAsync("/api/v1/status")).Contains("0 leases, 0 members", StringComparison.Ordinal)) await Task.Delay(20);
    }

    /// <summary>As many jobs as there are nodes are stopped, and others submitted, in turns.</summary>
    private static async Task ChurnAsync(BenchmarkCloud cloud, int nodes)
    {
        using var all = JsonDocument.Parse(await cloud.Gateway.GetStringAsync("/api/v1/workloads"));
        var ids = all.RootElement.EnumerateArray().Take(nodes).Select(job => job.GetProperty("id").GetString()!).ToList();
        var (cpu, begun) = (cloud.CpuMs(), Stopwatch.GetTimestamp());
        await RateAsync(ids.Count * 2, at => at % 2 == 0 ? StopAsync(cloud, ids[at / 2]) : SubmitAsync(cloud, Classes[at / 2 % Classes.Length]));
        Console.WriteLine($"  churn: {ids.Count} stops and {ids.Count} submissions   {ids.Count * 2 / Stopwatch.GetElapsedTime(begun).TotalSeconds:0} a second, {(cloud.CpuMs() - cpu) * 1000 / (ids.Count * 2):0} microseconds of processor time each");
    }

    private static async Task<double> RateAsync(int count, Func<int, Task> one)
    {
        var begun = Stopwatch.GetTimestamp();
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async _ =>
        {
            for (int at; (at = Interlocked.Increment(ref next)) < count;) await one(at);
        }));
        return count / Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    private static async Task GetAsync(BenchmarkCloud cloud, string path)
    {
        using var answer = await cloud.Gateway.GetAsync(path);
        answer.EnsureSuccessStatusCode();
        await answer.Content.ReadAsByteArrayAsync();
    }

    private static async Task SubmitAsync(BenchmarkCloud cloud, string chip)
    {
        using var body = new StringContent($$"""{"command":["sleep","3600"],"chips":["{{chip}}"]}""", Encoding.UTF8, "application/json");
        using var answer = await cloud.Gateway.PostAsync("/api/v1/jobs", body);
        if (!answer.IsSuccessStatusCode) throw new InvalidOperationException(await answer.Content.ReadAsStringAsync());
    }

    private static async Task StopAsync(BenchmarkCloud cloud, string id)
    {
        using var answer = await cloud.Gateway.PostAsync($"/api/v1/workloads/{id}/stop", null);
        answer.EnsureSuccessStatusCode();
    }

    private static async Task<int> LeasedAsync(BenchmarkCloud cloud)
    {
        using var chips = JsonDocument.Parse(await cloud.Gateway.GetStringAsync("/api/v1/chips"));
        return (int)chips.RootElement.EnumerateArray().Sum(row => row.GetProperty("leased").GetDouble());
    }
}
