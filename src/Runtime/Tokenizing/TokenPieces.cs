using System.Globalization;
using System.Text;

namespace Amalgam.Runtime.Tokenizing;

/// <summary>The bytes each token stands for, in one block: a piece may be part of a character, so text only comes of pieces in a row.</summary>
internal sealed class TokenPieces
{
    private readonly byte[] bytes;
    private readonly int[] starts;

    public TokenPieces(Vocabulary vocabulary, bool bytePairs)
    {
        var collected = new List<byte>(vocabulary.Count * 8);
        starts = new int[vocabulary.Count + 1];
        for (var id = 0; id < vocabulary.Count; id++)
        {
            starts[id] = collected.Count;
            Append(vocabulary.Text(id), vocabulary.Kind(id), bytePairs, collected);
            Longest = Math.Max(Longest, collected.Count - starts[id]);
        }

        starts[^1] = collected.Count;
        bytes = [.. collected];
    }

    /// <summary>Bytes of the longest piece.</summary>
    public int Longest { get; }

    public ReadOnlySpan<byte> this[int id] => bytes.AsSpan(starts[id], starts[id + 1] - starts[id]);

    private static void Append(string text, TokenKind kind, bool bytePairs, List<byte> into)
    {
        if (kind is TokenKind.Unused)
        {
            return;
        }

        if (kind is TokenKind.Byte && text.Length == 6 && byte.TryParse(text.AsSpan(3, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var raw))
        {
            into.Add(raw);
        }
        else if (kind is TokenKind.Normal && bytePairs)
        {
            AppendAlphabet(text, into);
        }
        else
        {
            into.AddRange(Encoding.UTF8.GetBytes(kind is TokenKind.Normal ? text.Replace(SentencePieceModel.BlankMark, ' ') : text));
        }
    }

    private static void AppendAlphabet(string text, List<byte> into)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.IsBmp && ByteAlphabet.TryByte((char)rune.Value, out var value))
            {
                into.Add(value);
            }
            else
            {
                into.AddRange(Encoding.UTF8.GetBytes(rune.ToString())); // not in the alphabet: show it as it is rather than lose it
            }
        }
    }
}
