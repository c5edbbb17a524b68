using System.Text.Json;
using Amalgam.Gateway.Answers;

namespace Amalgam.Gateway.Responses;

/// <summary>The `response` object: what it repeats of the request, its one output message, its usage.</summary>
internal sealed class ResponseObject(AnswerContext context, JsonElement request)
{
    // One id to follow: the charge's own number under the prefixes that clients expect.
    private readonly string _id = "resp_" + context.ChargeId[4..];

    public string ItemId { get; } = "msg_" + context.ChargeId[4..];

    public static string StatusOf(string? finishReason) => finishReason == "length" ? "incomplete" : "completed";

    /// <summary>Without text it is a response that has just begun.</summary>
    public void Write(Utf8JsonWriter json, string status, string? text, TokenCounts? counts)
    {
        json.WriteStartObject();
        json.WriteString("id", _id);
        json.WriteString("object", "response");
        json.WriteNumber("created_at", context.CreatedUnixSeconds);
        json.WriteString("status", status);
        json.WriteNull("error");
        WriteIncomplete(json, status);
        Repeat(json, "instructions");
        Repeat(json, "max_output_tokens");
        json.WriteString("model", context.Model);
        json.WriteStartArray("output");
        if (text is not null) WriteItem(json, status, text);
        json.WriteEndArray();
        json.WriteBoolean("parallel_tool_calls", true);
        json.WriteNull("previous_response_id");
        json.WriteBoolean("store", false);
        Repeat(json, "temperature");
        WriteFixed(json);
        Repeat(json, "top_p");
        json.WriteString("truncation", "disabled");
        WriteUsage(json, counts);
        Repeat(json, "user");
        WriteMetadata(json);
        json.WriteEndObject();
    }

    public void WriteItem(Utf8JsonWriter json, string status, string? text)
    {
        json.WriteStartObject();
        json.WriteString("id", ItemId);
        json.WriteString("type", "message");
        json.WriteString("status", status);
        json.WriteString("role", "assistant");
        json.WriteStartArray("content");
        if (text is not null) WritePart(json, text);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    public static void WritePart(Utf8JsonWriter json, string text)
    {
        json.WriteStartObject();
        json.WriteString("type", "output_text");
        json.WriteString("text", text);
        json.WriteStartArray("annotations");
        json.WriteEndArray();
        json.WriteStartArray("logprobs");
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteIncomplete(Utf8JsonWriter json, string status)
    {
        if (status != "incomplete")
        {
            json.WriteNull("incomplete_details");
            return;
        }
        json.WriteStartObject("incomplete_details");
        json.WriteString("reason", "max_output_tokens");
        json.WriteEndObject();
    }

    private static void WriteFixed(Utf8JsonWriter json)
    {
        json.WriteStartObject("text");
        json.WriteStartObject("format");
        json.WriteString("type", "text");
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteString("tool_choice", "auto");
        json.WriteStartArray("tools");
        json.WriteEndArray();
    }

    private static void WriteUsage(Utf8JsonWriter json, TokenCounts? usage)
    {
        if (usage is not { } counts)
        {
            json.WriteNull("usage");
            return;
        }
        json.WriteStartObject("usage");
        json.WriteNumber("input_tokens", counts.Input);
        json.WriteStartObject("input_tokens_details");
        json.WriteNumber("cached_tokens", counts.CachedInput);
        json.WriteEndObject();
        json.WriteNumber("output_tokens", counts.Output);
        json.WriteStartObject("output_tokens_details");
        json.WriteNumber("reasoning_tokens", 0);
        json.WriteEndObject();
        json.WriteNumber("total_tokens", counts.Input + counts.Output);
        json.WriteEndObject();
    }

    private void WriteMetadata(Utf8JsonWriter json)
    {
        json.WritePropertyName("metadata");
        if (request.TryGetProperty("metadata", out var metadata) && metadata.ValueKind == JsonValueKind.Object)
        {
            metadata.WriteTo(json);
            return;
        }
        json.WriteStartObject();
        json.WriteEndObject();
    }

    private void Repeat(Utf8JsonWriter json, string name)
    {
        json.WritePropertyName(name);
        if (request.TryGetProperty(name, out var value)) value.WriteTo(json);
        else json.WriteNullValue();
    }
}
