using System.Globalization;

namespace Amalgam.Runtime.Templates;

/// <summary>The methods of Python's texts that templates use.</summary>
internal static class TextMethods
{
    public static TemplateFunction? Of(string text, string name, RenderBudget budget) => name switch
    {
        "strip" => arguments => Strip(text, arguments, true, true),
        "lstrip" => arguments => Strip(text, arguments, true, false),
        "rstrip" => arguments => Strip(text, arguments, false, true),
        "upper" => _ => text.ToUpperInvariant(),
        "lower" => _ => text.ToLowerInvariant(),
        "title" => _ => Title(text),
        "capitalize" => _ => Capitalise(text),
        "split" => arguments => Split(text, arguments, budget, fromEnd: false),
        "rsplit" => arguments => Split(text, arguments, budget, fromEnd: true),
        "splitlines" => _ => text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n').Cast<object?>().ToList(),
        "startswith" => arguments => AnyOf(arguments, part => text.StartsWith(part, StringComparison.Ordinal)),
        "endswith" => arguments => AnyOf(arguments, part => text.EndsWith(part, StringComparison.Ordinal)),
        "removeprefix" => arguments => text.StartsWith(arguments.Text(0, "prefix"), StringComparison.Ordinal) ? text[arguments.Text(0, "prefix").Length..] : text,
        "removesuffix" => arguments => text.EndsWith(arguments.Text(0, "suffix"), StringComparison.Ordinal) ? text[..^arguments.Text(0, "suffix").Length] : text,
        "replace" => arguments => Replace(text, arguments.Text(0, "old"), arguments.Text(1, "new"), arguments.Get(2, "count") as long? ?? -1, budget, arguments.Line),
        "find" => arguments => (long)text.IndexOf(arguments.Text(0, "sub"), StringComparison.Ordinal),
        "rfind" => arguments => (long)text.LastIndexOf(arguments.Text(0, "sub"), StringComparison.Ordinal),
        "count" => arguments => arguments.Text(0, "sub") is { Length: > 0 } part ? (long)text.AsSpan().Count(part) : text.Length + 1L,
        "join" => arguments => Join(text, Values.Iterate(arguments.Get(0), arguments.Line), budget, arguments.Line),
        "isdigit" => _ => text.Length > 0 && text.All(char.IsDigit),
        "isalpha" => _ => text.Length > 0 && text.All(char.IsLetter),
        "isspace" => _ => text.Length > 0 && text.All(char.IsWhiteSpace),
        "isupper" => _ => text.Any(char.IsUpper) && !text.Any(char.IsLower),
        "islower" => _ => text.Any(char.IsLower) && !text.Any(char.IsUpper),
        _ => null,
    };

    public static string Join(string separator, IReadOnlyList<object?> items, RenderBudget budget, int line)
    {
        budget.Step(line, items.Count);
        var parts = items.Select(Values.Print).ToArray();
        return parts.Sum(part => (long)part.Length + separator.Length) <= budget.Characters + (long)separator.Length
            ? budget.Check(string.Join(separator, parts), line)
            : throw budget.TooLong(line);
    }

    public static string Replace(string text, string old, string replacement, long count, RenderBudget budget, int line)
    {
        if (old.Length == 0 || count == 0)
        {
            return text;
        }

        var times = text.AsSpan().Count(old);
        times = count >= 0 ? (int)Math.Min(times, count) : times;
        if (text.Length + ((long)times * (replacement.Length - old.Length)) > budget.Characters)
        {
            throw budget.TooLong(line);
        }

        if (count < 0)
        {
            return text.Replace(old, replacement, StringComparison.Ordinal);
        }

        var parts = text.Split(old, times + 1);
        return string.Join(replacement, parts);
    }

    public static string Capitalise(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..].ToLowerInvariant();

    public static string Title(string text) => CultureInfo.InvariantCulture.TextInfo.ToTitleCase(text.ToLowerInvariant());

    private static string Strip(string text, CallArguments arguments, bool start, bool end)
    {
        // No characters named means blanks, to Python and to .NET alike.
        var characters = (arguments.Get(0, "chars") as string)?.ToCharArray() ?? [];
        text = start ? text.TrimStart(characters) : text;
        return end ? text.TrimEnd(characters) : text;
    }

    private static List<object?> Split(string text, CallArguments arguments, RenderBudget budget, bool fromEnd)
    {
        var most = arguments.Get(1, "maxsplit") as long? ?? -1;
        var parts = arguments.Get(0, "sep") switch
        {
            null when most >= 0 => throw arguments.Error("'split' at blanks with a limit is not supported"),
            null => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries),
            string { Length: > 0 } separator => most < 0 ? text.Split(separator)
                : fromEnd ? SplitFromEnd(text, separator, most)
                : text.Split(separator, (int)Math.Min(most + 1, int.MaxValue)),
            _ => throw arguments.Error("'split' needs a text to split at"),
        };
        budget.Step(arguments.Line, parts.Length);
        return [.. parts];
    }

    private static string[] SplitFromEnd(string text, string separator, long most)
    {
        var parts = new List<string>();
        for (var index = text.LastIndexOf(separator, StringComparison.Ordinal); index >= 0 && parts.Count < most; index = text.LastIndexOf(separator, StringComparison.Ordinal))
        {
            parts.Insert(0, text[(index + separator.Length)..]);
            text = text[..index];
        }

        return [text, .. parts];
    }

    private static bool AnyOf(CallArguments arguments, Func<string, bool> holds) => arguments.Get(0) switch
    {
        string part => holds(part),
        List<object?> parts => parts.OfType<string>().Any(holds),
        _ => throw arguments.Error("the beginning or end to look for must be a text"),
    };
}
