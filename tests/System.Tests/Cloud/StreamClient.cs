using System.Globalization;
using System.Text.Json;
using Amalgam.Runtime.Gguf;

namespace Amalgam.SystemTests.Cloud;

/// <summary>One streamed chat, byte by byte as a client sees it: what arrived, and how it ended.</summary>
public sealed class StreamClient : IDisposable
{
    /// <summary>The demo model answers briefly: its tokens that end a text are forbidden, so that a stream lasts as long as it was asked to.</summary>
    private static readonly Dictionary<string, int> NeverEnding = Endings();

    private readonly HttpClient _client;
    private readonly CancellationTokenSource _leave = new();
    private readonly HttpResponseMessage _answer;
    private StreamReader? _lines;

    private StreamClient(HttpClient client, HttpResponseMessage answer, string requestId) => (_client, _answer, RequestId) = (client, answer, requestId);

    public string RequestId { get; }

    /// <summary>The lease that answers, where the gateway names it.</summary>
    public string? Lease => _answer.Headers.TryGetValues("x-amalgam-replica", out var values) ? values.First() : null;

    public string ChipClass => _answer.Headers.GetValues("x-amalgam-chip-class").First();

    /// <summary>What the charge of this request is called in the journal.</summary>
    public string ChargeId => _answer.Headers.GetValues("x-amalgam-charge-id").First();

    public int Tokens { get; private set; }

    public bool SawDone { get; private set; }

    public bool SawError { get; private set; }

    /// <summary>The connection broke off: neither a clean end nor an error event.</summary>
    public bool Broken { get; private set; }

    public long? UsageTokens { get; private set; }

    public static async Task<StreamClient> BeginAsync(RunningCloud cloud, string model, int maxTokens, string prompt = "tell me more and more", CancellationToken cancel = default)
    {
        var client = cloud.Client();
        var requestId = $"test-{Guid.NewGuid():N}";
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/completions")
        {
            Content = new StringContent(JsonSerializer.Serialize(new { model, prompt, max_tokens = maxTokens, stream = true, logit_bias = NeverEnding, temperature = 1.0, stream_options = new { include_usage = true } })),
        };
        request.Headers.Add("x-request-id", requestId);
        var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        return answer.IsSuccessStatusCode
            ? new StreamClient(client, answer, requestId)
            : throw new HttpRequestException($"{(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(cancel)}");
    }

    public async Task FirstTokenAsync()
    {
        while (Tokens == 0 && await NextAsync())
        {
        }
    }

    public async Task EndAsync()
    {
        while (await NextAsync())
        {
        }
    }

    public void Leave()
    {
        _leave.Cancel();
        Dispose();
    }

    public void Dispose()
    {
        _lines?.Dispose();
        _answer.Dispose();
        _client.Dispose();
    }

    private static Dictionary<string, int> Endings()
    {
        using var file = GgufFile.Open(Path.Combine(RunningCloud.RepositoryRoot, "models", "demo.gguf"));
        // <|endoftext|>, <|im_start|> and <|im_end|> are the last three tokens.
        return Enumerable.Range(file.Metadata.Integer("tokenizer.ggml.eos_token_id", 2) - 2, 3)
            .ToDictionary(token => token.ToString(CultureInfo.InvariantCulture), _ => -100);
    }

    private async Task<bool> NextAsync()
    {
        try
        {
            _lines ??= new StreamReader(await _answer.Content.ReadAsStreamAsync(_leave.Token));
            if (await _lines.ReadLineAsync(_leave.Token) is not { } line)
            {
                Broken = !SawDone && !SawError;
                return false;
            }

            Take(line);
            return true;
        }
        catch (Exception fault) when (fault is IOException or HttpRequestException or OperationCanceledException)
        {
            Broken = !SawDone && !SawError;
            return false;
        }
    }

    private void Take(string line)
    {
        if (!line.StartsWith("data: ", StringComparison.Ordinal))
        {
            return;
        }

        if (line == "data: [DONE]")
        {
            SawDone = true;
            return;
        }

        using var json = JsonDocument.Parse(line["data: ".Length..]);
        SawError |= json.RootElement.TryGetProperty("error", out _);
        Tokens += json.RootElement.TryGetProperty("choices", out var choices) && choices.GetArrayLength() > 0 ? 1 : 0;
        if (json.RootElement.TryGetProperty("usage", out var usage) && usage.ValueKind == JsonValueKind.Object)
        {
            UsageTokens = usage.GetProperty("completion_tokens").GetInt64();
        }
    }
}
