using System.Text.Json;
using Amalgam.Gateway.Ports;

namespace Amalgam.Gateway.Answers;

/// <summary>What a dialect needs to know of the request it answers.</summary>
internal sealed class AnswerContext
{
    private byte[]? _modelJson;

    public required string Model { get; init; }

    public required string ChargeId { get; init; }

    public required bool IncludeUsage { get; init; }

    public required bool ContinuousUsage { get; init; }

    public required long CreatedUnixSeconds { get; init; }

    /// <summary>The object name of a chunk: `chat.completion.chunk` or `text_completion`.</summary>
    public required string ChunkObject { get; init; }

    /// <summary>The served name as a JSON string, quotes included.</summary>
    public ReadOnlyMemory<byte> ModelJson => _modelJson ??= JsonSerializer.SerializeToUtf8Bytes(Model, GatewayJson.Default.String);
}

/// <summary>How a finished request was charged.</summary>
internal readonly record struct Settled(TokenCounts Counts, ChargeReceipt Receipt, string ChipClass, string LeaseId);
