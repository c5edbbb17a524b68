using System.Text;

namespace Amalgam.Runtime.Tokenizing;

/// <summary>
/// SentencePiece merges (<c>tokenizer.ggml.model = llama</c>): characters are joined to the vocabulary entry of the highest score first, the
/// leftmost of equals; what is in no entry becomes its UTF-8 bytes.
/// </summary>
internal sealed class SentencePieceModel : ITokenModel
{
    /// <summary>Stands for a blank inside vocabulary entries.</summary>
    public const char BlankMark = '\u2581';

    private readonly Vocabulary vocabulary;
    private readonly float[] scores;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> byText;
    private readonly int[] byteTokens = new int[256];
    private readonly SymbolList symbols = new();
    private readonly PriorityQueue<(int At, int Length), (float NegativeScore, int At)> candidates = new();
    private char[] buffer = new char[256];

    public SentencePieceModel(Vocabulary vocabulary)
    {
        this.vocabulary = vocabulary;
        scores = vocabulary.Scores ?? new float[vocabulary.Count];
        byText = vocabulary.BySpan();
        for (var b = 0; b < 256; b++)
        {
            byteTokens[b] = vocabulary.Find($"<0x{b:X2}>") ?? vocabulary.Find(((char)b).ToString()) ?? vocabulary.Unknown ?? -1;
        }
    }

    public void Encode(ReadOnlySpan<char> text, List<int> tokens)
    {
        if (buffer.Length < text.Length)
        {
            buffer = new char[Math.Max(text.Length, buffer.Length * 2)];
        }

        text.Replace(buffer, ' ', BlankMark);
        symbols.Clear();
        for (var at = 0; at < text.Length;)
        {
            Rune.DecodeFromUtf16(text[at..], out _, out var length);
            symbols.Add(at, length);
            at += length;
        }

        MergeAll();
        foreach (var symbol in symbols.All)
        {
            if (symbol.Length > 0)
            {
                Emit(buffer.AsSpan(symbol.Value, symbol.Length), tokens);
            }
        }
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
            if (left.Length == 0 || left.Next < 0 || left.Length + all[left.Next].Length != candidate.Length)
            {
                continue; // one of the two has been merged with something else since
            }

            symbols.Merge(candidate.At, left.Value);
            Propose(symbols.All[candidate.At].Previous);
            Propose(candidate.At);
        }
    }

    private void Propose(int at)
    {
        var all = symbols.All;
        if (at < 0 || all[at].Next < 0)
        {
            return;
        }

        var length = all[at].Length + all[all[at].Next].Length;
        if (byText.TryGetValue(buffer.AsSpan(all[at].Value, length), out var token))
        {
            candidates.Enqueue((at, length), (-scores[token], at));
        }
    }

    private void Emit(ReadOnlySpan<char> piece, List<int> tokens)
    {
        if (byText.TryGetValue(piece, out var token))
        {
            tokens.Add(token);
            return;
        }

        Span<byte> bytes = stackalloc byte[8];
        foreach (var b in bytes[..Encoding.UTF8.GetBytes(piece, bytes)])
        {
            if (byteTokens[b] >= 0)
            {
                tokens.Add(byteTokens[b]);
            }
        }
    }
}
