using System.Text.Json;
using System.Text.Unicode;
using Amalgam.Gateway.Errors;

namespace Amalgam.Gateway.Requests;

/// <summary>What the gateway must know of a request, and where it stands in the body. Nothing else of the body is interpreted.</summary>
internal struct RequestScan
{
    public string Model;
    public int ModelStart;
    public int ModelLength;
    public bool Stream;

    /// <summary>The client asked for the usage chunk at the end of the stream.</summary>
    public bool IncludeUsage;

    /// <summary>The client asked for running usage in every chunk (an extension of the vLLM family).</summary>
    public bool ContinuousUsage;

    /// <summary>`stream_options`: where its value stands (0 = absent), and whether it is an object with members.</summary>
    public int OptionsStart;
    public int OptionsLength;
    public bool OptionsHasMembers;
    public int IncludeUsageStart;
    public int IncludeUsageLength;

    /// <summary>Output bound that the client named; 0 = none.</summary>
    public long MaxOutputTokens;
    public long Choices;

    /// <summary>Bytes of text the model reads; strings that carry media count as a fixed size.</summary>
    public long ContentBytes;
    public bool HasContent;

    /// <summary>Position right after the opening brace.</summary>
    public int BodyStart;

    private uint _seen;

    /// <summary>Reads the body once. Errors: malformed JSON with its position, missing or doubled fields, wrong types.</summary>
    public static ApiError? Read(ReadOnlySpan<byte> body, InferenceEndpoint endpoint, out RequestScan scan)
    {
        scan = new RequestScan { Model = "", Choices = 1 };
        if (!Utf8.IsValid(body)) return Refusals.InvalidUtf8;
        var reader = new Utf8JsonReader(body);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return Refusals.NotAnObject;
            scan.BodyStart = (int)reader.BytesConsumed;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (scan.Field(ref reader, endpoint) is { } error) return error;
            }
            // Past the closing brace only white space may follow; the reader says so by throwing.
            while (reader.Read())
            {
            }
        }
        catch (JsonException e)
        {
            return Refusals.MalformedJson(e.LineNumber ?? 0, e.BytePositionInLine ?? 0, Reason(e));
        }
        catch (InvalidOperationException)
        {
            // How the reader reports an escape that is no character, and nothing else here.
            return Refusals.BrokenEscape;
        }
        return scan.Complete(endpoint);
    }

    private readonly ApiError? Complete(InferenceEndpoint endpoint)
    {
        if (ModelLength == 0) return Refusals.Missing("model");
        if (!HasContent) return Refusals.Missing(endpoint.Content);
        if (Stream && !endpoint.Streams) return Refusals.Unsupported("stream", $"{endpoint.Path} does not stream. Leave 'stream' out.");
        return null;
    }

    private ApiError? Field(ref Utf8JsonReader reader, InferenceEndpoint endpoint)
    {
        var field = RequestFields.Find(ref reader, endpoint.Content);
        if (field < 0)
        {
            reader.Read();
            reader.Skip();
            return null;
        }
        var name = RequestFields.Name(field, endpoint.Content);
        // A doubled field could show the gateway one value and the replica another: governance would be bypassed.
        if ((_seen & (1u << field)) != 0) return Refusals.Twice(name);
        _seen |= 1u << field;
        reader.Read();
        return field switch
        {
            RequestFields.Model => ReadModel(ref reader),
            RequestFields.Stream => ReadStream(ref reader),
            RequestFields.StreamOptions => ReadStreamOptions(ref reader),
            RequestFields.MaxTokens or RequestFields.MaxCompletionTokens => ReadBound(ref reader, name),
            RequestFields.N or RequestFields.BestOf => ReadChoices(ref reader, name),
            RequestFields.Content => ReadContent(ref reader, endpoint),
            _ => RequestFields.CheckNumber(ref reader, name),
        };
    }

    private ApiError? ReadModel(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String) return Refusals.WrongType("model", "a string");
        Model = reader.GetString()!;
        if (Model.Length == 0) return Refusals.WrongValue("model", "the name of a model, not empty");
        ModelStart = (int)reader.TokenStartIndex;
        ModelLength = (int)reader.BytesConsumed - ModelStart;
        return null;
    }

    private ApiError? ReadStream(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null) return null;
        if (reader.TokenType is not (JsonTokenType.True or JsonTokenType.False)) return Refusals.WrongType("stream", "true or false");
        Stream = reader.GetBoolean();
        return null;
    }

    private ApiError? ReadStreamOptions(ref Utf8JsonReader reader)
    {
        OptionsStart = (int)reader.TokenStartIndex;
        if (reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.Null)) return Refusals.WrongType("stream_options", "an object");
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                OptionsHasMembers = true;
                if (ReadOption(ref reader) is { } error) return error;
            }
        }
        OptionsLength = (int)reader.BytesConsumed - OptionsStart;
        return null;
    }

    private ApiError? ReadOption(ref Utf8JsonReader reader)
    {
        var include = reader.ValueTextEquals("include_usage"u8);
        var continuous = reader.ValueTextEquals("continuous_usage_stats"u8);
        reader.Read();
        if (!include && !continuous)
        {
            reader.Skip();
            return null;
        }
        var name = include ? "stream_options.include_usage" : "stream_options.continuous_usage_stats";
        if (reader.TokenType is not (JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null)) return Refusals.WrongType(name, "true or false");
        if (continuous)
        {
            ContinuousUsage = reader.TokenType == JsonTokenType.True;
            return null;
        }
        if (IncludeUsageLength > 0) return Refusals.Twice(name);
        IncludeUsage = reader.TokenType == JsonTokenType.True;
        IncludeUsageStart = (int)reader.TokenStartIndex;
        IncludeUsageLength = (int)reader.BytesConsumed - IncludeUsageStart;
        return null;
    }

    private ApiError? ReadBound(ref Utf8JsonReader reader, string name)
    {
        if (RequestFields.ReadCount(ref reader, name, out var count) is { } error) return error;
        MaxOutputTokens = Math.Max(MaxOutputTokens, count);
        return null;
    }

    private ApiError? ReadChoices(ref Utf8JsonReader reader, string name)
    {
        if (RequestFields.ReadCount(ref reader, name, out var count) is { } error) return error;
        Choices = Math.Max(Choices, count);
        return null;
    }

    private ApiError? ReadContent(ref Utf8JsonReader reader, InferenceEndpoint endpoint)
    {
        if (endpoint.Content == "messages" && reader.TokenType != JsonTokenType.StartArray) return Refusals.WrongType("messages", "an array of messages");
        if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.StartArray)) return Refusals.WrongType(endpoint.Content, "a string or an array");
        HasContent = true;
        ContentBytes = RequestFields.MeasureText(ref reader);
        return null;
    }

    /// <summary>The reader appends its own position to the reason; ours stands in the sentence already.</summary>
    private static string Reason(JsonException e)
    {
        var cut = e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return cut < 0 ? e.Message : e.Message[..cut];
    }
}
