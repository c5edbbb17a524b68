using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Amalgam.Gateway.Errors;

namespace Amalgam.Gateway.Responses;

/// <summary>
/// A request to `/v1/responses`, translated to chat completions: text in, text out, nothing kept. What cannot be honoured is refused by
/// name, because a parameter that is silently dropped looks like a wrong answer.
/// </summary>
internal sealed class ResponsesRequest
{
    private ResponsesRequest(JsonElement root, ReadOnlyMemory<byte> chatBody)
    {
        Root = root;
        ChatBody = chatBody;
    }

    /// <summary>What the client sent: the answer repeats parts of it.</summary>
    public JsonElement Root { get; }

    public ReadOnlyMemory<byte> ChatBody { get; }

    public static ApiError? Read(ReadOnlySpan<byte> body, out ResponsesRequest? request)
    {
        request = null;
        if (!Utf8.IsValid(body)) return Refusals.InvalidUtf8;
        try
        {
            return Parse(body, out request);
        }
        catch (JsonException e)
        {
            return Refusals.MalformedJson(e.LineNumber ?? 0, e.BytePositionInLine ?? 0, "it does not parse.");
        }
        catch (InvalidOperationException)
        {
            // How the reader reports an escape that is no character, and nothing else here.
            return Refusals.BrokenEscape;
        }
    }

    private static ApiError? Parse(ReadOnlySpan<byte> body, out ResponsesRequest? request)
    {
        request = null;
        var reader = new Utf8JsonReader(body);
        var root = JsonElement.ParseValue(ref reader);
        // Past the value only white space may follow; the reader says so by throwing.
        while (reader.Read())
        {
        }
        if (root.ValueKind != JsonValueKind.Object) return Refusals.NotAnObject;
        if (ResponsesFields.Check(root) is { } error) return error;
        var chat = new ArrayBufferWriter<byte>(body.Length + 256);
        using (var json = new Utf8JsonWriter(chat))
        {
            if (Translate(root, json) is { } refused) return refused;
        }
        request = new ResponsesRequest(root, chat.WrittenMemory);
        return null;
    }

    private static ApiError? Translate(JsonElement root, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("model", root.GetProperty("model").GetString());
        json.WriteStartArray("messages");
        if (root.TryGetProperty("instructions", out var instructions) && instructions.ValueKind == JsonValueKind.String) WriteMessage(json, "system", instructions.GetString()!);
        if (WriteInput(json, root.GetProperty("input")) is { } error) return error;
        json.WriteEndArray();
        foreach (var (from, to) in ResponsesFields.PassedOn)
        {
            if (!root.TryGetProperty(from, out var value) || value.ValueKind == JsonValueKind.Null) continue;
            json.WritePropertyName(to);
            value.WriteTo(json);
        }
        json.WriteEndObject();
        return null;
    }

    private static ApiError? WriteInput(Utf8JsonWriter json, JsonElement input)
    {
        if (input.ValueKind == JsonValueKind.String)
        {
            WriteMessage(json, "user", input.GetString()!);
            return null;
        }
        if (input.ValueKind != JsonValueKind.Array) return Refusals.WrongType("input", "a string or an array of messages");
        var index = 0;
        foreach (var item in input.EnumerateArray())
        {
            if (WriteItem(json, item, string.Create(CultureInfo.InvariantCulture, $"input[{index++}]")) is { } error) return error;
        }
        return index == 0 ? Refusals.WrongValue("input", "at least one message") : null;
    }

    private static ApiError? WriteItem(Utf8JsonWriter json, JsonElement item, string path)
    {
        if (item.ValueKind != JsonValueKind.Object) return Refusals.WrongType(path, "a message object");
        var type = Text(item, "type") ?? "message";
        if (type != "message") return Refusals.Unsupported($"{path}.type", $"'{path}' is of type '{type}'. Only messages with text are supported here.");
        var role = Text(item, "role");
        if (role is not ("user" or "assistant" or "system" or "developer")) return Refusals.WrongValue($"{path}.role", "user, assistant, system or developer");
        if (!item.TryGetProperty("content", out var content)) return Refusals.Missing($"{path}.content");
        if (ReadText(content, path, out var text) is { } error) return error;
        // The chat templates of open models know 'system', not its later name 'developer'.
        WriteMessage(json, role == "developer" ? "system" : role, text);
        return null;
    }

    private static ApiError? ReadText(JsonElement content, string path, out string text)
    {
        text = "";
        if (content.ValueKind == JsonValueKind.String)
        {
            text = content.GetString()!;
            return null;
        }
        if (content.ValueKind != JsonValueKind.Array) return Refusals.WrongType($"{path}.content", "a string or an array of text parts");
        var all = new StringBuilder();
        foreach (var part in content.EnumerateArray())
        {
            var type = part.ValueKind == JsonValueKind.Object ? Text(part, "type") : null;
            if (type is not ("input_text" or "output_text") || Text(part, "text") is not { } piece)
                return Refusals.Unsupported($"{path}.content", $"'{path}.content' has a part of type '{type}'. Only text parts (input_text, output_text) are supported here.");
            all.Append(piece);
        }
        text = all.ToString();
        return null;
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static void WriteMessage(Utf8JsonWriter json, string role, string content)
    {
        json.WriteStartObject();
        json.WriteString("role", role);
        json.WriteString("content", content);
        json.WriteEndObject();
    }
}
