namespace Core.Tests.Runtime.Tokenizing;

/// <summary>Small vocabularies of both kinds, in the form model files have them; the same on every machine.</summary>
internal static class SampleVocabularies
{
    /// <summary>Their byte-pair merges, left to right, are the merges of the vocabulary.</summary>
    private static readonly string[] Words =
    [
        " the", " hello", "hello", "world", " world", "ing", "tion", "'s", "'t", "123", "45", "  ", "    ", "\n\n", " \n", "é", "日本", "😀", " don", "==", "!!", "...",
        "def", " return", "ab", "bc", "abc", " ab", "ñ", "ø", "ing ", "\t\t", "<|", "|>",
    ];

    private static readonly string[] Pieces =
    [
        "▁", "▁the", "▁hello", "hello", "▁world", "wor", "ld", "ing", "tion", "he", "ll", "lo", "▁a", "ab", "bc", "abc", "é", "日", "日本", "▁▁", "▁▁▁▁", "th", "er", "in", "t", "h", "e",
        "l", "o", "w", "r", "d", "a", "b", "c", "i", "n", "g", "s", "▁t", "▁th", ".", ",", "!", "1", "2", "12",
    ];

    public static readonly string[] Kinds = ["llama-bpe", "qwen2", "gpt-2", "default", "smollm", "sentencepiece"];

    public static KeyValuePair<string, object>[] Metadata(string kind) => [.. (kind == "sentencepiece" ? SentencePiece() : BytePairs(kind))];

    private static Dictionary<string, object> BytePairs(string family)
    {
        var tokens = Enumerable.Range(0, 256).Select(b => Alphabet((byte)b).ToString()).ToList();
        var merges = new List<string>();
        foreach (var word in Words)
        {
            AddMerges(string.Concat(System.Text.Encoding.UTF8.GetBytes(word).Select(Alphabet)), tokens, merges);
        }

        var normal = tokens.Count;
        tokens.AddRange(["<|begin|>", "<|eot_id|>", "<think>", "<|im_end|>"]);
        return new Dictionary<string, object>
        {
            ["general.architecture"] = "llama",
            ["tokenizer.ggml.model"] = "gpt2",
            ["tokenizer.ggml.pre"] = family,
            ["tokenizer.ggml.tokens"] = tokens.ToArray(),
            ["tokenizer.ggml.token_type"] = Enumerable.Repeat(1, normal).Concat([3, 3, 4, 3]).ToArray(),
            ["tokenizer.ggml.merges"] = merges.ToArray(),
            ["tokenizer.ggml.bos_token_id"] = (uint)normal,
            ["tokenizer.ggml.eos_token_id"] = (uint)normal + 1,
        };
    }

    private static void AddMerges(string word, List<string> tokens, List<string> merges)
    {
        for (var length = 1; length < word.Length; length++)
        {
            var merge = $"{word[..length]} {word[length]}";
            if (!merges.Contains(merge))
            {
                merges.Add(merge);
                if (!tokens.Contains(word[..(length + 1)]))
                {
                    tokens.Add(word[..(length + 1)]);
                }
            }
        }
    }

    private static Dictionary<string, object> SentencePiece()
    {
        string[] tokens = ["<unk>", "<s>", "</s>", .. Enumerable.Range(0, 256).Select(b => $"<0x{b:X2}>"), .. Pieces, "<custom>"];
        return new Dictionary<string, object>
        {
            ["general.architecture"] = "llama",
            ["tokenizer.ggml.model"] = "llama",
            ["tokenizer.ggml.tokens"] = tokens,
            ["tokenizer.ggml.scores"] = Enumerable.Repeat(0f, 259).Concat(Enumerable.Range(0, Pieces.Length).Select(i => -(i * 7 % 23) - 1f)).Append(0f).ToArray(),
            ["tokenizer.ggml.token_type"] = Enumerable.Repeat(2, 1).Concat(Enumerable.Repeat(3, 2)).Concat(Enumerable.Repeat(6, 256)).Concat(Enumerable.Repeat(1, Pieces.Length)).Append(4).ToArray(),
            ["tokenizer.ggml.bos_token_id"] = 1u,
            ["tokenizer.ggml.eos_token_id"] = 2u,
            ["tokenizer.ggml.unknown_token_id"] = 0u,
        };
    }

    private static char Alphabet(byte value)
    {
        int[] printable = [.. Enumerable.Range('!', 94), .. Enumerable.Range(0xA1, 12), .. Enumerable.Range(0xAE, 82)];
        return printable.Contains(value) ? (char)value : (char)(256 + Enumerable.Range(0, value).Count(b => !printable.Contains(b)));
    }
}
