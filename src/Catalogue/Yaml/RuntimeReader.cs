using Amalgam.Catalogue.Entries;
using Amalgam.Catalogue.Estimates;
using Amalgam.Catalogue.Launching;

namespace Amalgam.Catalogue.Yaml;

/// <summary>Reads <c>runtime:</c> files.</summary>
internal static class RuntimeReader
{
    private static readonly string[] Signals = ["SIGTERM", "SIGINT"];

    /// <summary>The entry, and the line of each element of <c>chips</c> for problems that show only beside the chips' catalogue.</summary>
    public static (RuntimeEntry Entry, IReadOnlyList<int> PredicateLines) Read(Section root)
    {
        var lines = root.Children("chips").Select(section => section.Line).ToList();
        var health = root.Child("health");
        var stop = root.Child("stop");
        var version = root.Child("version");
        var entry = new RuntimeEntry
        {
            Id = VendorReader.Identifier(root, "runtime"),
            Name = root.RequiredText("name"),
            Programs = root.Texts("programs"),
            Directories = root.Texts("directories"),
            BuiltIn = root.Flag("builtIn") ?? false,
            VersionCommand = version?.Texts("command") ?? [],
            VersionPattern = version?.Pattern("pattern", groups: 1),
            MinimumVersion = version?.Text("minimum"),
            Chips = root.Children("chips").Select(Predicate).ToList(),
            Formats = root.Texts("formats"),
            Architectures = root.Texts("architectures"),
            Launch = Launch(root.Child("launch"), root),
            HealthPath = HttpPath(health, "path") ?? "/health",
            ReadyTimeoutSeconds = health?.Integer("readyTimeoutSeconds", 1, 86_400, "the unit is seconds") ?? 300,
            StopSignal = Signal(stop),
            StopGraceSeconds = stop?.Integer("graceSeconds", 0, 3_600, "the unit is seconds") ?? 30,
            OpenAiBasePath = HttpPath(root, "openAiBasePath") ?? "/v1",
            Memory = Memory(root.Child("memory"), root),
            Source = root.RequiredText("source"),
            Tested = root.RequiredText("tested"),
        };
        version?.Finish();
        health?.Finish();
        stop?.Finish();
        Complain(root, entry);
        root.Finish();
        return (entry, lines);
    }

    private static void Complain(Section root, RuntimeEntry entry)
    {
        if (!entry.BuiltIn && entry.Programs.Count == 0)
        {
            root.Problem("runtime", "\"programs\" is missing: the names under which the program is searched on the PATH");
        }
        if (entry.VersionCommand.Count > 0 && entry.VersionPattern is null)
        {
            root.Problem("version", "\"version\" needs \"pattern\", a regular expression whose group 1 is the version");
        }
        foreach (var (list, name) in new[] { (entry.Formats, "formats"), (entry.Architectures, "architectures") })
        {
            if (list.Count == 0)
            {
                root.Problem(name, $"\"{name}\" is missing: what models the runtime takes");
            }
        }
        if (entry.Chips.Count == 0)
        {
            root.Problem("chips", "\"chips\" is missing: the vendors and classes on which the runtime works");
        }
    }

    private static ChipPredicate Predicate(Section section)
    {
        var predicate = new ChipPredicate(
            section.Texts("vendors"), section.Texts("classes"), section.Text("minimumVersion"), section.Text("note"));
        if (predicate.Vendors.Count + predicate.Classes.Count == 0)
        {
            section.Problem("vendors", "a chip predicate needs \"vendors\" or \"classes\"");
        }
        section.Finish();
        return predicate;
    }

    private static LaunchTemplate Launch(Section? section, Section root)
    {
        if (section is null)
        {
            root.Problem("launch", "\"launch\" is missing: the arguments to start the program with");
            return new LaunchTemplate([], new Dictionary<string, string>(), [], []);
        }
        var template = new LaunchTemplate(
            section.Groups("arguments"),
            section.Map("environment"),
            section.Children("files").Select(File).ToList(),
            section.Groups("afterReady"));
        foreach (var placeholder in LaunchText.Unknown(template))
        {
            section.Problem("arguments", $"unknown placeholder {{{placeholder}}}{Checking.Nearest.Hint(placeholder, LaunchText.Placeholders)}");
        }
        section.Finish();
        return template;
    }

    private static LaunchFile File(Section section)
    {
        var file = new LaunchFile(section.RequiredText("path"), section.RequiredText("text"));
        section.Finish();
        return file;
    }

    private static MemoryOverhead Memory(Section? section, Section root)
    {
        if (section is null)
        {
            root.Problem("memory", "\"memory\" is missing: what the runtime needs beside weights and KV cache");
            return new MemoryOverhead(1, 0, 0, 0, 2, 1);
        }
        const string mib = "the unit is MiB";
        var overhead = new MemoryOverhead(
            section.Number("weightFactor", 0.1, 10, "1 means: as large as in the file") ?? 1,
            section.Integer("fixedMiB", 0, 1 << 20, mib) ?? 0,
            section.Integer("perDeviceMiB", 0, 1 << 20, mib) ?? 0,
            section.Integer("perSlotMiB", 0, 1 << 20, mib) ?? 0,
            section.Number("kvBytesPerElement", 0.25, 8, "the unit is bytes: 2 for 16-bit floats") ?? 2,
            section.Number("deviceShare", 0.05, 1, "a share of the device's memory, 0 to 1") ?? 1);
        section.Finish();
        return overhead;
    }

    private static string? HttpPath(Section? section, string key)
    {
        var path = section?.Text(key);
        if (path is not null && !path.StartsWith('/'))
        {
            section!.Problem(key, $"\"{key}\" must begin with /, such as /health");
        }
        return path;
    }

    private static string Signal(Section? section)
    {
        var signal = section?.Text("signal") ?? "SIGTERM";
        if (!Signals.Contains(signal))
        {
            section!.Problem("signal", $"\"signal\" must be one of {string.Join(", ", Signals)}; what does not stop in time is killed anyway");
        }
        return signal;
    }
}
