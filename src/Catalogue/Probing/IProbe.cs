namespace Amalgam.Catalogue.Probing;

/// <summary>Everything that detection asks of a machine. One seam, so that recorded output can stand in for hardware.</summary>
public interface IProbe
{
    /// <summary>Runs a command to its end or to the timeout. Never throws for what the command does.</summary>
    Task<CommandResult> RunAsync(IReadOnlyList<string> command, TimeSpan timeout, CancellationToken cancellation);

    /// <summary>The text of a small file, or null when it is absent or may not be read.</summary>
    string? ReadFile(string path);

    /// <summary>Names in a folder, or none when it is absent or may not be read.</summary>
    IReadOnlyList<string> ListFolder(string path);

    /// <summary>Full path of a program: on the PATH, else in one of the extra folders; null when nowhere.</summary>
    string? FindProgram(string name, IReadOnlyList<string> extraFolders);
}

/// <summary>How a command ended.</summary>
/// <param name="ExitCode">The exit code; -1 when there is none.</param>
/// <param name="Output">Standard output, at most <see cref="MachineProbe.MostCharacters"/> characters.</param>
/// <param name="Error">Standard error, likewise.</param>
/// <param name="TimedOut">Stopped because it took too long.</param>
/// <param name="StartFailure">Why it could not be started at all, in the system's words; null when it was.</param>
public sealed record CommandResult(int ExitCode, string Output, string Error, bool TimedOut = false, string? StartFailure = null)
{
    public bool Succeeded => ExitCode == 0 && !TimedOut && StartFailure is null;
}
