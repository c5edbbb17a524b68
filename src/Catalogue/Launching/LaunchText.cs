using System.Text.Json;
using System.Text.RegularExpressions;
using Amalgam.Catalogue.Entries;

namespace Amalgam.Catalogue.Launching;

/// <summary>The values that a launch fills in; null where the caller has none, and the group that wants it is dropped.</summary>
public sealed record LaunchValues
{
    /// <summary>Path of the program that was found.</summary>
    public required string Program { get; init; }
    /// <summary>Path of the model file or folder.</summary>
    public required string Model { get; init; }
    /// <summary>Name under which the replica serves the model.</summary>
    public required string Name { get; init; }
    /// <summary>A number, or a placeholder of whoever picks the port at the start.</summary>
    public required string Port { get; init; }
    /// <summary>Loopback unless the replica must be reached from another machine.</summary>
    public string Host { get; init; } = "127.0.0.1";
    /// <summary>Tokens of context per sequence.</summary>
    public int? ContextTokens { get; init; }
    /// <summary>Sequences at the same time.</summary>
    public int? Slots { get; init; }
    /// <summary>Number of devices of the replica.</summary>
    public int Devices { get; init; } = 1;
    /// <summary>Indexes of the devices, comma separated.</summary>
    public string? DeviceIndexes { get; init; }
    public int? Threads { get; init; }
    /// <summary>A folder of the replica's own.</summary>
    public string? Folder { get; init; }
}

/// <summary>What to start: program and arguments, environment, files to write first, commands to run once it is healthy.</summary>
public sealed record LaunchPlan(
    IReadOnlyList<string> Command,
    IReadOnlyDictionary<string, string> Environment,
    IReadOnlyList<LaunchFile> Files,
    IReadOnlyList<IReadOnlyList<string>> AfterReady)
{
    /// <summary>Placeholders that a file or an after-ready command needs and that had no value: the launch must not be tried.</summary>
    public IReadOnlyList<string> MissingValues { get; init; } = [];
}

/// <summary>Fills the placeholders of a launch template. Pure: writes and starts nothing.</summary>
public static partial class LaunchText
{
    public static readonly IReadOnlyList<string> Placeholders =
        ["program", "model", "name", "port", "host", "context", "totalContext", "slots", "devices", "deviceIndexes", "deviceOrdinals", "threads", "folder"];

    /// <summary>The command line, environment and files for one replica.</summary>
    public static LaunchPlan Expand(LaunchTemplate template, LaunchValues values)
    {
        var known = Values(values);
        var command = template.Arguments
            .Where(group => group.All(part => Missing(part, known) is null))
            .SelectMany(group => group.Select(part => Fill(part, known)))
            .ToList();
        var environment = template.Environment
            .Where(pair => Missing(pair.Value, known) is null)
            .ToDictionary(pair => pair.Key, pair => Fill(pair.Value, known));
        var files = template.Files
            .Select(file => new LaunchFile(Fill(file.Path, known), Fill(file.Text, Quoted(file.Path, known))))
            .ToList();
        var afterReady = template.AfterReady
            .Select(line => (IReadOnlyList<string>)line.Select(part => Fill(part, known)).ToList())
            .ToList();
        var needed = template.Files.SelectMany(file => new[] { file.Path, file.Text }).Concat(template.AfterReady.SelectMany(line => line));
        var missing = needed.SelectMany(Names).Where(name => known.GetValueOrDefault(name) is null).Distinct().ToList();
        return new LaunchPlan(command, environment, files, afterReady) { MissingValues = missing };
    }

    /// <summary>Placeholders that no launch knows, for the checker.</summary>
    internal static IEnumerable<string> Unknown(LaunchTemplate template) =>
        template.Arguments.SelectMany(group => group)
            .Concat(template.AfterReady.SelectMany(line => line))
            .Concat(template.Environment.Values)
            .Concat(template.Files.SelectMany(file => new[] { file.Path, file.Text }))
            .SelectMany(Names)
            .Where(name => !Placeholders.Contains(name))
            .Distinct();

    private static Dictionary<string, string?> Values(LaunchValues values) => new()
    {
        ["program"] = values.Program,
        ["model"] = values.Model,
        ["name"] = values.Name,
        ["port"] = values.Port,
        ["host"] = values.Host,
        ["context"] = values.ContextTokens?.ToString(),
        // Runtimes differ: some count context per sequence, some for all sequences together.
        ["totalContext"] = ((long?)values.ContextTokens * (values.Slots ?? 1))?.ToString(),
        ["slots"] = values.Slots?.ToString(),
        ["devices"] = values.Devices.ToString(),
        ["deviceIndexes"] = values.DeviceIndexes,
        // For stacks that renumber the selected devices from zero.
        ["deviceOrdinals"] = string.Join(", ", Enumerable.Range(0, values.Devices)),
        ["threads"] = values.Threads?.ToString(),
        ["folder"] = values.Folder,
    };

    // A path with a quotation mark must not end the text that it stands in.
    private static Dictionary<string, string?> Quoted(string path, Dictionary<string, string?> known) =>
        !path.EndsWith(".json", StringComparison.Ordinal) ? known : known.ToDictionary(
            pair => pair.Key, pair => pair.Value is { } value ? JsonEncodedText.Encode(value).ToString() : null);

    private static IEnumerable<string> Names(string text) => Placeholder().Matches(text).Select(match => match.Groups[1].Value);

    private static string? Missing(string text, Dictionary<string, string?> known) => Names(text)
        .FirstOrDefault(name => known.GetValueOrDefault(name) is null);

    private static string Fill(string text, Dictionary<string, string?> known) =>
        Placeholder().Replace(text, match => known.GetValueOrDefault(match.Groups[1].Value) ?? "");

    // Letters only, so that the braces of a JSON text in a template are left alone.
    [GeneratedRegex(@"\{([A-Za-z]+)\}")]
    private static partial Regex Placeholder();
}
