using System.Text.Json;
using Amalgam.Gateway.Errors;

namespace Amalgam.Gateway.Responses;

/// <summary>Which parameters of the Responses API are honoured, and with which values.</summary>
internal static class ResponsesFields
{
    /// <summary>Responses name, chat completions name.</summary>
    public static readonly (string From, string To)[] PassedOn =
    [
        ("stream", "stream"), ("max_output_tokens", "max_tokens"), ("temperature", "temperature"), ("top_p", "top_p"), ("user", "user"),
    ];

    private const string Stateless = "Responses are not kept here.";

    public static ApiError? Check(JsonElement root)
    {
        foreach (var name in new[] { "model", "input" })
        {
            if (!root.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null) return Refusals.Missing(name);
        }
        if (root.GetProperty("model").ValueKind != JsonValueKind.String) return Refusals.WrongType("model", "a string");
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var field in root.EnumerateObject())
        {
            if (!seen.Add(field.Name)) return Refusals.Twice(field.Name);
            if (field.Value.ValueKind != JsonValueKind.Null && CheckField(field.Name, field.Value) is { } error) return error;
        }
        return null;
    }

    private static ApiError? CheckField(string name, JsonElement value) => name switch
    {
        "model" or "input" or "safety_identifier" or "prompt_cache_key" => null,
        // Checked where chat completions are checked, except for the one that is renamed on the way.
        "temperature" or "top_p" or "stream" or "user" => null,
        "max_output_tokens" => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var tokens) && tokens >= 1
            ? null
            : Refusals.WrongValue(name, "a whole number from 1"),
        "instructions" => value.ValueKind == JsonValueKind.String ? null : Refusals.WrongType(name, "a string"),
        "metadata" => value.ValueKind == JsonValueKind.Object ? null : Refusals.WrongType(name, "an object"),
        "parallel_tool_calls" => null,
        "store" => value.ValueKind == JsonValueKind.False ? null : Refusals.Unsupported(name, $"{Stateless} Leave 'store' out or set it to false."),
        "background" => value.ValueKind == JsonValueKind.False ? null : Refusals.Unsupported(name, $"{Stateless} Leave 'background' out."),
        "previous_response_id" or "conversation" => Refusals.Unsupported(name, $"{Stateless} Send the whole conversation in 'input' instead of '{name}'."),
        "tools" or "include" => value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0 ? null : Unsupported(name),
        "tool_choice" => value.ValueKind == JsonValueKind.String && value.GetString() is "auto" or "none" ? null : Unsupported(name),
        "truncation" => value.ValueKind == JsonValueKind.String && value.GetString() == "disabled" ? null : Unsupported(name),
        "service_tier" => value.ValueKind == JsonValueKind.String && value.GetString() is "auto" or "default" ? null : Unsupported(name),
        "top_logprobs" => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var top) && top == 0 ? null : Unsupported(name),
        "stream_options" => value.ValueKind == JsonValueKind.Object ? null : Refusals.WrongType(name, "an object"),
        "text" => IsPlainText(value) ? null : Refusals.Unsupported(name, "Only 'text.format' of type 'text' is supported here."),
        _ => Unsupported(name),
    };

    private static ApiError Unsupported(string name) =>
        Refusals.Unsupported(name, $"'{name}' is not supported here with this value. This endpoint takes text and answers with text; leave '{name}' out.");

    private static bool IsPlainText(JsonElement text)
    {
        if (text.ValueKind != JsonValueKind.Object) return false;
        foreach (var field in text.EnumerateObject())
        {
            if (field.Value.ValueKind == JsonValueKind.Null) continue;
            if (field.Name != "format" || field.Value.ValueKind != JsonValueKind.Object) return false;
            if (!field.Value.TryGetProperty("type", out var type) || type.ValueKind != JsonValueKind.String || type.GetString() != "text") return false;
        }
        return true;
    }
}
