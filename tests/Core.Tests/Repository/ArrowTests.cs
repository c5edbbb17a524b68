using Xunit;

namespace Core.Tests.Repository;

/// <summary>Who may use whom. A new arrow is a decision: it belongs in docs/decisions and then here.</summary>
public class ArrowTests
{
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Core"] = [],
        ["Contracts"] = [],
        ["Console"] = ["Contracts"],
        ["Catalogue"] = [],
        ["Runtime"] = [],
        ["ControlPlane"] = ["Contracts", "Core"],
        ["Gateway"] = ["Contracts", "Core"],
        ["Storage"] = ["ControlPlane", "Core"],
        ["Engines"] = ["ControlPlane", "Core"],
        ["Simulation"] = ["Core"],
    };

    [Fact]
    public void Every_project_uses_only_what_it_may()
    {
        var arrows = RepositoryFiles.Arrows();
        foreach (var (project, allowed) in Allowed)
        {
            Assert.True(arrows.TryGetValue(project, out var uses), $"{project} is gone: take it out of the table");
            Assert.Empty(uses.Except(allowed));
        }
    }

    [Fact]
    public void There_are_at_most_fourteen_projects() => Assert.InRange(RepositoryFiles.Arrows().Count, 1, 14);

    [Fact]
    public void No_project_states_a_version_or_switches_a_lock_off()
    {
        foreach (var file in RepositoryFiles.Files("*.csproj"))
        {
            var text = File.ReadAllText(file);
            foreach (var forbidden in (string[])[" Version=\"", "TreatWarningsAsErrors>false", "DisableTransitiveProjectReferences>false", "RestorePackagesWithLockFile>false", "<NoWarn>"])
            {
                Assert.False(text.Contains(forbidden, StringComparison.Ordinal), $"{RepositoryFiles.Relative(file)} holds {forbidden}");
            }
        }
    }

    [Fact]
    public void The_bans_on_Core_are_in_force()
    {
        var project = File.ReadAllText(Path.Combine(RepositoryFiles.Root, "src/Core/Core.csproj"));
        Assert.Contains("BannedApiAnalyzers", project, StringComparison.Ordinal);
        var banned = File.ReadAllText(Path.Combine(RepositoryFiles.Root, "src/Core/BannedSymbols.txt"));
        Assert.All(["UtcNow", "TimeProvider", "Guid.NewGuid", "System.Random", "Tasks.Task", "N:System.IO", "N:System.Net"], symbol => Assert.Contains(symbol, banned, StringComparison.Ordinal));
    }
}
