using Amalgam.Catalogue.Entries;
using Amalgam.Catalogue.Yaml;

namespace Amalgam.Catalogue.Checking;

/// <summary>
/// Whether a catalogue file is sound: what <c>amalgam catalogue test FILE</c> runs. The reading is the very code that loads
/// the file later; on top of it come the references between entries.
/// </summary>
public static class CatalogueCheck
{
    /// <summary>Everything that is wrong with the text, in the order of lines; empty when it is sound.</summary>
    /// <param name="yaml">The text of one file.</param>
    /// <param name="file">Name to show in the problems.</param>
    /// <param name="catalogue">What is already known; by default what comes with the program.</param>
    public static IReadOnlyList<CatalogueProblem> Run(string yaml, string file = "", ChipCatalogue? catalogue = null)
    {
        var known = catalogue ?? ChipCatalogue.Load();
        var parsed = CatalogueFile.Parse(file, yaml, checksPatterns: true);
        var problems = new List<CatalogueProblem>(parsed.Problems);
        if (parsed.Vendor is { } vendor)
        {
            problems.AddRange(ChipCatalogue.Missing(parsed, known.Vendors.FirstOrDefault(other => other.Id == vendor.Id)));
            problems.AddRange(Chips(vendor, known).Select(problem => problem with { File = file }));
        }
        if (parsed.Runtime is { } runtime)
        {
            problems.AddRange(References(runtime, parsed.PredicateLines, known).Select(problem => problem with { File = file }));
        }
        return problems.OrderBy(problem => problem.Line).ToList();
    }

    private static IEnumerable<CatalogueProblem> Chips(VendorPart vendor, ChipCatalogue known)
    {
        foreach (var group in vendor.Chips.GroupBy(part => part.Chip.Id).Where(group => group.Count() > 1))
        {
            yield return new CatalogueProblem("", group.Last().Line, $"the id \"{group.Key}\" is given to {group.Count()} chips of this file");
        }
        foreach (var part in vendor.Chips)
        {
            if (known.Chips.FirstOrDefault(chip => chip.Id == part.Chip.Id) is { } other && other.Vendor != vendor.Id)
            {
                yield return new CatalogueProblem("", part.Line, $"the id \"{other.Id}\" belongs to a chip of vendor \"{other.Vendor}\"; choose another");
            }
            if (part.Chip.NamePatterns.Count == 0 && !part.Chip.OnlyWhenAsked && vendor.Tools.Count > 0)
            {
                yield return new CatalogueProblem("", part.Line, $"\"match\" is missing for \"{part.Chip.Id}\": no tool could ever be told to have found it");
            }
        }
    }

    private static IEnumerable<CatalogueProblem> References(RuntimeEntry runtime, IReadOnlyList<int> lines, ChipCatalogue known)
    {
        var classes = known.Chips.Select(chip => chip.Id).ToList();
        var vendors = known.Vendors.Select(vendor => vendor.Id).ToList();
        foreach (var (predicate, line) in runtime.Chips.Zip(lines))
        {
            foreach (var name in predicate.Classes.Except(classes))
            {
                yield return new CatalogueProblem("", line, $"\"chips\" names the class \"{name}\", which the catalogue does not have{Nearest.Hint(name, classes)}");
            }
            foreach (var name in predicate.Vendors.Except(vendors))
            {
                yield return new CatalogueProblem("", line, $"\"chips\" names the vendor \"{name}\", which the catalogue does not have{Nearest.Hint(name, vendors)}");
            }
        }
    }
}
