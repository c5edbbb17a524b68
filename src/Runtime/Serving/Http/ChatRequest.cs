using System.Buffers;
using System.Text.Json;
using Amalgam.Runtime.Templates;

namespace Amalgam.Runtime.Serving.Http;

/// <summary>Turns the body of <c>POST /v1/chat/completions</c> into a prompt and options.</summary>
internal static class ChatRequest
{
    private const int MostTopLogprobs = 20;

    private static readonly string[] Roles = ["system", "developer", "user", "assistant", "tool", "function"];

    public static AnswerRequest Read(JsonElement body, LoadedModel model, DateTimeOffset now)
    {
        var fields = new RequestFields(body);
        RefuseUnsupported(fields);
        var options = AnswerOptions.Read(fields, ReadLogprobs(fields), model.Tokenizer.Vocabulary);
        var most = fields.Integer("max_completion_tokens", 1, int.MaxValue) ?? fields.Integer("max_tokens", 1, int.MaxValue) ?? int.MaxValue;
        var prompt = PromptTokens.Encode(RenderPrompt(fields, model, now), model, "messages", rendered: true);
        return new AnswerRequest(IsChat: true, [prompt], (int)most, options, Echo: null);
    }

    private static void RefuseUnsupported(RequestFields fields)
    {
        fields.Refuse("tools", "Tools are not supported by this runtime; leave 'tools' out, or choose a model on another runtime.");
        fields.Refuse("audio", "Audio is not supported by this runtime; leave 'audio' out.");
        if (fields.TryGet("response_format", out var format)
            && !(format.ValueKind == JsonValueKind.Object && format.TryGetProperty("type", out var type) && type.ValueEquals("text"u8)))
        {
            throw RefusedException.Unsupported("response_format", "Only the response format 'text' is supported by this runtime; ask for JSON in the prompt and check the answer.");
        }
    }

    private static int? ReadLogprobs(RequestFields fields)
    {
        var top = (int?)fields.Integer("top_logprobs", 0, MostTopLogprobs);
        if (fields.Flag("logprobs"))
        {
            return top ?? 0;
        }

        return top is null or 0 ? null : throw RefusedException.Invalid("top_logprobs", "'top_logprobs' needs 'logprobs' to be true.");
    }

    private static string RenderPrompt(RequestFields fields, LoadedModel model, DateTimeOffset now)
    {
        using var messages = Normalise(fields.Required("messages"), model);
        fields.TryGet("chat_template_kwargs", out var options);
        try
        {
            return model.Template.Render(messages.RootElement, options, now);
        }
        catch (TemplateException error)
        {
            // Whether the template refused the order of the roles or stumbled over a field, these messages do not work with this model.
            throw RefusedException.Invalid("messages", error.Message);
        }
    }

    /// <summary>Messages as templates expect them: contents as one text each, with nothing in it that could be taken for a control token.</summary>
    private static JsonDocument Normalise(JsonElement messages, LoadedModel model)
    {
        if (messages.ValueKind != JsonValueKind.Array)
        {
            throw RequestFields.WrongType("messages", "a list of messages", messages);
        }

        if (messages.GetArrayLength() == 0)
        {
            throw RefusedException.Invalid("messages", "'messages' is empty; send at least one message.");
        }

        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            var index = 0;
            foreach (var message in messages.EnumerateArray())
            {
                WriteMessage(writer, message, $"messages[{index++}]", model);
            }

            writer.WriteEndArray();
        }

        return JsonDocument.Parse(buffer.WrittenMemory);
    }

    private static void WriteMessage(Utf8JsonWriter writer, JsonElement message, string param, LoadedModel model)
    {
        if (message.ValueKind != JsonValueKind.Object)
        {
            throw RequestFields.WrongType(param, "an object", message);
        }

        writer.WriteStartObject();
        writer.WriteString("role", RoleOf(message, param));
        foreach (var field in message.EnumerateObject())
        {
            if (field.NameEquals("content"u8))
            {
                writer.WriteString("content", model.Tokenizer.Shield(ContentOf(field.Value, param + ".content")));
            }
            else if (!field.NameEquals("role"u8) && field.Value.ValueKind != JsonValueKind.Null)
            {
                writer.WritePropertyName(field.Name);
                WriteShielded(writer, field.Value, model);
            }
        }

        writer.WriteEndObject();
    }

    private static string RoleOf(JsonElement message, string param)
    {
        if (!message.TryGetProperty("role", out var role) || role.ValueKind != JsonValueKind.String || !Roles.Contains(role.GetString()))
        {
            throw RefusedException.Invalid(param + ".role", $"'{param}.role' must be one of {string.Join(", ", Roles)}.");
        }

        // "developer" is the newer name of the same thing, and templates know only the older.
        return role.ValueEquals("developer"u8) ? "system" : role.GetString()!;
    }

    private static string ContentOf(JsonElement content, string param) => content.ValueKind switch
    {
        JsonValueKind.String => content.GetString()!,
        JsonValueKind.Null => "",
        JsonValueKind.Array => string.Join("\n", content.EnumerateArray().Select(part => PartOf(part, param))),
        _ => throw RequestFields.WrongType(param, "a text or a list of parts", content),
    };

    private static string PartOf(JsonElement part, string param)
    {
        var type = part.ValueKind == JsonValueKind.Object && part.TryGetProperty("type", out var given) && given.ValueKind == JsonValueKind.String ? given.GetString() : null;
        return type == "text" && part.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String
            ? text.GetString()!
            : throw RefusedException.Invalid(param, $"'{param}' has a part of the type '{type ?? "unknown"}'; this model takes text only.", "unsupported_content");
    }

    private static void WriteShielded(Utf8JsonWriter writer, JsonElement value, LoadedModel model)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                writer.WriteStringValue(model.Tokenizer.Shield(value.GetString()!));
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                {
                    WriteShielded(writer, item, model);
                }

                writer.WriteEndArray();
                break;
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var field in value.EnumerateObject())
                {
                    writer.WritePropertyName(model.Tokenizer.Shield(field.Name));
                    WriteShielded(writer, field.Value, model);
                }

                writer.WriteEndObject();
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }
}
