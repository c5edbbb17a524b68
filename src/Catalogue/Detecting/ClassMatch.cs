using System.Text.RegularExpressions;
using Amalgam.Catalogue.Entries;

namespace Amalgam.Catalogue.Detecting;

/// <summary>Finds the class of a chip from the name and the memory that its tool reports.</summary>
internal static class ClassMatch
{
    /// <summary>
    /// The class whose pattern matches; of several (one name, two memory sizes) the one whose memory is nearest, since tools
    /// report somewhat less than the data sheet. Null when no pattern matches.
    /// </summary>
    public static ChipClass? Find(IEnumerable<ChipClass> chips, string name, int? memoryMiB) => chips
        .Where(chip => chip.NamePatterns.Any(pattern => Regex.IsMatch(name, pattern, RegexOptions.IgnoreCase, TimeSpan.FromSeconds(1))))
        .OrderBy(chip => memoryMiB is { } seen && chip.MemoryMiB is { } listed ? Math.Abs(Math.Log((double)seen / listed)) : 0)
        .ThenBy(chip => chip.Id, StringComparer.Ordinal)
        .FirstOrDefault();
}
