namespace Amalgam.Catalogue.Checking;

/// <summary>What is wrong with a catalogue file, and where.</summary>
/// <param name="File">File name as given by the caller; empty for text that came from no file.</param>
/// <param name="Line">Line number, from 1; 0 when the problem belongs to the file as a whole.</param>
/// <param name="Message">One sentence: what is wrong and what to do.</param>
public sealed record CatalogueProblem(string File, int Line, string Message)
{
    public override string ToString() =>
        (File.Length == 0 ? "" : File + ":") + (Line == 0 ? "" : Line + ":") + " " + Message;
}
