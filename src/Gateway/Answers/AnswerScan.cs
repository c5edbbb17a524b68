using System.Text.Json;

namespace Amalgam.Gateway.Answers;

/// <summary>What the gateway reads of one answer object: a chunk of a stream or a whole body. Positions are bytes in the object.</summary>
internal struct AnswerScan
{
    public Field Model;
    public Field UsageField;
    public Field Amalgam;
    public Field Id;
    public Field Created;
    public Field Error;
    public TokenCounts Usage;
    public TokenCounts Progress;
    public bool HasUsage;
    public bool HasProgress;

    /// <summary>`choices` has at least one member.</summary>
    public bool HasChoices;

    /// <summary>Some choice carries text, a tool call or reasoning.</summary>
    public bool HasContent;
    public long ContentBytes;

    /// <summary>One top-level property: its value's range, and where the comma before its name stands (0 for the first property).</summary>
    internal readonly record struct Field(int Start, int Length, int CommaStart)
    {
        public bool Present => Length > 0;

        public int End => Start + Length;
    }

    /// <summary>False when <paramref name="json"/> is not a JSON object.</summary>
    public static bool TryRead(ReadOnlySpan<byte> json, out AnswerScan scan)
    {
        scan = default;
        var reader = new Utf8JsonReader(json);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return false;
            var previousEnd = 0;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                scan.Read(ref reader, previousEnd);
                previousEnd = (int)reader.BytesConsumed;
            }
            return reader.TokenType == JsonTokenType.EndObject;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private void Read(ref Utf8JsonReader reader, int previousEnd)
    {
        if (reader.ValueTextEquals("choices"u8)) ReadChoices(ref reader);
        else if (reader.ValueTextEquals("usage"u8)) UsageField = ReadUsage(ref reader, previousEnd);
        else if (reader.ValueTextEquals("amalgam"u8)) Amalgam = ReadProgress(ref reader, previousEnd);
        else if (reader.ValueTextEquals("model"u8)) Model = Skip(ref reader, previousEnd);
        else if (reader.ValueTextEquals("id"u8)) Id = Skip(ref reader, previousEnd);
        else if (reader.ValueTextEquals("created"u8)) Created = Skip(ref reader, previousEnd);
        else if (reader.ValueTextEquals("error"u8)) Error = SkipUnlessNull(ref reader, previousEnd);
        else Skip(ref reader, previousEnd);
    }

    private static Field Skip(ref Utf8JsonReader reader, int previousEnd)
    {
        reader.Read();
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return new Field(start, (int)reader.BytesConsumed - start, previousEnd);
    }

    private static Field SkipUnlessNull(ref Utf8JsonReader reader, int previousEnd)
    {
        var field = Skip(ref reader, previousEnd);
        return reader.TokenType == JsonTokenType.Null ? default : field;
    }

    private void ReadChoices(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }
        var depth = reader.CurrentDepth;
        var carries = false;
        while (reader.Read() && reader.CurrentDepth > depth)
        {
            HasChoices = true;
            if (reader.TokenType == JsonTokenType.PropertyName) carries = CarriesContent(ref reader);
            else if (carries && reader.TokenType == JsonTokenType.String)
            {
                ContentBytes += reader.ValueSpan.Length;
                HasContent |= reader.ValueSpan.Length > 0;
            }
        }
    }

    private static bool CarriesContent(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("content"u8) || reader.ValueTextEquals("text"u8) || reader.ValueTextEquals("reasoning_content"u8)
        || reader.ValueTextEquals("reasoning"u8) || reader.ValueTextEquals("arguments"u8) || reader.ValueTextEquals("refusal"u8);

    private Field ReadUsage(ref Utf8JsonReader reader, int previousEnd)
    {
        reader.Read();
        var start = (int)reader.TokenStartIndex;
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            Usage = ReadCounts(ref reader, "prompt_tokens"u8, "completion_tokens"u8, "cached_tokens"u8);
            HasUsage = true;
        }
        else
        {
            reader.Skip();
        }
        return new Field(start, (int)reader.BytesConsumed - start, previousEnd);
    }

    private Field ReadProgress(ref Utf8JsonReader reader, int previousEnd)
    {
        reader.Read();
        var start = (int)reader.TokenStartIndex;
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            Progress = ReadCounts(ref reader, "in"u8, "out"u8, "cached"u8);
            HasProgress = true;
        }
        else
        {
            reader.Skip();
        }
        return new Field(start, (int)reader.BytesConsumed - start, previousEnd);
    }

    /// <summary>Counts at any depth of the object: cached tokens stand one level deeper than the others.</summary>
    private static TokenCounts ReadCounts(ref Utf8JsonReader reader, ReadOnlySpan<byte> input, ReadOnlySpan<byte> output, ReadOnlySpan<byte> cached)
    {
        long inputTokens = 0, outputTokens = 0, cachedTokens = 0;
        var depth = reader.CurrentDepth;
        while (reader.Read() && reader.CurrentDepth > depth)
        {
            if (reader.TokenType != JsonTokenType.PropertyName) continue;
            if (reader.ValueTextEquals(input)) inputTokens = Count(ref reader);
            else if (reader.ValueTextEquals(output)) outputTokens = Count(ref reader);
            else if (reader.ValueTextEquals(cached)) cachedTokens = Count(ref reader);
        }
        return new TokenCounts(inputTokens, Math.Min(cachedTokens, inputTokens), outputTokens, Estimated: false);
    }

    /// <summary>Null (some runtimes send it) and nonsense count as nothing.</summary>
    private static long Count(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var count) ? Math.Clamp(count, 0, int.MaxValue) : 0;
    }
}
