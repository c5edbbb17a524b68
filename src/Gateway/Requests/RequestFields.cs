using System.Text.Json;
using Amalgam.Gateway.Errors;

namespace Amalgam.Gateway.Requests;

/// <summary>The top-level request fields that the gateway reads, and how each is checked.</summary>
internal static class RequestFields
{
    public const int Model = 0;
    public const int Stream = 1;
    public const int StreamOptions = 2;
    public const int MaxTokens = 3;
    public const int MaxCompletionTokens = 4;
    public const int N = 5;
    public const int BestOf = 6;
    public const int Content = 7;

    /// <summary>A string that carries media as a data URL is counted as this many bytes of text: its length says nothing about tokens.</summary>
    private const int MediaBytes = 2048;

    private static readonly string[] Names =
    [
        "model", "stream", "stream_options", "max_tokens", "max_completion_tokens", "n", "best_of", "",
        "temperature", "top_p", "min_p", "presence_penalty", "frequency_penalty", "repetition_penalty", "top_k", "seed",
    ];

    public static string Name(int field, string content) => field == Content ? content : Names[field];

    /// <summary>The field's number, or -1 for one that passes unread. Escaped spellings of a name are found too.</summary>
    public static int Find(ref Utf8JsonReader reader, string content)
    {
        if (reader.ValueTextEquals(content)) return Content;
        for (var i = 0; i < Names.Length; i++)
        {
            if (i != Content && reader.ValueTextEquals(Names[i])) return i;
        }
        return -1;
    }

    public static ApiError? CheckNumber(ref Utf8JsonReader reader, string name)
    {
        if (reader.TokenType == JsonTokenType.Null) return null;
        if (reader.TokenType != JsonTokenType.Number) return Refusals.WrongType(name, "a number");
        return reader.TryGetDouble(out var value) && double.IsFinite(value) ? null : Refusals.WrongValue(name, "a finite number");
    }

    /// <summary>A whole number from 1; null counts as absent (0).</summary>
    public static ApiError? ReadCount(ref Utf8JsonReader reader, string name, out long count)
    {
        count = 0;
        if (reader.TokenType == JsonTokenType.Null) return null;
        if (reader.TokenType != JsonTokenType.Number) return Refusals.WrongType(name, "a whole number");
        if (!reader.TryGetInt64(out count) || count < 1 || count > int.MaxValue) return Refusals.WrongValue(name, "a whole number from 1 to 2147483647");
        return null;
    }

    /// <summary>Bytes of all string values inside the current value; a token id of a token array counts as four bytes, so as one token.</summary>
    public static long MeasureText(ref Utf8JsonReader reader)
    {
        var depth = reader.CurrentDepth;
        long bytes = 0;
        do
        {
            if (reader.TokenType == JsonTokenType.String) bytes += reader.ValueSpan.StartsWith("data:"u8) ? MediaBytes : reader.ValueSpan.Length;
            else if (reader.TokenType == JsonTokenType.Number) bytes += 4;
        }
        while ((reader.TokenType is not (JsonTokenType.EndArray or JsonTokenType.EndObject or JsonTokenType.String) || reader.CurrentDepth > depth) && reader.Read());
        return bytes;
    }
}
