using Amalgam.Catalogue.Estimates;

namespace Amalgam.Catalogue.Entries;

/// <summary>A program that serves models: how it is found, on which chips it runs, how it is launched, watched and stopped.</summary>
public sealed record RuntimeEntry
{
    public required string Id { get; init; }
    public required string Name { get; init; }
    /// <summary>Program names searched on the PATH, in order. Empty for the runtime inside this executable.</summary>
    public IReadOnlyList<string> Programs { get; init; } = [];
    public IReadOnlyList<string> Directories { get; init; } = [];
    /// <summary>Part of this executable: always there, in this executable's version.</summary>
    public bool BuiltIn { get; init; }
    /// <summary>Command that prints the version; may hold <c>{program}</c> and <c>{interpreter}</c> (the script's first line).</summary>
    public IReadOnlyList<string> VersionCommand { get; init; } = [];
    /// <summary>Regular expression, group 1 is the version.</summary>
    public string? VersionPattern { get; init; }
    public string? MinimumVersion { get; init; }
    public IReadOnlyList<ChipPredicate> Chips { get; init; } = [];
    public IReadOnlyList<string> Formats { get; init; } = [];
    /// <summary>Model architectures by their name in the model file; <c>*</c> for any.</summary>
    public IReadOnlyList<string> Architectures { get; init; } = [];
    public required LaunchTemplate Launch { get; init; }
    public required string HealthPath { get; init; }
    public required int ReadyTimeoutSeconds { get; init; }
    public required string StopSignal { get; init; }
    public required int StopGraceSeconds { get; init; }
    public required string OpenAiBasePath { get; init; }
    public required MemoryOverhead Memory { get; init; }
    public required string Source { get; init; }
    public required string Tested { get; init; }
}

/// <summary>Chips on which a runtime works: all classes of the vendors plus the classes named, from a version on.</summary>
public sealed record ChipPredicate(
    IReadOnlyList<string> Vendors, IReadOnlyList<string> Classes, string? MinimumVersion, string? Note)
{
    public bool Covers(ChipClass chip) => Classes.Contains(chip.Id) || Vendors.Contains(chip.Vendor);
}

/// <summary>
/// What to start. Each group of arguments is kept or dropped as a whole: a group with a placeholder that has no value
/// disappears, so that an option and its value never part.
/// </summary>
/// <param name="Arguments">Groups of arguments, the program first.</param>
/// <param name="Environment">Variables to set; one whose value cannot be filled is left out.</param>
/// <param name="Files">Files to write before the start.</param>
/// <param name="AfterReady">Commands to run, with the same environment, once the health path answers and before the first request.</param>
public sealed record LaunchTemplate(
    IReadOnlyList<IReadOnlyList<string>> Arguments,
    IReadOnlyDictionary<string, string> Environment,
    IReadOnlyList<LaunchFile> Files,
    IReadOnlyList<IReadOnlyList<string>> AfterReady);

/// <summary>A file that must exist before the start, for runtimes that take no options; path and text may hold placeholders.</summary>
public sealed record LaunchFile(string Path, string Text);
