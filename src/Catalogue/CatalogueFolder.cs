using System.Reflection;
using Amalgam.Catalogue.Checking;
using Amalgam.Catalogue.Yaml;

namespace Amalgam.Catalogue;

/// <summary>The files of the catalogue: those inside this assembly and those of a folder.</summary>
internal static class CatalogueFolder
{
    private static readonly Lazy<IReadOnlyList<CatalogueFile>> Own = new(ReadOwn);

    /// <summary>The entries that come with the program. Read once for a process.</summary>
    public static IReadOnlyList<CatalogueFile> BuiltIn => Own.Value;

    /// <summary>The user's files in the order of their names; none when there is no folder.</summary>
    public static IReadOnlyList<CatalogueFile> User(string? folder)
    {
        if (folder is null || !Directory.Exists(folder))
        {
            return [];
        }
        return Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(path => Path.GetExtension(path) is ".yaml" or ".yml")
            .Order(StringComparer.Ordinal)
            .Select(Read)
            .ToList();
    }

    private static CatalogueFile Read(string path)
    {
        try
        {
            return CatalogueFile.Parse(path, File.ReadAllText(path), checksPatterns: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return CatalogueFile.Unsound(path, [new CatalogueProblem(path, 0, "cannot be read: " + failure.Message)]);
        }
    }

    private static List<CatalogueFile> ReadOwn()
    {
        var assembly = Assembly.GetExecutingAssembly();
        return assembly.GetManifestResourceNames()
            .Where(name => name.EndsWith(".yaml", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name =>
            {
                using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
                return CatalogueFile.Parse(name, reader.ReadToEnd(), checksPatterns: false);
            })
            .ToList();
    }
}
