using System.Text.Json;
using System.Text.RegularExpressions;
using Amalgam.Pages.Words;
using Core.Tests.Repository;
using Xunit;

namespace Core.Tests.Pages;

/// <summary>The texts of the console in both languages.</summary>
public sealed partial class WordTests
{
    private static readonly Dictionary<string, string> German = JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(Path.Combine(RepositoryFiles.Root, "src/Console/Words/de.json")))!;

    [Fact]
    public void Every_text_of_the_pages_is_there_in_German()
    {
        var asked = RepositoryFiles.Files("*.razor", "src/Console").Concat(RepositoryFiles.Files("*.cs", "src/Console")).SelectMany(file => Asked().Matches(File.ReadAllText(file))).Select(match => match.Groups[1].Value).Distinct().ToList();
        Assert.True(asked.Count > 200, $"only {asked.Count} texts were found: the search is broken");
        Assert.Empty(asked.Except(German.Keys));
    }

    [Fact]
    public void A_translation_shows_the_same_values_as_its_text()
    {
        foreach (var (text, german) in German)
        {
            Assert.Equal(Places(text), Places(german));
            Assert.NotEmpty(german);
        }
    }

    [Theory]
    [InlineData("de-AT,de;q=0.9,en;q=0.8", "de", "Übersicht")]
    [InlineData("en-GB", "en", "Overview")]
    [InlineData("tlh", "en", "Overview")]
    [InlineData(null, "en", "Overview")]
    public void A_language_that_is_not_there_is_English(string? asked, string language, string overview)
    {
        var words = WordList.Of(asked);
        Assert.Equal(language, words.Language);
        Assert.Equal(overview, words["Overview"]);
    }

    private static string[] Places(string text) => [.. Place().Matches(text).Select(match => match.Value).Order(StringComparer.Ordinal)];

    [GeneratedRegex("\\bT\\(\"((?:[^\"\\\\]|\\\\.)*)\"")]
    private static partial Regex Asked();

    [GeneratedRegex(@"\{\d\}")]
    private static partial Regex Place();
}
