using Amalgam.Catalogue.Checking;
using Amalgam.Catalogue.Entries;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Amalgam.Catalogue.Yaml;

/// <summary>The content of one file: a vendor with its chips, or a runtime, and what is wrong with it.</summary>
internal sealed record CatalogueFile(
    string Name, VendorPart? Vendor, RuntimeEntry? Runtime, IReadOnlyList<int> PredicateLines, IReadOnlyList<CatalogueProblem> Problems)
{
    public static CatalogueFile Unsound(string name, IReadOnlyList<CatalogueProblem> problems) => new(name, null, null, [], problems);

    /// <summary>No file of this kind has a reason to be larger; a larger one is a mistake, not a catalogue.</summary>
    public const int MostCharacters = 1 << 20;

    /// <summary>Reads the text of one file. Never throws for what is in the text.</summary>
    public static CatalogueFile Parse(string name, string text, bool checksPatterns)
    {
        var problems = new ProblemList(name, checksPatterns);
        if (text.Length > MostCharacters)
        {
            problems.Add(0, $"the file has {text.Length} characters; a catalogue file has at most {MostCharacters}");
            return Unsound(name, problems.Found);
        }
        var root = Root(text, problems);
        if (root is null)
        {
            return Unsound(name, problems.Found);
        }
        VendorPart? vendor = null;
        RuntimeEntry? runtime = null;
        IReadOnlyList<int> lines = [];
        if (root.Has("vendor"))
        {
            vendor = VendorReader.Read(root);
        }
        else if (root.Has("runtime"))
        {
            (runtime, lines) = RuntimeReader.Read(root);
        }
        else
        {
            problems.Add(root.Line, "the file must begin with \"vendor: ID\" (chips) or \"runtime: ID\" (a program that serves models)");
        }
        return new CatalogueFile(name, vendor, runtime, lines, problems.Found);
    }

    private static Section? Root(string text, ProblemList problems)
    {
        try
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            if (stream.Documents.Count == 1 && stream.Documents[0].RootNode is YamlMappingNode map)
            {
                return new Section(map, problems);
            }
            problems.Add(1, stream.Documents.Count > 1
                ? "the file must hold one YAML document, not several"
                : "the file must hold a YAML mapping of fields");
        }
        catch (YamlException wrong)
        {
            problems.Add((int)wrong.Start.Line, "no valid YAML: " + wrong.Message.ReplaceLineEndings(" "));
        }
        return null;
    }
}
