using System.Text.Json;
using System.Text.Json.Serialization;

namespace Amalgam.Core.Journal;

/// <summary>The format of a record's body on disk: compact UTF-8 JSON, null members left out.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(JournalBody))]
public sealed partial class JournalJson : JsonSerializerContext
{
    public static byte[] Write(JournalRecord record) =>
        JsonSerializer.SerializeToUtf8Bytes(new JournalBody(record.AtMs, record.By, record.Event), Default.JournalBody);

    /// <summary>Throws <see cref="JsonException"/> for a body that is not of this format or of a newer one.</summary>
    public static JournalRecord Read(long sequence, ReadOnlySpan<byte> body)
    {
        var read = JsonSerializer.Deserialize(body, Default.JournalBody) ?? throw new JsonException("empty record");
        return new JournalRecord(sequence, read.At, read.By, read.Event);
    }
}

/// <summary>What the hash chain covers, besides the sequence number and the hash before.</summary>
public sealed record JournalBody(long At, Actor By, JournalEvent Event);
