using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Amalgam.SystemTests.Cloud.Kill;

/// <summary>What one request came to, as its client saw it.</summary>
/// <param name="Received">Tokens whose bytes arrived.</param>
/// <param name="Whole">Not streamed.</param>
internal sealed record Received(string RequestId, int Asked, int Tokens, bool Done, bool Broken, int Status, bool Whole, string? Code);

/// <summary>Clients that ask again and again, wherever the cloud listens now and whether it is there or not; everything that each received is kept.</summary>
internal sealed class TornClient(RunningCloud cloud, string key, int seed) : IDisposable
{
    private readonly HttpClient _client = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromSeconds(10), ConnectTimeout = TimeSpan.FromSeconds(2) }) { Timeout = TimeSpan.FromSeconds(60) };
    private readonly Random _random = new(seed);

    public async Task AskAsync(ConcurrentQueue<Received> received, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var id = $"t-{Guid.NewGuid():N}";
            var (asked, whole) = (1 + _random.Next(_random.Next(4) == 0 ? 400 : 60), _random.Next(5) == 0);
            try
            {
                received.Enqueue(await AskAsync(id, asked, _random.Next(0, 5), whole, stop));
            }
            catch (Exception fault) when (fault is HttpRequestException or System.Net.Sockets.SocketException or OperationCanceledException or IOException or UriFormatException)
            {
                // Nothing came back: the cloud was not there, or died before it answered.
                received.Enqueue(new Received(id, asked, 0, false, true, 0, whole, null));
                await UpAgainAsync(stop);
            }
        }
    }

    public async Task<Received> AskAsync(string id, int tokens, int delayMs, bool whole, CancellationToken stop)
    {
        var body = JsonSerializer.Serialize(new { model = "demo", prompt = "one two three", max_tokens = tokens, stream = !whole, x_delay_ms = delayMs });
        using var request = new HttpRequestMessage(HttpMethod.Post, cloud.Url + "/v1/completions") { Content = new StringContent(body) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        request.Headers.Add("x-request-id", id);
        using var answer = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
        var status = (int)answer.StatusCode;
        if (status != 200 || whole)
        {
            using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(stop));
            var code = json.RootElement.TryGetProperty("error", out var error) ? error.GetProperty("code").GetString() : null;
            var count = code is null ? json.RootElement.GetProperty("usage").GetProperty("completion_tokens").GetInt32() : 0;
            return new Received(id, tokens, count, status == 200, false, status, whole, code);
        }

        return await ReadAsync(id, tokens, answer, stop);
    }

    /// <summary>Refused connections by the thousand would only take the processor from the cloud that starts.</summary>
    private async Task UpAgainAsync(CancellationToken stop)
    {
        for (var turn = 0; turn < 1000 && !stop.IsCancellationRequested && !cloud.IsUp; turn++)
        {
            await Task.Delay(20, CancellationToken.None);
        }

        await Task.Delay(20, CancellationToken.None);
    }

    public void Dispose() => _client.Dispose();

    private static async Task<Received> ReadAsync(string id, int asked, HttpResponseMessage answer, CancellationToken stop)
    {
        var (tokens, done) = (0, false);
        try
        {
            using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(stop));
            while (await lines.ReadLineAsync(stop) is { } line)
            {
                done |= line == "data: [DONE]";
                tokens += line.Contains("\"text\":\"w", StringComparison.Ordinal) ? 1 : 0;
            }
        }
        catch (Exception fault) when (fault is IOException or HttpRequestException or OperationCanceledException)
        {
            // Torn: what came before counts.
        }

        return new Received(id, asked, tokens, done, !done, 200, false, null);
    }
}
