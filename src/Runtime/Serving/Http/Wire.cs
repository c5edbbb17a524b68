using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Amalgam.Runtime.Serving.Http;

/// <summary>A whole answer or one chunk of it, of either endpoint. Names are OpenAI's.</summary>
internal sealed record Answer(string Id, string Object, long Created, string Model, IReadOnlyList<Choice> Choices)
{
    public string SystemFingerprint { get; init; } = "amalgam";

    public Usage? Usage { get; init; }

    public Progress? Amalgam { get; init; }
}

internal sealed record Choice(int Index)
{
    public ChatMessage? Message { get; init; }

    public ChatMessage? Delta { get; init; }

    public string? Text { get; init; }

    public object? Logprobs { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? FinishReason { get; init; }
}

internal sealed record ChatMessage
{
    public string? Role { get; init; }

    public string? Content { get; init; }
}

internal sealed record ChatLogprobs(IReadOnlyList<ChatLogprob> Content);

internal sealed record ChatLogprob(string Token, float Logprob, int[] Bytes, IReadOnlyList<ChatTopLogprob> TopLogprobs);

internal sealed record ChatTopLogprob(string Token, float Logprob, int[] Bytes);

internal sealed record TextLogprobs(
    IReadOnlyList<string> Tokens, IReadOnlyList<float> TokenLogprobs, IReadOnlyList<Dictionary<string, float>> TopLogprobs, IReadOnlyList<int> TextOffset);

internal sealed record Usage(int PromptTokens, int CompletionTokens, int TotalTokens, PromptTokensDetails PromptTokensDetails);

internal sealed record PromptTokensDetails(int CachedTokens);

/// <summary>What had been computed when the chunk was written, so that a stream that is cut can be charged exactly.</summary>
internal sealed record Progress(int In, int Cached, int Out);

internal sealed record EmbeddingList(string Object, IReadOnlyList<EmbeddingItem> Data, string Model, EmbeddingUsage Usage);

/// <summary><see cref="Embedding"/> is a list of numbers, or base64 of their little-endian 32-bit form.</summary>
internal sealed record EmbeddingItem(string Object, int Index, object Embedding);

internal sealed record EmbeddingUsage(int PromptTokens, int TotalTokens);

internal sealed record ModelList(string Object, IReadOnlyList<ModelEntry> Data);

internal sealed record ModelEntry(string Id, string Object, long Created, string OwnedBy, int ContextLength);

internal sealed record ErrorEnvelope(ErrorBody Error);

internal sealed record ErrorBody(string Message, string Type)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Param { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Code { get; init; }
}

internal sealed record Health(string Status);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Answer))]
[JsonSerializable(typeof(ChatLogprobs))]
[JsonSerializable(typeof(TextLogprobs))]
[JsonSerializable(typeof(EmbeddingList))]
[JsonSerializable(typeof(float[]))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(ModelEntry))]
[JsonSerializable(typeof(ErrorEnvelope))]
[JsonSerializable(typeof(Health))]
internal sealed partial class WireJson : JsonSerializerContext
{
    /// <summary>With characters beyond ASCII as they are: shorter, and what clients see in any case.</summary>
    public static readonly WireJson Relaxed = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}

/// <summary>What a replica says of itself (<c>GET /stats</c>); the cloud corrects its memory estimates with it.</summary>
public sealed record RuntimeStats
{
    public required string Model { get; init; }

    public long ResidentMiB { get; init; }

    public long WeightsMiB { get; init; }

    public long KvMiB { get; init; }

    public long ScratchMiB { get; init; }

    public int Slots { get; init; }

    public int SlotsBusy { get; init; }

    public int Waiting { get; init; }

    public int ContextLength { get; init; }

    /// <summary>Tokens that lie in the key/value cache, of sequences that run and that have ended.</summary>
    public long KvTokens { get; init; }

    public long PromptTokens { get; init; }

    public long CachedTokens { get; init; }

    public long OutputTokens { get; init; }

    /// <summary>Generated tokens per second of the time the model was busy.</summary>
    public double TokensPerSecond { get; init; }

    public long Passes { get; init; }

    public double PassSeconds { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(RuntimeStats))]
internal sealed partial class StatsJson : JsonSerializerContext;
