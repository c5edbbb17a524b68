using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Amalgam.SystemTests.Gateway.Rig;

/// <summary>One stream of a <see cref="FakeReplica"/>. Modes with a number, as `cut:3`, act after that many tokens.</summary>
internal sealed class FakeStream(HttpContext http, JsonElement root, string mode, Seen seen)
{
    private readonly string _mode = mode.Split(':')[0];
    private readonly int _at = mode.Contains(':', StringComparison.Ordinal) ? int.Parse(mode.Split(':')[1], CultureInfo.InvariantCulture) : -1;
    private readonly bool _chat = http.Request.Path.Value!.EndsWith("chat/completions", StringComparison.Ordinal);
    private readonly int _tokens = root.TryGetProperty("max_tokens", out var most) ? most.GetInt32() : 3;
    private readonly bool _asked = root.TryGetProperty("stream_options", out var options) && options.TryGetProperty("include_usage", out var include) && include.GetBoolean();

    public async Task RunAsync()
    {
        http.Response.ContentType = "text/event-stream";
        await http.Response.StartAsync(http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
        if (_mode == "slow-first") await Task.Delay(150, http.RequestAborted);
        if (_mode == "comments") await SendAsync(": still here\n\n");
        for (var i = 0; i < _tokens; i++)
        {
            if (await BreaksAsync(i)) return;
            await DelayAsync(root, http.RequestAborted);
            Interlocked.Increment(ref seen.Emitted);
            await DataAsync(Chunk(Word(i), null, i + 1));
        }
        if (await BreaksAsync(_tokens)) return;
        var reason = root.TryGetProperty("max_tokens", out _) ? "length" : "stop";
        await DataAsync(Chunk(null, reason, _tokens, _mode == "usage-in-finish" ? Usage(root, _tokens) : null));
        if (_asked && _mode is not ("usage-in-finish" or "no-usage"))
            await DataAsync($"{{\"id\":\"cmpl-1\",\"object\":\"x\",\"created\":1700000000,\"model\":\"upstream-name\",\"choices\":[],\"usage\":{Usage(root, _tokens)}}}");
        if (_mode != "no-done") await DataAsync("[DONE]");
    }

    public static string Usage(JsonElement root, int output)
    {
        var input = CountInput(root);
        return string.Create(CultureInfo.InvariantCulture, $"{{\"prompt_tokens\":{input},\"completion_tokens\":{output},\"total_tokens\":{input + output},\"prompt_tokens_details\":{{\"cached_tokens\":1}}}}");
    }

    public static int CountInput(JsonElement root)
    {
        foreach (var name in new[] { "messages", "prompt", "input" })
        {
            if (root.TryGetProperty(name, out var content)) return content.GetRawText().Split(' ').Length;
        }
        return 0;
    }

    public static Task DelayAsync(JsonElement root, CancellationToken cancel) =>
        root.TryGetProperty("x_delay_ms", out var delay) ? Task.Delay(delay.GetInt32(), cancel) : Task.CompletedTask;

    private async Task<bool> BreaksAsync(int done)
    {
        if (_at != done) return false;
        if (_mode == "held-cut") await seen.CutNow.Task;
        if (_mode is "cut" or "held-cut") http.Abort();
        else if (_mode == "error") await DataAsync("{\"error\":{\"message\":\"device lost\",\"type\":\"server_error\",\"code\":\"device_lost\"}}");
        else if (_mode == "garbage") await DataAsync("{not json");
        else if (_mode == "stall") await Task.Delay(Timeout.Infinite, http.RequestAborted);
        else return false;
        return true;
    }

    private string Word(int i) => _mode == "big" ? new string('x', 64 * 1024) : string.Create(CultureInfo.InvariantCulture, $"w{i} ");

    private string Chunk(string? text, string? finish, int done, string? usage = null)
    {
        var reason = finish is null ? "null" : $"\"{finish}\"";
        var part = _chat
            ? text is null ? "\"delta\":{}" : $"\"delta\":{{\"role\":\"assistant\",\"content\":{JsonSerializer.Serialize(text)}}}"
            : $"\"text\":{JsonSerializer.Serialize(text ?? "")}";
        var kind = _chat ? "chat.completion.chunk" : "text_completion";
        var progress = seen.Progress ? string.Create(CultureInfo.InvariantCulture, $",\"amalgam\":{{\"in\":{CountInput(root)},\"cached\":1,\"out\":{done}}}") : "";
        var tail = usage is null ? "" : $",\"usage\":{usage}";
        return $"{{\"id\":\"cmpl-1\",\"object\":\"{kind}\",\"created\":1700000000,\"model\":\"upstream-name\",\"choices\":[{{\"index\":0,{part},\"finish_reason\":{reason}}}]{progress}{tail}}}";
    }

    private Task DataAsync(string data) => SendAsync(_mode == "crlf" ? $"data: {data}\r\n\r\n" : $"data: {data}\n\n");

    private async Task SendAsync(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var step = _mode == "dribble" ? 7 : bytes.Length;
        for (var from = 0; from < bytes.Length; from += step)
        {
            await http.Response.Body.WriteAsync(bytes.AsMemory(from, Math.Min(step, bytes.Length - from)), http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);
        }
    }
}
