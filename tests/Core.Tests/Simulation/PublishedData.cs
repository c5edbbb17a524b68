using Xunit.Abstractions;

namespace Core.Tests.Simulation;

/// <summary>Published traces are no part of the project. Tests on them say so where they are absent, and pass.</summary>
internal static class PublishedData
{
    /// <returns>The path of a file under AMALGAM_TRACES, or under `shared/data` beside or above the checkout; null where it is not there.</returns>
    public static string? Find(ITestOutputHelper output, params string[] parts)
    {
        foreach (var root in Roots())
        {
            var path = Path.Combine([root, .. parts]);
            if (File.Exists(path))
            {
                return path;
            }
        }
        var name = string.Join('/', parts);
        output.WriteLine($"SKIPPED: {name} is not here (set AMALGAM_TRACES to a folder that holds it)");
        Console.WriteLine($"SKIPPED: a test needs the published trace {name}");
        return null;
    }

    private static IEnumerable<string> Roots()
    {
        if (Environment.GetEnvironmentVariable("AMALGAM_TRACES") is { Length: > 0 } named)
        {
            yield return named;
        }
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            yield return Path.Combine(folder.FullName, "shared", "data");
        }
    }
}
