using System.Text.Json.Serialization;

namespace Amalgam.Catalogue.Entries;

/// <summary>A vendor's command and how its output is read: all data, no code per vendor.</summary>
public sealed record DetectionTool
{
    public required string Id { get; init; }
    /// <summary>The program (searched on the PATH, then in <see cref="Directories"/>) and its arguments.</summary>
    public required IReadOnlyList<string> Command { get; init; }
    /// <summary>Folders where the vendor installs the program outside the PATH.</summary>
    public IReadOnlyList<string> Directories { get; init; } = [];
    /// <summary>Another vendor ships a program of the same name: a failure counts only when the chip is seen on the bus.</summary>
    public bool SharedName { get; init; }
    public required OutputFormat Format { get; init; }
    /// <summary>json: path to the devices, where <c>*</c> stands for every element or member.</summary>
    public string? Items { get; init; }
    /// <summary>regex: one match per device; blocks: the line that opens a device; json: which member names are devices; csv: which lines.</summary>
    public string? Pattern { get; init; }
    /// <summary>csv: the first line (of those that match) names the columns.</summary>
    public bool Header { get; init; }
    public IReadOnlyDictionary<string, FieldSource> Fields { get; init; } = new Dictionary<string, FieldSource>();
    public IReadOnlyDictionary<string, FieldSource> Details { get; init; } = new Dictionary<string, FieldSource>();
    public IReadOnlyList<FailurePattern> Failures { get; init; } = [];
    /// <summary>Where the shape of the output is documented.</summary>
    public required string Source { get; init; }
    /// <summary>What the recipe was tried on: a real machine, or recorded or documented output.</summary>
    public required string Tested { get; init; }
}

public enum OutputFormat
{
    [JsonStringEnumMemberName("csv")]
    Csv,
    [JsonStringEnumMemberName("json")]
    Json,
    [JsonStringEnumMemberName("regex")]
    Regex,
    [JsonStringEnumMemberName("blocks")]
    Blocks,
}

/// <summary>Where one fact about a device stands in the output.</summary>
/// <param name="At">Alternatives, first present wins. csv: column number or title; json: path; regex: group; blocks: key.</param>
/// <param name="Once">A regular expression over the whole output, group 1, for what is printed once for all devices.</param>
/// <param name="Pattern">A regular expression that cuts the value out of the field, group 1.</param>
/// <param name="Unit">Unit of a bare number: B, KiB, MiB, GiB, KB, MB, GB.</param>
public sealed record FieldSource(IReadOnlyList<string> At, string? Once, string? Pattern, string? Unit);

/// <summary>A message of the tool that has a known reason.</summary>
public sealed record FailurePattern(string Match, string Reason, string Action);
