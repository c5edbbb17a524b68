using System.Xml.Linq;

namespace Core.Tests.Repository;

/// <summary>The files of this repository, as git would see them.</summary>
internal static class RepositoryFiles
{
    private static readonly string[] Outside = ["artifacts", ".git", ".cache", "node_modules", "bin", "obj"];

    public static string Root { get; } = Find();

    public static IEnumerable<string> Files(string pattern, string under = "") =>
        Directory.EnumerateFiles(Path.Combine(Root, under), pattern, SearchOption.AllDirectories)
            .Where(file => !Relative(file).Split('/').Any(part => Outside.Contains(part)))
            .Order(StringComparer.Ordinal);

    public static string Relative(string file) => Path.GetRelativePath(Root, file).Replace('\\', '/');

    /// <summary>Project name to the projects that it references.</summary>
    public static Dictionary<string, string[]> Arrows() => Files("*.csproj").ToDictionary(
        file => Path.GetFileNameWithoutExtension(file)!,
        file => XDocument.Load(file).Descendants("ProjectReference").Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value)).Order(StringComparer.Ordinal).ToArray(),
        StringComparer.Ordinal);

    private static string Find()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Amalgam.slnx")))
            {
                return at.FullName;
            }
        }

        throw new InvalidOperationException("the tests must run inside the repository");
    }
}
