using Amalgam.Catalogue.Checking;
using Amalgam.Catalogue.Entries;

namespace Amalgam.Catalogue;

/// <summary>All serving runtimes that are known, with the user's additions. Immutable.</summary>
public sealed class RuntimeCatalogue
{
    private RuntimeCatalogue(IReadOnlyList<RuntimeEntry> runtimes, IReadOnlyList<CatalogueProblem> problems) =>
        (Runtimes, Problems) = (runtimes, problems);

    /// <summary>In the order of their ids.</summary>
    public IReadOnlyList<RuntimeEntry> Runtimes { get; }

    /// <summary>User files that were left out, and why.</summary>
    public IReadOnlyList<CatalogueProblem> Problems { get; }

    /// <summary>The runtimes that come with the program, then those of a folder; a later entry replaces an earlier one of the same id.</summary>
    public static RuntimeCatalogue Load(string? userFolder = null)
    {
        var runtimes = new SortedDictionary<string, RuntimeEntry>(StringComparer.Ordinal);
        var problems = new List<CatalogueProblem>();
        foreach (var file in CatalogueFolder.BuiltIn.Concat(CatalogueFolder.User(userFolder)))
        {
            if (file.Runtime is { } runtime && file.Problems.Count == 0)
            {
                runtimes[runtime.Id] = runtime;
            }
            else if (file.Vendor is null)
            {
                problems.AddRange(file.Problems);
            }
        }
        return new RuntimeCatalogue([.. runtimes.Values], problems);
    }

    /// <summary>A runtime by its id; null when unknown.</summary>
    public RuntimeEntry? Find(string id) => Runtimes.FirstOrDefault(runtime => runtime.Id == id);
}
