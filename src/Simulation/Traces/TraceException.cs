namespace Amalgam.Simulation.Traces;

/// <summary>A trace that cannot be read; the message is one line that names file, line and field and says what was expected.</summary>
public sealed class TraceException : Exception
{
    public TraceException()
    {
    }

    public TraceException(string message)
        : base(message)
    {
    }

    public TraceException(string message, Exception inner)
        : base(message, inner)
    {
    }

    /// <param name="line">1-based; 0 = the file as a whole.</param>
    public static TraceException At(string file, int line, string field, string what) =>
        new($"{file}{(line > 0 ? $":{line}" : "")}: {field}: {what}");
}
