using Amalgam.Runtime.Gguf;

namespace Amalgam.Runtime.Tokenizing;

/// <summary>The entries of a model's tokenizer and the ids with a meaning, read from <c>tokenizer.ggml.*</c> as llama.cpp reads them.</summary>
public sealed class Vocabulary
{
    /// <summary>Texts that end a turn in one model family or another (llama.cpp's list of end-of-generation tokens).</summary>
    private static readonly string[] EndTexts =
    [
        "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<end_of_turn>", "<|endoftext|>", "<|eom_id|>",
        "< EOT >", "_<EOT>", "<end_of_utterance>", "<｜end▁of▁sentence｜>",
    ];

    private readonly string[] texts;
    private readonly TokenKind[] kinds;
    private readonly Dictionary<string, int> ids;
    private readonly HashSet<int> ends = [];

    private Vocabulary(string[] texts, TokenKind[] kinds, float[]? scores, GgufMetadata metadata, bool bytePairs)
    {
        (this.texts, this.kinds, Scores) = (texts, kinds, scores);
        ids = new Dictionary<string, int>(texts.Length, StringComparer.Ordinal);
        for (var id = 0; id < texts.Length; id++)
        {
            ids[texts[id]] = id;
        }

        Begin = IdOrNull(metadata, "bos", bytePairs ? 11 : 1);
        End = IdOrNull(metadata, "eos", bytePairs ? 11 : 2);
        Unknown = IdOrNull(metadata, "unknown", bytePairs ? null : 0);
        CollectEnds(metadata);
    }

    public int Count => texts.Length;

    /// <summary>Log probabilities that order the merges of a SentencePiece model; null for byte pairs.</summary>
    public float[]? Scores { get; }

    public int? Begin { get; }

    public int? End { get; }

    public int? Unknown { get; }

    /// <summary>Every token after which a text is finished: end of text, of turn, of message.</summary>
    public IReadOnlySet<int> Ends => ends;

    /// <exception cref="ModelFormatException">The lists are missing or do not fit together.</exception>
    public static Vocabulary Read(GgufMetadata metadata, bool bytePairs)
    {
        var texts = metadata.StringsOrNull("tokenizer.ggml.tokens");
        if (texts is null or { Length: 0 })
        {
            throw new ModelFormatException("The model file has no tokenizer (metadata 'tokenizer.ggml.tokens'); convert the model again with its tokenizer.");
        }

        var types = metadata.IntegersOrNull("tokenizer.ggml.token_type");
        var scores = metadata.RealsOrNull("tokenizer.ggml.scores");
        if ((types is not null && types.Length != texts.Length) || (scores is not null && scores.Length != texts.Length))
        {
            throw new ModelFormatException("The model file's tokenizer is damaged: its lists of tokens, types and scores differ in length; convert the model again.");
        }

        var kinds = new TokenKind[texts.Length];
        for (var id = 0; id < kinds.Length; id++)
        {
            kinds[id] = types is null ? TokenKind.Normal : types[id] is > 0 and <= 6 ? (TokenKind)types[id] : TokenKind.Undefined;
        }

        return new Vocabulary(texts, kinds, bytePairs ? null : scores ?? new float[texts.Length], metadata, bytePairs);
    }

    public string Text(int id) => texts[id];

    public TokenKind Kind(int id) => kinds[id];

    public int? Find(string text) => ids.TryGetValue(text, out var id) ? id : null;

    internal Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> BySpan() => ids.GetAlternateLookup<ReadOnlySpan<char>>();

    private int? IdOrNull(GgufMetadata metadata, string name, int? otherwise)
    {
        var id = metadata.IntegerOrNull($"tokenizer.ggml.{name}_token_id") ?? otherwise;
        return id >= 0 && id < texts.Length ? (int)id : null;
    }

    private void CollectEnds(GgufMetadata metadata)
    {
        foreach (var text in EndTexts)
        {
            if (ids.TryGetValue(text, out var id))
            {
                // Some files mark their turn marker as ordinary text; it would then be shown to people, so it is made a control token.
                ends.Add(id);
                kinds[id] = TokenKind.Control;
            }
        }

        foreach (var id in new[] { End, IdOrNull(metadata, "eot", null), IdOrNull(metadata, "eom", null) })
        {
            if (id is { } known)
            {
                ends.Add(known);
            }
        }
    }
}
