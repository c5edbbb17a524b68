using Amalgam.Catalogue.Checking;

namespace Amalgam.Catalogue.Yaml;

/// <summary>Collects what is wrong while one file is read.</summary>
/// <param name="file">Name to report; may be empty.</param>
/// <param name="checksPatterns">
/// Whether regular expressions are compiled to see that they are valid. Off for the entries inside the assembly, which
/// the tests check: compiling some hundred patterns would be the largest part of a start.
/// </param>
internal sealed class ProblemList(string file, bool checksPatterns)
{
    private readonly List<CatalogueProblem> found = [];

    public bool ChecksPatterns => checksPatterns;

    public IReadOnlyList<CatalogueProblem> Found => found;

    public void Add(int line, string message) => found.Add(new CatalogueProblem(file, line, message));
}
