using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;

namespace Amalgam.Benchmarks.Gateway;

/// <summary>
/// The same upstream called directly, through the gateway (keys, limits, reservation, metering on) and through nginx if it is installed:
/// alternating in every round, after a warm-up. Processor time per request and ratios within a round are what counts; absolute times are
/// the machine's.
/// </summary>
internal static class GatewayBenchmark
{
    private const string Chat = """{"model":"bench","messages":[{"role":"system","content":"You are a helpful assistant that answers in one short sentence."},{"role":"user","content":"What is the capital of France?"}],"temperature":0.2,"max_tokens":64""";

    public static async Task<int> RunAsync(string[] args)
    {
        var rounds = args is ["--rounds", var text, ..] ? int.Parse(text, CultureInfo.InvariantCulture) : 7;
        var folder = Directory.CreateTempSubdirectory("amalgam-bench").FullName;
        using var upstream = await PeerProcess.StartAsync("direct", "upstream");
        using var gateway = await PeerProcess.StartAsync("gateway", "gateway", upstream.Address);
        using var nginx = await PeerProcess.StartNginxAsync(folder, upstream.Address);
        PeerProcess[] targets = nginx is null ? [upstream, gateway] : [upstream, gateway, nginx];
        Console.WriteLine($"targets: {string.Join(", ", targets.Select(t => t.Name))}; {rounds} rounds, medians; {Environment.ProcessorCount} cores");
        await MeasureAsync("whole, 1 at once", targets, rounds, Chat + "}", 1, 1500);
        await MeasureAsync("whole, 16 at once", targets, rounds, Chat + "}", 16, 6000);
        await MeasureAsync("stream of 64 chunks, 16 at once", targets, rounds, Chat + ",\"stream\":true}", 16, 1500);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"gateway resident: {gateway.ResidentMiB:0} MiB"));
        Directory.Delete(folder, recursive: true);
        return 0;
    }

    private static async Task MeasureAsync(string title, PeerProcess[] targets, int rounds, string body, int atOnce, int requests)
    {
        foreach (var target in targets) await RoundAsync(target, body, atOnce, requests * 2);
        var all = new List<Round[]>();
        for (var i = 0; i < rounds; i++)
        {
            var round = new Round[targets.Length];
            for (var j = 0; j < targets.Length; j++) round[(i + j) % targets.Length] = await RoundAsync(targets[(i + j) % targets.Length], body, atOnce, requests);
            all.Add(round);
        }
        Console.WriteLine();
        Console.WriteLine($"| {title} | p50 ms | added p50 ms | CPU us/request | requests/s | p50 / direct |");
        Console.WriteLine("|---|---|---|---|---|---|");
        for (var j = 0; j < targets.Length; j++)
        {
            var at = j;
            double Median(Func<Round[], double> of) => all.Select(of).Order().ElementAt(rounds / 2);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {targets[j].Name} | {Median(r => r[at].P50Ms):0.000} | {Median(r => r[at].P50Ms - r[0].P50Ms):0.000} | {Median(r => r[at].CpuMicroseconds):0} | {Median(r => r[at].PerSecond):0} | {Median(r => r[at].P50Ms / r[0].P50Ms):0.00} |"));
        }
    }

    private static async Task<Round> RoundAsync(PeerProcess target, string body, int atOnce, int requests)
    {
        using var handler = new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = atOnce, ActivityHeadersPropagator = null };
        using var client = new HttpMessageInvoker(handler);
        var bytes = Encoding.UTF8.GetBytes(body);
        var uri = new Uri(target.Address + "/v1/chat/completions");
        var times = new double[requests];
        var next = -1;
        await SendAsync(client, uri, bytes);
        var cpu = target.ProcessorTime;
        var began = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, atOnce).Select(async _ =>
        {
            int i;
            while ((i = Interlocked.Increment(ref next)) < requests)
            {
                var start = Stopwatch.GetTimestamp();
                await SendAsync(client, uri, bytes);
                times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            }
        }));
        var wall = Stopwatch.GetElapsedTime(began);
        var used = target.ProcessorTime - cpu;
        Array.Sort(times);
        return new Round(times[requests / 2], used.TotalMicroseconds / requests, requests / wall.TotalSeconds);
    }

    private static async Task SendAsync(HttpMessageInvoker client, Uri uri, byte[] body)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, uri) { Content = new ByteArrayContent(body) };
        message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "bench-key");
        using var response = await client.SendAsync(message, CancellationToken.None);
        await response.Content.CopyToAsync(Stream.Null);
        if (!response.IsSuccessStatusCode) throw new InvalidOperationException($"{uri} answered {(int)response.StatusCode}.");
    }

    private readonly record struct Round(double P50Ms, double CpuMicroseconds, double PerSecond);
}
