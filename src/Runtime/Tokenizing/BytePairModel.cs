using System.Buffers;
using System.Text;
using Amalgam.Runtime.Gguf;

namespace Amalgam.Runtime.Tokenizing;

/// <summary>
/// Byte-level byte-pair encoding (<c>tokenizer.ggml.model = gpt2</c>): a word starts as single bytes and the pair with the lowest rank in the list
/// of merges is joined first, the leftmost of equals, until no pair is in the list.
/// </summary>
internal sealed class BytePairModel : ITokenModel
{
    private readonly Vocabulary vocabulary;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> byText;
    private readonly WordCutter[] stages;
    private readonly bool wholeWordsFirst;
    private readonly Dictionary<(int Left, int Right), (int Rank, int Merged)> merges = [];
    private readonly List<string> symbolTexts = [];
    private readonly List<int> symbolTokens = [];
    private readonly int[] byteSymbols = new int[256];

    private readonly SymbolList symbols = new();
    private readonly PriorityQueue<(int At, int Left, int Right, int Merged), (int Rank, int At)> candidates = new();

    public BytePairModel(Vocabulary vocabulary, GgufMetadata metadata)
    {
        this.vocabulary = vocabulary;
        byText = vocabulary.BySpan();
        var family = metadata.StringOrNull("tokenizer.ggml.pre") ?? "default";
        stages = PreTokenizer.Stages(family)
            ?? throw new ModelFormatException($"The model's tokenizer cuts words in the way '{family}', which is not supported; use a model of the llama or qwen families.");
        wholeWordsFirst = IgnoresMerges(family);
        ReadMerges(metadata);
    }

    /// <summary>Families whose whole words win over the merges (llama.cpp: <c>ignore_merges</c>), and which begin a text with their begin token.</summary>
    public static bool IgnoresMerges(string family) => family is "llama-bpe" or "llama3" or "llama-v3" or "falcon3";

    public void Encode(ReadOnlySpan<char> text, List<int> tokens) => Cut(text, 0, tokens);

    private void ReadMerges(GgufMetadata metadata)
    {
        var interned = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var b = 0; b < 256; b++)
        {
            byteSymbols[b] = Intern(ByteAlphabet.Of((byte)b).ToString(), interned);
        }

        var lines = metadata.StringsOrNull("tokenizer.ggml.merges")
            ?? throw new ModelFormatException("The model file's tokenizer has no merges (metadata 'tokenizer.ggml.merges'); convert the model again.");
        for (var rank = 0; rank < lines.Length; rank++)
        {
            var line = lines[rank];
            var border = line.Length > 1 ? line.IndexOf(' ', 1) : -1;
            if (border < 0 || border == line.Length - 1)
            {
                throw new ModelFormatException($"The model file's tokenizer is damaged: merge {rank} is not a pair; convert the model again.");
            }

            var (left, right) = (line[..border], line[(border + 1)..]);
            merges.TryAdd((Intern(left, interned), Intern(right, interned)), (rank, Intern(left + right, interned)));
        }
    }

    private int Intern(string text, Dictionary<string, int> interned)
    {
        if (!interned.TryGetValue(text, out var symbol))
        {
            symbol = interned[text] = symbolTexts.Count;
            symbolTexts.Add(text);
            symbolTokens.Add(vocabulary.Find(text) ?? -1);
        }

        return symbol;
    }

    private void Cut(ReadOnlySpan<char> text, int stage, List<int> tokens)
    {
        if (stage == stages.Length)
        {
            EncodeWord(text, tokens);
            return;
        }

        while (text.Length > 0)
        {
            var length = stages[stage](text);
            Cut(text[..length], stage + 1, tokens);
            text = text[length..];
        }
    }

    private void EncodeWord(ReadOnlySpan<char> word, List<int> tokens)
    {
        var rented = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(word.Length));
        var bytes = rented.AsSpan(0, Encoding.UTF8.GetBytes(word, rented));
        if (!wholeWordsFirst || !TryWholeWord(bytes, tokens))
        {
            symbols.Clear();
            foreach (var b in bytes)
            {
                symbols.Add(byteSymbols[b], 1);
            }

            MergeAll();
            Emit(tokens);
        }

        ArrayPool<byte>.Shared.Return(rented);
    }

    private bool TryWholeWord(ReadOnlySpan<byte> bytes, List<int> tokens)
    {
        const int longest = 256;
        if (bytes.Length > longest)
        {
            return false;
        }

        Span<char> characters = stackalloc char[longest];
        for (var i = 0; i < bytes.Length; i++)
        {
            characters[i] = ByteAlphabet.Of(bytes[i]);
        }

        if (!byText.TryGetValue(characters[..bytes.Length], out var token))
        {
            return false;
        }

        tokens.Add(token);
        return true;
    }

    private void MergeAll()
    {
        candidates.Clear();
        for (var i = 0; i + 1 < symbols.All.Length; i++)
        {
            Propose(i);
        }

        while (candidates.TryDequeue(out var candidate, out _))
        {
            var all = symbols.All;
            var left = all[candidate.At];
            if (left.Length == 0 || left.Value != candidate.Left || left.Next < 0 || all[left.Next].Value != candidate.Right)
            {
                continue; // one of the two has been merged with something else since
            }

            symbols.Merge(candidate.At, candidate.Merged);
            Propose(symbols.All[candidate.At].Previous);
            Propose(candidate.At);
        }
    }

    private void Propose(int at)
    {
        var all = symbols.All;
        if (at >= 0 && all[at].Next is >= 0 and var next && merges.TryGetValue((all[at].Value, all[next].Value), out var merge))
        {
            candidates.Enqueue((at, all[at].Value, all[next].Value, merge.Merged), (merge.Rank, at));
        }
    }

    private void Emit(List<int> tokens)
    {
        foreach (var symbol in symbols.All)
        {
            if (symbol.Length == 0)
            {
                continue;
            }

            if (symbolTokens[symbol.Value] is >= 0 and var token)
            {
                tokens.Add(token);
                continue;
            }

            // A merge that is not in the vocabulary: its characters one by one, those unknown left out.
            foreach (var c in symbolTexts[symbol.Value])
            {
                if (byText.TryGetValue(new ReadOnlySpan<char>(in c), out var single))
                {
                    tokens.Add(single);
                }
            }
        }
    }
}
