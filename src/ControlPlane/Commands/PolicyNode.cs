using System.Collections.Immutable;
using System.Globalization;
using YamlDotNet.RepresentationModel;

namespace Amalgam.ControlPlane.Commands;

/// <summary>Something wrong in a file of rules, with its place.</summary>
internal sealed class PolicyProblem(long? line, string field, string message) : Exception(message)
{
    public long? Line { get; } = line;

    public string Field { get; } = field;
}

/// <summary>One field of a rule with its place in the file.</summary>
internal sealed class PolicyNode(string name, string path, YamlNode key, YamlNode node)
{
    public string Name { get; } = name;

    public bool IsMap => node is YamlMappingNode;

    public PolicyProblem Wrong(string what) => new(key.Start.Line, path, what);

    /// <param name="known">Null = any names.</param>
    public PolicyMap Map(params string[]? known) => new(node, path, known);

    public string Text() => node is YamlScalarNode { Value: { Length: > 0 and <= 300 } text } && !text.Any(char.IsControl) ? text : throw Wrong("one line of text is expected");

    public string Line(int most) => Text() is { } text && text.Length <= most ? text : throw Wrong($"one line of at most {most} letters is expected");

    public ImmutableArray<string> Texts() => node is YamlSequenceNode list && list.Children.Count > 0
        ? [.. list.Children.Select(item => new PolicyNode(Name, path, item, item).Text())]
        : [Text()];

    public bool YesNo() => Text() switch { "yes" or "true" => true, "no" or "false" => false, _ => throw Wrong("it is `yes` or `no`") };

    public int Whole(int least, int most) => int.TryParse(Text(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
        ? number : throw Wrong($"a whole number from {least} to {most} is expected");

    public string Date() => DateOnly.TryParseExact(Text(), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _) ? Text() : throw Wrong("a date such as 2026-12-01 is expected");

    public long Instant() => DateTimeOffset.TryParseExact(
        Text(), ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm:ssK"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at)
        ? at.ToUnixTimeMilliseconds() : throw Wrong("a date such as 2026-12-01 or 2026-12-01T08:00:00Z is expected");

    public int PercentMillionths() => Number(Text().TrimEnd('%', ' ')) is { } percent and >= 0 and <= 100 ? (int)(percent * 10_000) : throw Wrong("a share such as 80% is expected");

    public long Millionths() => Number(Text()) is { } number and >= 0 and <= 1_000_000 ? (long)(number * 1_000_000) : throw Wrong("a number such as 0.1 is expected");

    private static decimal? Number(string text) => decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number : null;
}

/// <summary>Fields by name; an unknown one is refused where it stands.</summary>
internal sealed class PolicyMap
{
    private readonly string _path;
    private readonly YamlNode _node;

    public PolicyMap(YamlNode node, string path, string[]? known)
    {
        (_node, _path) = (node, path);
        if (node is not YamlMappingNode map)
        {
            throw new PolicyProblem(node.Start.Line, path, known is { Length: > 0 } ? $"fields are expected here: {string.Join(", ", known)}" : "fields are expected here");
        }

        All = [.. map.Children.Select(child => Field(child.Key, child.Value))];
        if (known is not null && All.FirstOrDefault(field => !known.Contains(field.Name)) is { } unknown)
        {
            throw unknown.Wrong($"there is no such field; known are {string.Join(", ", known)}");
        }
    }

    public IReadOnlyList<PolicyNode> All { get; }

    public PolicyNode? Find(string name) => All.FirstOrDefault(field => field.Name == name);

    public PolicyNode Need(string name) => Find(name) ?? throw new PolicyProblem(_node.Start.Line, Path(name), "it is missing");

    private PolicyNode Field(YamlNode key, YamlNode value) =>
        key is YamlScalarNode { Value: { Length: > 0 } name } ? new(name, Path(name), key, value) : throw new PolicyProblem(key.Start.Line, _path, "a field has a name");

    private string Path(string name) => Names.Clip(_path.Length == 0 ? name : $"{_path}.{name}");
}
