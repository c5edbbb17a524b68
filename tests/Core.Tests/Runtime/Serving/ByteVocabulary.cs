using Amalgam.Runtime.Gguf;
using Amalgam.Runtime.Templates;
using Amalgam.Runtime.Tokenizing;

namespace Core.Tests.Runtime.Serving;

/// <summary>A vocabulary of the 256 bytes (token b is byte b) and three control tokens, in the form model files have it.</summary>
internal static class ByteVocabulary
{
    public const int TurnBegin = 256;
    public const int TurnEnd = 257;
    public const int TextEnd = 258;
    public const int Count = 259;

    public const string ChatTemplate =
        "{% for message in messages %}{% if message.role == 'tool' %}{{ raise_exception('no tools here') }}{% endif %}"
        + "<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

    public static Dictionary<string, object> Metadata() => new()
    {
        ["tokenizer.ggml.model"] = "gpt2",
        ["tokenizer.ggml.pre"] = "qwen2",
        ["tokenizer.ggml.tokens"] = Enumerable.Range(0, 256).Select(b => Alphabet(b).ToString()).Concat(["<|im_start|>", "<|im_end|>", "<|endoftext|>"]).ToArray(),
        ["tokenizer.ggml.token_type"] = Enumerable.Repeat(1, 256).Concat([3, 3, 3]).ToArray(),
        ["tokenizer.ggml.merges"] = Array.Empty<string>(),
        ["tokenizer.ggml.eos_token_id"] = (uint)TurnEnd,
        ["tokenizer.ggml.bos_token_id"] = (uint)TextEnd,
        ["tokenizer.ggml.add_bos_token"] = false,
        ["tokenizer.chat_template"] = ChatTemplate,
    };

    public static (Tokenizer Tokenizer, ChatTemplate Template) Read(IReadOnlyDictionary<string, object>? changes = null)
    {
        using var file = Written(changes);
        var tokenizer = Tokenizer.Read(file.Metadata);
        return (tokenizer, Amalgam.Runtime.Templates.ChatTemplate.Read(file.Metadata, tokenizer.Vocabulary));
    }

    private static GgufFile Written(IReadOnlyDictionary<string, object>? changes)
    {
        var metadata = Metadata();
        foreach (var (key, value) in changes ?? new Dictionary<string, object>())
        {
            metadata[key] = value;
        }

        return TemporaryGguf.Open([.. metadata]);
    }

    /// <summary>GPT-2's printable stand-in for a byte, computed in the way its authors did: the printable ones first, then the rest from U+0100.</summary>
    private static char Alphabet(int value)
    {
        int[] printable = [.. Enumerable.Range('!', 94), .. Enumerable.Range(0xA1, 12), .. Enumerable.Range(0xAE, 82)];
        return printable.Contains(value) ? (char)value : (char)(256 + Enumerable.Range(0, value).Count(b => !printable.Contains(b)));
    }
}
