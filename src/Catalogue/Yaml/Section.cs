using System.Globalization;
using System.Text.RegularExpressions;
using Amalgam.Catalogue.Checking;
using YamlDotNet.RepresentationModel;

namespace Amalgam.Catalogue.Yaml;

/// <summary>
/// One YAML mapping, read field by field. What is missing, malformed or left unread becomes a problem with its line, so
/// that reading and checking a file are the same code and can never disagree.
/// </summary>
internal sealed class Section(YamlMappingNode node, ProblemList problems)
{
    private readonly HashSet<string> asked = [];

    public int Line => (int)node.Start.Line;

    public ProblemList Problems => problems;

    public bool Has(string key) => Find(key) is not null;

    public int LineOf(string key) => Find(key) is { } value ? (int)value.Start.Line : Line;

    public void Problem(string key, string message) => problems.Add(LineOf(key), message);

    public string? Text(string key) => Find(key) switch
    {
        null => null,
        YamlScalarNode { Value: { Length: > 0 } value } => value,
        YamlScalarNode => Wrong(key, "is empty"),
        _ => Wrong(key, "must be a text, not a list or a mapping"),
    };

    public string RequiredText(string key)
    {
        if (!Has(key))
        {
            problems.Add(Line, $"\"{key}\" is missing");
            return "";
        }
        return Text(key) ?? "";
    }

    public bool? Flag(string key) => Text(key) switch
    {
        null => null,
        "true" => true,
        "false" => false,
        var other => Report<bool?>(key, $"\"{key}\" must be true or false, not \"{other}\""),
    };

    /// <summary>A number between two bounds; the hint says which unit was meant, since a wrong unit is the usual mistake.</summary>
    public double? Number(string key, double least, double most, string hint)
    {
        if (Text(key) is not { } text)
        {
            return null;
        }
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) || !double.IsFinite(number))
        {
            return Report<double?>(key, $"\"{key}\" must be a number, not \"{text}\"; {hint}");
        }
        return number < least || number > most
            ? Report<double?>(key, $"\"{key}: {text}\" is outside {Plain(least)} to {Plain(most)}; {hint}")
            : number;
    }

    public int? Integer(string key, int least, int most, string hint)
    {
        var number = Number(key, least, most, hint);
        return number is { } value && value != Math.Floor(value)
            ? Report<int?>(key, $"\"{key}\" must be a whole number; {hint}")
            : (int?)number;
    }

    /// <summary>A list of texts; one text alone counts as a list of one.</summary>
    public IReadOnlyList<string> Texts(string key) => Find(key) switch
    {
        null => [],
        YamlScalarNode => Text(key) is { } one ? [one] : [],
        YamlSequenceNode list => list.Children.Select(child => Scalar(key, child)).OfType<string>().ToList(),
        _ => Report<IReadOnlyList<string>>(key, $"\"{key}\" must be a list of texts") ?? [],
    };

    /// <summary>A list whose elements are texts or lists of texts.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Groups(string key) => Find(key) switch
    {
        null => [],
        YamlSequenceNode list => list.Children.Select(child => Group(key, child)).ToList(),
        _ => Report<IReadOnlyList<IReadOnlyList<string>>>(key, $"\"{key}\" must be a list") ?? [],
    };

    public IReadOnlyDictionary<string, string> Map(string key)
    {
        var result = new Dictionary<string, string>();
        if (Find(key) is YamlMappingNode map)
        {
            foreach (var (name, value) in map.Children)
            {
                result[Scalar(key, name) ?? ""] = Scalar(key, value) ?? "";
            }
        }
        else if (Has(key))
        {
            Problem(key, $"\"{key}\" must be a mapping of names to values");
        }
        return result;
    }

    public Section? Child(string key) => Find(key) switch
    {
        null => null,
        YamlMappingNode map => new Section(map, problems),
        _ => Report<Section?>(key, $"\"{key}\" must be a mapping"),
    };

    /// <summary>The members of a mapping, each a section, or a text or list of texts.</summary>
    public IEnumerable<(string Name, Section? Section, IReadOnlyList<string> Texts)> Members(string key)
    {
        if (Find(key) is not YamlMappingNode map)
        {
            if (Has(key))
            {
                Problem(key, $"\"{key}\" must be a mapping");
            }
            yield break;
        }
        foreach (var (name, value) in map.Children)
        {
            yield return (
                Scalar(key, name) ?? "",
                value is YamlMappingNode inner ? new Section(inner, problems) : null,
                value is YamlMappingNode ? [] : Group(key, value));
        }
    }

    public IEnumerable<Section> Children(string key)
    {
        if (Find(key) is not YamlSequenceNode list)
        {
            if (Has(key))
            {
                Problem(key, $"\"{key}\" must be a list");
            }
            yield break;
        }
        foreach (var child in list.Children)
        {
            if (child is YamlMappingNode map)
            {
                yield return new Section(map, problems);
            }
            else
            {
                problems.Add((int)child.Start.Line, $"an element of \"{key}\" must be a mapping of fields");
            }
        }
    }

    /// <summary>A regular expression, checked when <see cref="ProblemList.ChecksPatterns"/> says so.</summary>
    public string? Pattern(string key, int groups = 0) => Text(key) is { } text ? Checked(key, text, groups) : null;

    public IReadOnlyList<string> Patterns(string key) =>
        Texts(key).Select(text => Checked(key, text, 0)).OfType<string>().ToList();

    /// <summary>Says which fields nobody asked for. Call when all known fields were read.</summary>
    public void Finish()
    {
        foreach (var (key, _) in node.Children)
        {
            if (key is YamlScalarNode { Value: { } name } && !asked.Contains(name))
            {
                problems.Add((int)key.Start.Line, $"unknown field \"{name}\"{Nearest.Hint(name, asked)}");
            }
        }
    }

    private string? Checked(string key, string pattern, int groups)
    {
        if (!problems.ChecksPatterns)
        {
            return pattern;
        }
        try
        {
            var found = new Regex(pattern).GetGroupNumbers().Length - 1;
            return found < groups
                ? Report<string?>(key, $"\"{key}\" must capture the value in a group: put parentheses around it")
                : pattern;
        }
        catch (ArgumentException wrong)
        {
            return Report<string?>(key, $"\"{key}\" is no valid regular expression: {wrong.Message}");
        }
    }

    private YamlNode? Find(string key)
    {
        asked.Add(key);
        return node.Children.TryGetValue(new YamlScalarNode(key), out var value) ? value : null;
    }

    private string? Scalar(string key, YamlNode child)
    {
        if (child is YamlScalarNode { Value: { } value })
        {
            return value;
        }
        problems.Add((int)child.Start.Line, $"an element of \"{key}\" must be a text");
        return null;
    }

    private List<string> Group(string key, YamlNode child) => child is YamlSequenceNode list
        ? list.Children.Select(element => Scalar(key, element)).OfType<string>().ToList()
        : Scalar(key, child) is { } one ? [one] : [];

    private string? Wrong(string key, string what) => Report<string?>(key, $"\"{key}\" {what}");

    private T? Report<T>(string key, string message)
    {
        Problem(key, message);
        return default;
    }

    private static string Plain(double bound) => bound.ToString("0.######", CultureInfo.InvariantCulture);
}
