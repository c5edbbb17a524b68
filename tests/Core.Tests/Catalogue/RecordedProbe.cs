using System.Runtime.CompilerServices;
using Amalgam.Catalogue.Probing;

namespace Core.Tests.Catalogue;

/// <summary>A machine made of recorded output: programs that print files of <c>outputs/</c>, and a few files.</summary>
internal sealed class RecordedProbe : IProbe
{
    private readonly Dictionary<string, Func<IReadOnlyList<string>, CommandResult>> programs = [];
    private readonly Dictionary<string, string> files = [];

    public List<string> Ran { get; } = [];

    /// <summary>A program that prints a recorded file, whatever its arguments.</summary>
    public RecordedProbe Prints(string program, string file) => Answers(program, _ => new CommandResult(0, Output(file), ""));

    public RecordedProbe Fails(string program, int exitCode, string error) =>
        Answers(program, _ => new CommandResult(exitCode, "", error));

    public RecordedProbe Answers(string program, Func<IReadOnlyList<string>, CommandResult> answer)
    {
        programs[program] = answer;
        return this;
    }

    public RecordedProbe With(string path, string text)
    {
        files[path] = text;
        return this;
    }

    /// <summary>A card on the PCI bus.</summary>
    public RecordedProbe WithCard(string address, string vendor, string classCode, string device = "0000") => this
        .With($"/sys/bus/pci/devices/{address}/vendor", $"0x{vendor}\n")
        .With($"/sys/bus/pci/devices/{address}/class", $"0x{classCode}\n")
        .With($"/sys/bus/pci/devices/{address}/device", $"0x{device}\n");

    /// <summary>The recorded file without its first line, which says where its shape comes from.</summary>
    public static string Output(string file)
    {
        var text = File.ReadAllText(Path.Combine(Folder(), "outputs", file));
        return text[(text.IndexOf('\n', StringComparison.Ordinal) + 1)..];
    }

    public static string Folder([CallerFilePath] string here = "") => Path.GetDirectoryName(here)!;

    public Task<CommandResult> RunAsync(IReadOnlyList<string> command, TimeSpan timeout, CancellationToken cancellation)
    {
        Ran.Add(string.Join(' ', command));
        return Task.FromResult(programs[Path.GetFileName(command[0])](command));
    }

    public string? ReadFile(string path) => files.GetValueOrDefault(path);

    public IReadOnlyList<string> ListFolder(string path) => files.Keys
        .Where(file => file.StartsWith(path + "/", StringComparison.Ordinal))
        .Select(file => file[(path.Length + 1)..].Split('/')[0])
        .Distinct()
        .ToList();

    public string? FindProgram(string name, IReadOnlyList<string> extraFolders) =>
        programs.ContainsKey(name) ? "/recorded/bin/" + name : null;
}
