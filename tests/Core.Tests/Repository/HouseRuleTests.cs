using System.Text.RegularExpressions;
using Xunit;

namespace Core.Tests.Repository;

/// <summary>Sizes, words and pages.</summary>
public partial class HouseRuleTests
{
    private const int LongestFile = 400;

    [Fact]
    public void No_source_file_is_longer_than_400_lines()
    {
        var tooLong = RepositoryFiles.Files("*.cs").Select(file => (Name: RepositoryFiles.Relative(file), Lines: File.ReadLines(file).Count())).Where(file => file.Lines > LongestFile);
        Assert.Empty(tooLong);
    }

    [Fact]
    public void Nothing_is_left_marked_as_unfinished()
    {
        var mark = UnfinishedMark();
        var marked = RepositoryFiles.Files("*.cs").Concat(RepositoryFiles.Files("*.yaml")).Where(file => !file.EndsWith("HouseRuleTests.cs", StringComparison.Ordinal) && mark.IsMatch(File.ReadAllText(file)));
        Assert.Empty(marked.Select(RepositoryFiles.Relative));
    }

    [Fact]
    public void No_type_is_named_by_what_says_nothing()
    {
        var named = RepositoryFiles.Files("*.cs", "src").SelectMany(file => EmptyName().Matches(File.ReadAllText(file)).Select(match => $"{RepositoryFiles.Relative(file)}: {match.Value}"));
        Assert.Empty(named);
    }

    [Fact]
    public void Every_package_has_its_line_in_the_docs()
    {
        var page = File.ReadAllText(Path.Combine(RepositoryFiles.Root, "docs/dependencies.md"));
        var packages = PackageName().Matches(File.ReadAllText(Path.Combine(RepositoryFiles.Root, "Directory.Packages.props"))).Select(match => match.Groups[1].Value);
        Assert.All(packages, package => Assert.Contains(package, page, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_link_between_the_pages_leads_somewhere()
    {
        var broken = from page in RepositoryFiles.Files("*.md")
                     from Match link in PageLink().Matches(File.ReadAllText(page))
                     let target = link.Groups[1].Value.Split('#')[0]
                     where target.Length > 0 && !target.Contains("://", StringComparison.Ordinal)
                     let path = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(page)!, target))
                     where !File.Exists(path) && !Directory.Exists(path)
                     select $"{RepositoryFiles.Relative(page)} -> {target}";
        Assert.Empty(broken);
    }

    [Fact]
    public void Every_refusal_code_is_explained()
    {
        var page = File.ReadAllText(Path.Combine(RepositoryFiles.Root, "docs/errors.md"));
        var codes = RefusalCode().Matches(File.ReadAllText(Path.Combine(RepositoryFiles.Root, "src/Core/Outcome.cs"))).Select(match => match.Groups[1].Value);
        Assert.All(codes, code => Assert.Contains($"`{code}`", page, StringComparison.Ordinal));
    }

    [GeneratedRegex(@"\b(TODO|FIXME|HACK)\b|NotImplementedException")]
    private static partial Regex UnfinishedMark();

    [GeneratedRegex(@"\b(class|record|struct|interface)\s+\w*(Manager|Helper|Util|Utils|Service|Base|Impl|Common)\b")]
    private static partial Regex EmptyName();

    [GeneratedRegex("PackageVersion Include=\"([^\"]+)\"")]
    private static partial Regex PackageName();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex PageLink();

    [GeneratedRegex("const string \\w+ = \"([^\"]+)\"")]
    private static partial Regex RefusalCode();
}
