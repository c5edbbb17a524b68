using System.Text.Json;
using Amalgam.Runtime.Gguf;
using Amalgam.Runtime.Tokenizing;

namespace Amalgam.Runtime.Templates;

/// <summary>
/// Turns messages into the text the model was trained on: the model's own template (<c>tokenizer.chat_template</c>, the part of Jinja2 that such
/// templates use), or ChatML when the vocabulary has its markers, or plain lines.
/// </summary>
public sealed class ChatTemplate
{
    private const int MostSteps = 2_000_000;
    private const int MostCharacters = 40 << 20;

    private const string ChatMl =
        "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

    private const string Plain =
        "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}";

    private readonly IReadOnlyList<Statement> statements;
    private readonly string begin;
    private readonly string end;

    private ChatTemplate(string source, string begin, string end)
    {
        Source = source;
        statements = StatementParser.Parse(source);
        (this.begin, this.end) = (begin, end);
    }

    /// <summary>The text of the template.</summary>
    public string Source { get; }

    /// <exception cref="ModelFormatException">The file's template cannot be understood.</exception>
    public static ChatTemplate Read(GgufMetadata metadata, Vocabulary vocabulary)
    {
        var source = metadata.StringOrNull("tokenizer.chat_template")
            ?? (vocabulary.Find("<|im_start|>") is not null && vocabulary.Find("<|im_end|>") is not null ? ChatMl : Plain);
        try
        {
            return new ChatTemplate(source, TextOf(vocabulary.Begin, vocabulary), TextOf(vocabulary.End, vocabulary));
        }
        catch (TemplateException error)
        {
            throw new ModelFormatException($"The model's chat template cannot be used: {error.Message}", error);
        }
    }

    /// <exception cref="TemplateException">The text is not a template of the supported kind.</exception>
    public static ChatTemplate Parse(string source, string beginToken = "", string endToken = "") => new(source, beginToken, endToken);

    /// <param name="messages">A JSON array of messages, each an object with at least a role; contents are texts.</param>
    /// <param name="options">A JSON object with further values for the template, or nothing (<see cref="JsonValueKind.Undefined"/>).</param>
    /// <exception cref="TemplateException">The template refused the messages, failed, or used up its budget.</exception>
    public string Render(JsonElement messages, JsonElement options, DateTimeOffset now, bool addGenerationPrompt = true)
    {
        var values = new Dictionary<string, object?>(StringComparer.Ordinal);
        if (options.ValueKind == JsonValueKind.Object)
        {
            foreach (var option in options.EnumerateObject())
            {
                values[option.Name] = JsonText.Read(option.Value);
            }
        }

        values["messages"] = JsonText.Read(messages);
        values["add_generation_prompt"] = addGenerationPrompt;
        values["bos_token"] = begin;
        values["eos_token"] = end;
        return Renderer.Render(statements, values, new RenderBudget(MostSteps, MostCharacters), now);
    }

    private static string TextOf(int? token, Vocabulary vocabulary) => token is { } id ? vocabulary.Text(id) : "";
}
