using Xunit;

namespace Amalgam.SystemTests.Runtimes;

/// <summary>
/// A test with a real llama-server: the one that `tools/llama-server/install` fetched, else the one on the PATH. Where there is neither, the
/// test is shown as skipped, with what to do; `./check` runs the tool first.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LlamaServerFactAttribute : FactAttribute
{
    public LlamaServerFactAttribute()
    {
        if (Folder is null) Skip = "there is no llama-server here: run tools/llama-server/install, or put one on the PATH";
    }

    /// <summary>The folder that holds the program; null when there is none.</summary>
    public static string? Folder { get; } = Candidates().FirstOrDefault(folder => File.Exists(Path.Combine(folder, "llama-server")));

    private static IEnumerable<string> Candidates()
    {
        var home = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } set ? set : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        var cache = Environment.GetEnvironmentVariable("AMALGAM_TEST_CACHE") is { Length: > 0 } given ? given : Path.Combine(home, "amalgam-tests");
        yield return Path.Combine(cache, "llama-server", "bin");
        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)) yield return folder;
    }
}
