using System.Net;
using System.Net.Sockets;
using Amalgam.ControlPlane.Ports;

namespace Amalgam.Engines.Local;

/// <summary>The translation of a launch into program, arguments and environment.</summary>
internal static class MemberLaunching
{
    public const string LeaseVariable = "AMALGAM_LEASE", MarkVariable = "AMALGAM_RUN";

    public static void Check(StartMember command)
    {
        var launch = command.Launch;
        CheckName("lease", command.LeaseId);
        CheckName("workload", launch.WorkloadId);
        if (launch.Command.Count == 0) throw new EngineException($"lease {command.LeaseId}: there is no command to start");
        if (launch.StopSignal is not ("SIGTERM" or "SIGINT"))
            throw new EngineException($"lease {command.LeaseId}: the stop signal is SIGTERM or SIGINT, not {launch.StopSignal}");
        if (launch.Command.Concat(launch.Environment.Values).Any(text => text.Contains('\0', StringComparison.Ordinal)))
            throw new EngineException($"lease {command.LeaseId}: arguments and environment values cannot hold a zero character");
        if (launch.Environment.Keys.FirstOrDefault(key => key.Length == 0 || key.AsSpan().ContainsAny('=', '\0')) is { } bad)
            throw new EngineException($"lease {command.LeaseId}: '{bad}' is not a name of an environment variable");
    }

    /// <summary>Names become folder names.</summary>
    public static void CheckName(string what, string name)
    {
        if (name.Length is 0 or > 128 || name[0] == '.' || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.')))
            throw new EngineException($"'{name}' is no {what} id: letters, digits, '-', '_' and '.' only");
    }

    public static string WithPort(string text, int port) => port == 0 ? text : text.Replace("{port}", port.ToString(), StringComparison.Ordinal);

    /// <summary>What may pass of the cloud's own variables, then the launch's, then the marks, which nobody can set.</summary>
    public static Dictionary<string, string> Environment(StartMember command, IEnumerable<string> inherited, int port, string mark)
    {
        var result = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in inherited)
            if (System.Environment.GetEnvironmentVariable(name) is { } value)
                result[name] = value;
        foreach (var (name, value) in command.Launch.Environment) result[name] = WithPort(value, port);
        result[LeaseVariable] = command.LeaseId;
        result[MarkVariable] = mark;
        return result;
    }

    /// <summary>Finds the program as a shell would, so that "not there" is said before anything starts.</summary>
    /// <returns>The path, or the exit code that a shell gives (127 not found, 126 not executable) and one line.</returns>
    public static (string? Path, int Code, string Problem) FindProgram(string name, string searchPath, string workingDirectory)
    {
        if (!Directory.Exists(workingDirectory)) return (null, 126, $"the working directory {workingDirectory} does not exist");
        if (name.Contains('/', StringComparison.Ordinal))
        {
            var path = Path.Combine(workingDirectory, name);
            if (Directory.Exists(path)) return (null, 126, $"{name} is a directory, not a program");
            if (!File.Exists(path)) return (null, 127, $"there is no program {name}");
            return IsExecutable(path) ? (path, 0, "") : (null, 126, $"{name} is not executable: try chmod +x");
        }

        foreach (var folder in searchPath.Split(':', StringSplitOptions.RemoveEmptyEntries))
            if (Path.Combine(workingDirectory, folder, name) is var path && File.Exists(path) && IsExecutable(path))
                return (path, 0, "");
        return (null, 127, $"there is no program '{name}' on the PATH of the cloud");
    }

    private static bool IsExecutable(string path) =>
        (File.GetUnixFileMode(path) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0;

    /// <summary>A loopback port that is free now and that no other member was given. Another program may still take it first: the member then ends and gets a new one.</summary>
    public static int FreePort(IReadOnlyCollection<int> given)
    {
        while (true)
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            var port = ((IPEndPoint)listener.LocalEndpoint).Port;
            if (!given.Contains(port)) return port;
        }
    }
}
