namespace Amalgam.Simulation.Scenarios;

/// <summary>A scenario file that cannot be run: which file, line and field, and what to do.</summary>
public sealed class ScenarioException(string file, int line, string field, string message)
    : Exception(field.Length == 0 ? $"{file}:{line}: {message}" : $"{file}:{line}: {field}: {message}")
{
    public string File { get; } = file;

    public int Line { get; } = line;

    public string Field { get; } = field;
}
