using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Amalgam.Runtime.Templates;

/// <summary>What a name or member that is not there gives: prints as nothing, is false, and anything done to it is an error that names it.</summary>
internal sealed record Undefined(string What);

/// <summary>A map that keeps the order of its keys, as JSON objects and Python dicts do.</summary>
internal sealed class TemplateMap
{
    private readonly OrderedDictionary<string, object?> entries = new(StringComparer.Ordinal);

    public int Count => entries.Count;

    public IEnumerable<string> Keys => entries.Keys;

    public IEnumerable<object?> Values => entries.Values;

    public object? this[string key]
    {
        set => entries[key] = value;
    }

    public bool TryGet(string key, out object? value) => entries.TryGetValue(key, out value);

    public bool Contains(string key) => entries.ContainsKey(key);

    public List<object?> Items() => [.. entries.Select(entry => (object?)new List<object?> { entry.Key, entry.Value })];
}

/// <summary>A map whose members a template may set from inside a loop.</summary>
internal sealed class TemplateNamespace
{
    public Dictionary<string, object?> Members { get; } = new(StringComparer.Ordinal);
}

/// <summary>A function that a template can call; arguments are evaluated.</summary>
internal delegate object? TemplateFunction(CallArguments arguments);

/// <summary>Evaluated arguments of a call, filter or test.</summary>
internal sealed record CallArguments(int Line, List<object?> Positional, Dictionary<string, object?>? Named)
{
    /// <summary>The argument at a place or of a name; null (none) when it was not given.</summary>
    public object? Get(int index, string? name = null, object? otherwise = null) =>
        index < Positional.Count ? Positional[index]
        : name is not null && Named is not null && Named.TryGetValue(name, out var value) ? value
        : otherwise;

    public string Text(int index, string name) =>
        Get(index, name) as string ?? throw new TemplateException(Line, $"'{name}' must be a text");

    public TemplateException Error(string message) => new(Line, message);
}

/// <summary>Python's rules for the values of a template: none, bool, whole (long), real (double), text, list, map.</summary>
internal static class Values
{
    public static bool Truthy(object? value) => value switch
    {
        null or Undefined => false,
        bool flag => flag,
        long number => number != 0,
        double number => number != 0,
        string text => text.Length > 0,
        List<object?> list => list.Count > 0,
        TemplateMap map => map.Count > 0,
        _ => true,
    };

    public static new bool Equals(object? left, object? right) => (left, right) switch
    {
        _ when !RuntimeHelpers.TryEnsureSufficientExecutionStack() => throw new TemplateException("Chat template: it compares lists that are nested too deep."),
        (null, null) or (Undefined, Undefined) => true,
        (List<object?> a, List<object?> b) => a.Count == b.Count && a.Zip(b).All(pair => Equals(pair.First, pair.Second)),
        (TemplateMap a, TemplateMap b) => a.Count == b.Count && a.Keys.All(key => b.TryGet(key, out var other) && a.TryGet(key, out var own) && Equals(own, other)),
        _ when TryNumber(left, out var a) && TryNumber(right, out var b) => a == b,
        _ => object.Equals(left, right),
    };

    public static int Compare(object? left, object? right, int line) => (left, right) switch
    {
        (string a, string b) => string.CompareOrdinal(a, b),
        _ when TryNumber(left, out var a) && TryNumber(right, out var b) => a.CompareTo(b),
        _ => throw new TemplateException(line, $"{Describe(left)} and {Describe(right)} have no order"),
    };

    public static bool TryNumber(object? value, out double number)
    {
        number = value switch { long l => l, double d => d, bool b => b ? 1 : 0, _ => double.NaN };
        return value is long or double or bool;
    }

    /// <summary>As Python's <c>str</c> would print it.</summary>
    public static string Print(object? value) => value switch
    {
        string text => text,
        Undefined => "",
        _ => Represent(value, 0),
    };

    public static string Describe(object? value) => value switch
    {
        null => "none",
        Undefined undefined => $"the undefined '{undefined.What}'",
        bool => "a truth value",
        long or double => "a number",
        string => "a text",
        List<object?> => "a list",
        TemplateMap => "a map",
        TemplateFunction => "a function",
        _ => "an object",
    };

    /// <summary>What a loop or filter goes through: the items, keys or characters.</summary>
    public static IReadOnlyList<object?> Iterate(object? value, int line) => value switch
    {
        List<object?> list => list,
        TemplateMap map => [.. map.Keys],
        string text => [.. text.EnumerateRunes().Select(rune => (object?)rune.ToString())],
        Undefined => [],
        _ => throw new TemplateException(line, $"{Describe(value)} cannot be gone through"),
    };

    public static bool Contains(object? container, object? item, int line) => container switch
    {
        string text when item is string part => text.Contains(part, StringComparison.Ordinal),
        List<object?> list => list.Exists(other => Equals(other, item)),
        TemplateMap map => item is string key && map.Contains(key),
        TemplateNamespace space => item is string name && space.Members.ContainsKey(name),
        Undefined => false,
        _ => throw new TemplateException(line, $"{Describe(container)} cannot be asked what is in it"),
    };

    public static string Number(double value)
    {
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        return double.IsFinite(value) && !text.AsSpan().ContainsAny(".eE") ? text + ".0" : text;
    }

    private static string Represent(object? value, int depth) => depth > 50 ? "..." : value switch
    {
        null => "None",
        bool flag => flag ? "True" : "False",
        long number => number.ToString(CultureInfo.InvariantCulture),
        double number => Number(number),
        string text => Quote(text),
        Undefined => "Undefined",
        List<object?> list => Join("[", list.Select(item => Represent(item, depth + 1)), "]"),
        TemplateMap map => Join("{", map.Items().Cast<List<object?>>().Select(item => $"{Quote((string)item[0]!)}: {Represent(item[1], depth + 1)}"), "}"),
        _ => $"<{Describe(value)}>",
    };

    private static string Quote(string text)
    {
        var quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        var quoted = new StringBuilder(text.Length + 2).Append(quote);
        foreach (var c in text)
        {
            _ = c switch
            {
                '\n' => quoted.Append("\\n"),
                '\t' => quoted.Append("\\t"),
                '\r' => quoted.Append("\\r"),
                '\\' => quoted.Append("\\\\"),
                _ when c == quote => quoted.Append('\\').Append(c),
                _ => quoted.Append(c),
            };
        }

        return quoted.Append(quote).ToString();
    }

    private static string Join(string open, IEnumerable<string> parts, string close) => open + string.Join(", ", parts) + close;
}
