using System.Text;
using Amalgam.Runtime.Gguf;

namespace Amalgam.Runtime.Tokenizing;

/// <summary>Text to token ids and back, as the model file says (<c>tokenizer.ggml.*</c>), with llama.cpp's results. Safe for several threads.</summary>
public sealed class Tokenizer
{
    /// <summary>A noncharacter of Unicode, which no text needs: breaks up what looks like a control token, and is left out of the plain text again.</summary>
    private const char Breaker = '\uFDD0';

    private readonly Lock gate = new();
    private readonly ITokenModel model;
    private readonly SpecialTokens special;
    private readonly TokenPieces pieces;
    private readonly bool spacePrefix;
    private readonly bool addBegin;
    private readonly bool addEnd;

    private Tokenizer(Vocabulary vocabulary, GgufMetadata metadata, bool bytePairs)
    {
        Vocabulary = vocabulary;
        model = bytePairs ? new BytePairModel(vocabulary, metadata) : new SentencePieceModel(vocabulary);
        special = new SpecialTokens(vocabulary);
        pieces = new TokenPieces(vocabulary, bytePairs);
        spacePrefix = metadata.Flag("tokenizer.ggml.add_space_prefix", !bytePairs);
        var beginByDefault = !bytePairs || BytePairModel.IgnoresMerges(metadata.StringOrNull("tokenizer.ggml.pre") ?? "default");
        addBegin = metadata.Flag("tokenizer.ggml.add_bos_token", beginByDefault) && vocabulary.Begin is not null;
        addEnd = metadata.Flag("tokenizer.ggml.add_eos_token", false) && vocabulary.End is not null;
    }

    public Vocabulary Vocabulary { get; }

    /// <summary>Bytes of the longest piece; a text of n bytes has at least n divided by this many tokens.</summary>
    public int LongestPiece => pieces.Longest;

    /// <exception cref="ModelFormatException">The tokenizer is missing, damaged or of an unsupported kind.</exception>
    public static Tokenizer Read(GgufMetadata metadata)
    {
        var kind = metadata.StringOrNull("tokenizer.ggml.model") ?? "";
        return kind is "gpt2" or "llama"
            ? new Tokenizer(Vocabulary.Read(metadata, kind == "gpt2"), metadata, kind == "gpt2")
            : throw new ModelFormatException(kind.Length == 0
                ? "The model file has no tokenizer (metadata 'tokenizer.ggml.model'); convert the model again with its tokenizer."
                : $"The model's tokenizer is of the kind '{kind}', which is not supported; 'gpt2' (byte pairs) and 'llama' (SentencePiece) are.");
    }

    /// <param name="addSpecial">Put the begin and end tokens around the text where the model wants them.</param>
    /// <param name="parseSpecial">Take the texts of control tokens for the tokens; only for text that is trusted to steer the model.</param>
    public List<int> Encode(ReadOnlySpan<char> text, bool addSpecial, bool parseSpecial)
    {
        var tokens = new List<int>(text.Length / 3 + 4);
        lock (gate)
        {
            if (addSpecial && addBegin)
            {
                tokens.Add(Vocabulary.Begin!.Value);
            }

            EncodeParts(text, parseSpecial, tokens);
            if (addSpecial && addEnd)
            {
                tokens.Add(Vocabulary.End!.Value);
            }
        }

        return tokens;
    }

    /// <summary>
    /// Marks texts of control tokens in what a person wrote, so that <see cref="Encode"/> takes them for plain text even when it parses control tokens:
    /// nobody can end their own turn and speak as the system.
    /// </summary>
    public string Shield(string text)
    {
        var rest = text.AsSpan();
        if (special.Next(rest, control: true).Index < 0)
        {
            return text;
        }

        var shielded = new StringBuilder(text.Length + 8);
        while (special.Next(rest, control: true) is { Index: >= 0 } found)
        {
            var isControl = Vocabulary.Kind(found.Token) != TokenKind.UserDefined;
            shielded.Append(rest[..(found.Index + 1)]).Append(isControl ? $"{Breaker}" : "").Append(rest.Slice(found.Index + 1, found.Length - 1));
            rest = rest[(found.Index + found.Length)..];
        }

        return shielded.Append(rest).ToString();
    }

    /// <summary>The bytes of one token. Control tokens give none: they are not for people.</summary>
    public ReadOnlySpan<byte> Piece(int token) =>
        Vocabulary.Kind(token) is TokenKind.Control or TokenKind.Unknown ? [] : pieces[token];

    /// <summary>The bytes of one token, control tokens with their text.</summary>
    public ReadOnlySpan<byte> PieceWithControl(int token) => pieces[token];

    private void EncodeParts(ReadOnlySpan<char> text, bool parseSpecial, List<int> tokens)
    {
        var afterSpecial = true;
        while (text.Length > 0)
        {
            var (index, length, token) = special.Next(text, parseSpecial);
            var plain = index < 0 ? text : text[..index];
            if (plain.Length > 0)
            {
                EncodePlain(plain, afterSpecial && spacePrefix, tokens);
            }

            if (index < 0)
            {
                return;
            }

            tokens.Add(token);
            afterSpecial = true;
            text = text[(index + length)..];
        }
    }

    private void EncodePlain(ReadOnlySpan<char> text, bool withBlank, List<int> tokens)
    {
        text = text.Contains(Breaker) ? text.ToString().Replace($"{Breaker}", "", StringComparison.Ordinal) : text;
        model.Encode(withBlank ? string.Concat(" ", text) : text, tokens);
    }
}
