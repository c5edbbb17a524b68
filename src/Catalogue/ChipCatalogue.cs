using Amalgam.Catalogue.Checking;
using Amalgam.Catalogue.Entries;
using Amalgam.Catalogue.Yaml;

namespace Amalgam.Catalogue;

/// <summary>All chip classes and vendors that are known, with the user's additions. Immutable.</summary>
public sealed class ChipCatalogue
{
    private readonly Dictionary<string, ChipClass> byName;

    private ChipCatalogue(IReadOnlyList<Vendor> vendors, IReadOnlyList<ChipClass> chips, IReadOnlyList<CatalogueProblem> problems)
    {
        (Vendors, Chips, Problems) = (vendors, chips, problems);
        byName = new Dictionary<string, ChipClass>(StringComparer.OrdinalIgnoreCase);
        foreach (var chip in chips)
        {
            byName[chip.Id] = chip;
        }
        foreach (var chip in chips)
        {
            foreach (var alias in chip.Aliases)
            {
                // An id is stronger than an alias of another chip.
                byName.TryAdd(alias, chip);
            }
        }
    }

    /// <summary>In the order of their ids.</summary>
    public IReadOnlyList<Vendor> Vendors { get; }

    /// <summary>In the order of their ids.</summary>
    public IReadOnlyList<ChipClass> Chips { get; }

    /// <summary>User files that were left out, and why. The rest of the catalogue works without them.</summary>
    public IReadOnlyList<CatalogueProblem> Problems { get; }

    /// <summary>The catalogue that comes with the program, then the files of a folder, which may add and replace entries.</summary>
    public static ChipCatalogue Load(string? userFolder = null) =>
        Join([.. CatalogueFolder.BuiltIn, .. CatalogueFolder.User(userFolder)]);

    /// <summary>A class by its id or one of its aliases, in any case; null when unknown.</summary>
    public ChipClass? Find(string name) => byName.GetValueOrDefault(name);

    internal static ChipCatalogue Join(IEnumerable<CatalogueFile> files)
    {
        var vendors = new SortedDictionary<string, Vendor>(StringComparer.Ordinal);
        var parts = new Dictionary<string, (ChipPart Part, string Vendor)>();
        var problems = new List<CatalogueProblem>();
        foreach (var file in files)
        {
            var known = file.Vendor is { } named ? vendors.GetValueOrDefault(named.Id) : null;
            var wrong = file.Problems.Concat(Missing(file, known)).ToList();
            if (wrong.Count > 0)
            {
                problems.AddRange(wrong);
            }
            else if (file.Vendor is { } vendor)
            {
                vendors[vendor.Id] = vendor.Complete(known);
                foreach (var part in vendor.Chips)
                {
                    parts[part.Chip.Id] = (part, vendor.Id);
                }
            }
        }
        var chips = parts.Values.Select(entry => entry.Part.Complete(vendors[entry.Vendor]))
            .OrderBy(chip => chip.Id, StringComparer.Ordinal);
        return new ChipCatalogue([.. vendors.Values], [.. chips], problems);
    }

    internal static IEnumerable<CatalogueProblem> Missing(CatalogueFile file, Vendor? known) => file.Vendor is not { } vendor ? [] :
        vendor.Missing(known).Select(field => new CatalogueProblem(file.Name, vendor.Line,
            $"\"{field}\" is missing: \"{vendor.Id}\" is a new vendor, and a new vendor needs it"));
}
