using System.Buffers;
using System.Globalization;
using System.Text;

namespace Amalgam.Runtime.Tokenizing;

/// <summary>Cuts the first word off a text that is not empty; returns its length in UTF-16 units, at least 1.</summary>
internal delegate int WordCutter(ReadOnlySpan<char> text);

/// <summary>
/// The word borders that byte pairs may not cross. The families differ in a regular expression; here each is a scanner over code points with
/// the same result, because .NET's expressions see UTF-16 halves and would take a letter beyond U+FFFF for a symbol.
/// </summary>
internal static class PreTokenizer
{
    private static readonly SearchValues<char> NewLines = SearchValues.Create("\r\n");

    /// <summary>The stages of a family (<c>tokenizer.ggml.pre</c>): each cuts what the one before it left; null when the family is not known.</summary>
    public static WordCutter[]? Stages(string family) => family switch
    {
        "default" => [Punctuation, Gpt2, DigitRun, ThreeDigits],
        "gpt-2" or "phi-2" or "mpt" or "olmo" or "jais" or "jina-es" or "jina-de" or "roberta-bpe" => [Gpt2],
        "llama-bpe" or "llama3" or "llama-v3" or "falcon3" or "smaug-bpe" => [text => Llama3(text, 3)],
        "qwen2" or "deepseek-r1-qwen" or "stablelm2" or "megrez" => [text => Llama3(text, 1)],
        "smollm" or "starcoder" or "refact" or "command-r" => [SingleDigit, Gpt2],
        _ => null,
    };

    /// <summary><c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c></summary>
    public static int Gpt2(ReadOnlySpan<char> text)
    {
        var contraction = Contraction(text, ignoreCase: false);
        if (contraction > 0)
        {
            return contraction;
        }

        var lead = text[0] == ' ' ? 1 : 0;
        var next = ClassAt(text, lead, out _);
        return next is CharClass.Letter or CharClass.Number or CharClass.Other ? lead + RunOf(text[lead..], next) : SpaceRun(text);
    }

    /// <summary>
    /// <c>(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+</c>
    /// with <paramref name="digits"/> for the 3.
    /// </summary>
    public static int Llama3(ReadOnlySpan<char> text, int digits)
    {
        var contraction = Contraction(text, ignoreCase: true);
        if (contraction > 0)
        {
            return contraction;
        }

        var first = ClassAt(text, 0, out var firstLength);
        if (first == CharClass.Number)
        {
            return NumberRun(text, digits);
        }

        if (first == CharClass.Letter)
        {
            return RunOf(text, CharClass.Letter);
        }

        if (!NewLines.Contains(text[0]) && ClassAt(text, firstLength, out _) == CharClass.Letter)
        {
            return firstLength + RunOf(text[firstLength..], CharClass.Letter);
        }

        var lead = text[0] == ' ' ? 1 : 0;
        if (ClassAt(text, lead, out _) == CharClass.Other)
        {
            var end = lead + RunOf(text[lead..], CharClass.Other);
            var rest = text[end..].IndexOfAnyExcept(NewLines);
            return rest < 0 ? text.Length : end + rest;
        }

        var spaces = RunOf(text, CharClass.Space);
        var lastNewLine = text[..spaces].LastIndexOfAny(NewLines);
        return lastNewLine >= 0 ? lastNewLine + 1 : SpaceRun(text);
    }

    private static int Contraction(ReadOnlySpan<char> text, bool ignoreCase)
    {
        if (text.Length < 2 || text[0] != '\'')
        {
            return 0;
        }

        var lower = ignoreCase ? 0x20 : 0;
        var first = (char)(text[1] | lower);
        if (first is 's' or 't' or 'm' or 'd')
        {
            return 2;
        }

        var second = text.Length > 2 ? (char)(text[2] | lower) : '\0';
        return (first, second) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 3 : 0;
    }

    /// <summary><c>\s+(?!\S)|\s+</c>: a run before a word leaves its last blank to the word.</summary>
    private static int SpaceRun(ReadOnlySpan<char> text)
    {
        var run = RunOf(text, CharClass.Space);
        return run > 1 && run < text.Length ? run - 1 : Math.Max(run, 1);
    }

    private static int NumberRun(ReadOnlySpan<char> text, int most)
    {
        var end = 0;
        for (var n = 0; n < most && ClassAt(text, end, out var length) == CharClass.Number; n++)
        {
            end += length;
        }

        return end;
    }

    private static int SingleDigit(ReadOnlySpan<char> text) => UntilOr(text, static (c, _) => c == CharClass.Number, 1);

    private static int DigitRun(ReadOnlySpan<char> text) => UntilOr(text, static (c, _) => c == CharClass.Number, int.MaxValue);

    private static int Punctuation(ReadOnlySpan<char> text) => UntilOr(text, static (_, rune) => IsPunctuation(rune), int.MaxValue);

    /// <summary>One run (at most so many) of characters that match, or else everything before the first that does.</summary>
    private static int UntilOr(ReadOnlySpan<char> text, Func<CharClass, Rune, bool> match, int most)
    {
        var (end, count) = (0, 0);
        var matching = false;
        while (end < text.Length)
        {
            Rune.DecodeFromUtf16(text[end..], out var rune, out var length);
            var matches = match(ClassOf(rune), rune);
            matching = end == 0 ? matches : matching;
            if (matches != matching || (matching && count == most))
            {
                break;
            }

            (end, count) = (end + length, count + 1);
        }

        return end;
    }

    private static int ThreeDigits(ReadOnlySpan<char> text)
    {
        for (var i = 0; i + 3 <= text.Length; i++)
        {
            if (char.IsAsciiDigit(text[i]) && char.IsAsciiDigit(text[i + 1]) && char.IsAsciiDigit(text[i + 2]))
            {
                return i == 0 ? 3 : i;
            }
        }

        return text.Length;
    }

    private static bool IsPunctuation(Rune rune) =>
        Rune.IsPunctuation(rune) || (rune.IsAscii && "$+<=>^~|".Contains((char)rune.Value, StringComparison.Ordinal));

    private static int RunOf(ReadOnlySpan<char> text, CharClass wanted)
    {
        var end = 0;
        while (ClassAt(text, end, out var length) == wanted)
        {
            end += length;
        }

        return end;
    }

    private static CharClass ClassAt(ReadOnlySpan<char> text, int index, out int length)
    {
        if (index >= text.Length)
        {
            length = 0;
            return CharClass.None;
        }

        Rune.DecodeFromUtf16(text[index..], out var rune, out length);
        return ClassOf(rune);
    }

    private static CharClass ClassOf(Rune rune)
    {
        if (rune.IsAscii)
        {
            var c = (char)rune.Value;
            return char.IsAsciiLetter(c) ? CharClass.Letter
                : char.IsAsciiDigit(c) ? CharClass.Number
                : c is ' ' or (>= '\t' and <= '\r') ? CharClass.Space
                : CharClass.Other;
        }

        return Rune.GetUnicodeCategory(rune) switch
        {
            <= UnicodeCategory.OtherLetter => CharClass.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => CharClass.Number,
            UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => CharClass.Space,
            _ => rune.Value == 0x85 ? CharClass.Space : CharClass.Other,
        };
    }

    private enum CharClass
    {
        None,
        Letter,
        Number,
        Space,
        Other,
    }
}
