using Amalgam.Catalogue.Entries;

namespace Amalgam.Catalogue.Diagnosis;

/// <summary>Whether a runtime of some version serves some model on some chip, and if not, why. Pure.</summary>
public static class RuntimeMatch
{
    /// <summary>Null when the runtime works on the chip; else one sentence.</summary>
    public static string? WhyNotOn(RuntimeEntry runtime, string? version, ChipClass chip)
    {
        var covering = runtime.Chips.Where(predicate => predicate.Covers(chip)).ToList();
        if (covering.Count == 0)
        {
            return $"{runtime.Name} does not run on {chip.Name}";
        }
        // A predicate that names the class says more than one that names all chips of a vendor.
        var predicate = covering.OrderByDescending(candidate => candidate.Classes.Contains(chip.Id)).First();
        var minimum = predicate.MinimumVersion ?? runtime.MinimumVersion;
        return minimum is not null && version is not null && VersionText.Compare(version, minimum) < 0
            ? $"{runtime.Name} {version} is older than {minimum}, the first that runs on {chip.Name}"
            : null;
    }

    /// <summary>Null when the runtime takes such a model; else one sentence.</summary>
    /// <param name="runtime">The runtime.</param>
    /// <param name="format">Such as <c>gguf</c> or <c>safetensors</c>.</param>
    /// <param name="architecture">As the model file names it; null when unknown.</param>
    public static string? WhyNotModel(RuntimeEntry runtime, string format, string? architecture)
    {
        if (!runtime.Formats.Contains(format, StringComparer.OrdinalIgnoreCase))
        {
            return $"{runtime.Name} takes {string.Join(" or ", runtime.Formats)} files, not {format}";
        }
        var any = architecture is null || runtime.Architectures.Contains("*");
        return any || runtime.Architectures.Contains(architecture, StringComparer.OrdinalIgnoreCase)
            ? null
            : $"{runtime.Name} does not know the architecture \"{architecture}\"; it knows {string.Join(", ", runtime.Architectures)}";
    }
}
