using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Amalgam.SystemTests.Gateway.Rig;

/// <summary>What a replica saw of one request: the oracle that charges are held against.</summary>
internal sealed class Seen
{
    public int Emitted;
    public string Body = "";
    public string? Authorization;
    public bool Progress;

    /// <summary>What a held cut waits for: a cut may throw away bytes under way, so a test that counts them has received them first.</summary>
    public readonly TaskCompletionSource CutNow = new(TaskCreationOptions.RunContinuationsAsynchronously);
    public readonly TaskCompletionSource Cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    public readonly TaskCompletionSource Arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>
/// A real HTTP server that behaves like a runtime, well or badly: the model name says how. `max_tokens` says how many one-token chunks
/// come; every word of the request's text is one input token. It counts what it emitted per request id.
/// </summary>
internal sealed class FakeReplica : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Func<string, string, string>? _modeOf;

    private FakeReplica(WebApplication app, string name, Func<string, string, string>? modeOf)
    {
        _app = app;
        _modeOf = modeOf;
        Name = name;
    }

    public string Name { get; }

    public string Address => _app.Urls.First();

    public ConcurrentDictionary<string, Seen> Requests { get; } = new();

    /// <param name="modeOf">Request id and replica name to mode; null = the model's name is the mode.</param>
    public static async Task<FakeReplica> StartAsync(string name, Func<string, string, string>? modeOf = null, int port = 0)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}").ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);
        var app = builder.Build();
        var replica = new FakeReplica(app, name, modeOf);
        app.MapPost("/v1/{**path}", (RequestDelegate)replica.ServeAsync);
        app.MapGet("/health", () => "well");
        await app.StartAsync();
        return replica;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task ServeAsync(HttpContext http)
    {
        var id = http.Request.Headers["x-request-id"].ToString();
        var seen = Requests.GetOrAdd(id, _ => new Seen());
        using var reader = new StreamReader(http.Request.Body);
        seen.Body = await reader.ReadToEndAsync();
        seen.Authorization = http.Request.Headers.Authorization;
        seen.Progress = http.Request.Headers["x-amalgam-progress"] == "1";
        seen.Arrived.TrySetResult();
        http.RequestAborted.Register(() => seen.Cancelled.TrySetResult());
        using var json = JsonDocument.Parse(seen.Body);
        var root = json.RootElement;
        var mode = _modeOf?.Invoke(id, Name) ?? root.GetProperty("model").GetString()!;
        if (await RefusedAsync(http, mode)) return;
        var path = http.Request.Path.Value!;
        try
        {
            if (path.EndsWith("/embeddings", StringComparison.Ordinal)) await EmbedAsync(http, root, seen);
            else if (root.TryGetProperty("stream", out var stream) && stream.ValueKind == JsonValueKind.True) await new FakeStream(http, root, mode, seen).RunAsync();
            else await WholeAsync(http, root, mode, seen);
        }
        catch (OperationCanceledException)
        {
            // The other side left.
        }
    }

    private static async Task<bool> RefusedAsync(HttpContext http, string mode)
    {
        switch (mode)
        {
            case "limited":
                http.Response.Headers.RetryAfter = "7";
                await FailAsync(http, 429, "slow down");
                return true;
            case "broken":
                await FailAsync(http, 500, "out of memory on device 3");
                return true;
            case "draining":
                await FailAsync(http, 503, "draining");
                return true;
            case "too-long":
                await FailAsync(http, 400, "This model's context is 64 tokens, the request has 65.");
                return true;
            case "hang":
                await Task.Delay(Timeout.Infinite, http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return true;
            case "reset":
                http.Abort();
                return true;
            default:
                return false;
        }
    }

    private static async Task FailAsync(HttpContext http, int status, string message)
    {
        http.Response.StatusCode = status;
        await http.Response.WriteAsJsonAsync(new { error = new { message, type = "upstream", code = "from_replica", param = (string?)null } });
    }

    private static async Task WholeAsync(HttpContext http, JsonElement root, string mode, Seen seen)
    {
        var tokens = root.TryGetProperty("max_tokens", out var most) ? most.GetInt32() : 3;
        await FakeStream.DelayAsync(root, http.RequestAborted);
        Interlocked.Add(ref seen.Emitted, tokens);
        var chat = http.Request.Path.Value!.EndsWith("chat/completions", StringComparison.Ordinal);
        var text = string.Join(' ', Enumerable.Range(0, tokens).Select(i => "w" + i.ToString(CultureInfo.InvariantCulture)));
        var body = new StringBuilder("{\"id\":\"cmpl-1\",\"object\":\"").Append(chat ? "chat.completion" : "text_completion").Append("\",\"created\":1700000000,\"model\":\"upstream-name\",")
            .Append("\"choices\":[{\"index\":0,\"finish_reason\":\"").Append(root.TryGetProperty("max_tokens", out _) ? "length" : "stop").Append("\",\"logprobs\":null,")
            .Append(chat ? $"\"message\":{{\"role\":\"assistant\",\"content\":\"{text}\"}}" : $"\"text\":\"{text}\"").Append("}]");
        if (mode != "no-usage") body.Append(CultureInfo.InvariantCulture, $",\"usage\":{FakeStream.Usage(root, tokens)}");
        body.Append('}');
        http.Response.ContentType = "application/json";
        var bytes = Encoding.UTF8.GetBytes(body.ToString());
        http.Response.ContentLength = bytes.Length;
        if (mode == "cut-body")
        {
            await http.Response.Body.WriteAsync(bytes.AsMemory(0, bytes.Length / 2), http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);
            http.Abort();
            return;
        }
        await http.Response.Body.WriteAsync(bytes, http.RequestAborted);
    }

    private static async Task EmbedAsync(HttpContext http, JsonElement root, Seen seen)
    {
        var vector = new float[] { 0.25f, -0.5f, 1f };
        var base64 = root.TryGetProperty("encoding_format", out var format) && format.GetString() == "base64";
        var embedding = base64 ? (object)Convert.ToBase64String(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(vector)) : vector;
        seen.Emitted = 0;
        var tokens = FakeStream.CountInput(root);
        await http.Response.WriteAsJsonAsync(new
        {
            @object = "list",
            model = "upstream-name",
            data = new[] { new { @object = "embedding", index = 0, embedding } },
            usage = new { prompt_tokens = tokens, total_tokens = tokens },
        });
    }
}
