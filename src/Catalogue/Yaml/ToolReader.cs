using Amalgam.Catalogue.Entries;

namespace Amalgam.Catalogue.Yaml;

/// <summary>Reads one entry of <c>tools:</c>, the recipe for one vendor command.</summary>
internal static class ToolReader
{
    public static readonly IReadOnlyList<string> FieldNames = ["index", "uuid", "name", "memory", "driver", "pci"];
    public static readonly IReadOnlyList<string> Units = ["B", "KB", "KiB", "MB", "MiB", "GB", "GiB"];

    public static DetectionTool Read(Section section)
    {
        var format = Format(section);
        var tool = new DetectionTool
        {
            Id = VendorReader.Identifier(section, "id"),
            Command = section.Texts("command"),
            Directories = section.Texts("directories"),
            SharedName = section.Flag("sharedName") ?? false,
            Format = format,
            Items = section.Text("items"),
            Pattern = section.Pattern("pattern"),
            Header = section.Flag("header") ?? false,
            Fields = Fields(section, "fields", FieldNames),
            Details = Fields(section, "details", null),
            Failures = section.Children("failures").Select(Failure).ToList(),
            Source = section.RequiredText("source"),
            Tested = section.RequiredText("tested"),
        };
        Complain(section, tool);
        section.Finish();
        return tool;
    }

    private static OutputFormat Format(Section section)
    {
        var text = section.RequiredText("format");
        if (Enum.TryParse<OutputFormat>(text, ignoreCase: true, out var format) && !char.IsAsciiDigit(text[0]))
        {
            return format;
        }
        if (text.Length > 0)
        {
            section.Problem("format", $"\"format\" must be csv, json, regex or blocks, not \"{text}\"");
        }
        return OutputFormat.Csv;
    }

    private static void Complain(Section section, DetectionTool tool)
    {
        if (tool.Command.Count == 0)
        {
            section.Problem("command", "\"command\" is missing: the program and its arguments, as a list");
        }
        if (tool.Format == OutputFormat.Json && tool.Items is null)
        {
            section.Problem("format", "a json recipe needs \"items\", the path to the devices, such as \"*\" or \"device_list.*\"");
        }
        if (tool.Format is OutputFormat.Regex or OutputFormat.Blocks && tool.Pattern is null)
        {
            section.Problem("format", "a regex or blocks recipe needs \"pattern\"");
        }
        var named = tool.Fields.ContainsKey("name") || (tool.Pattern?.Contains("(?<name>", StringComparison.Ordinal) ?? false);
        if (!named)
        {
            section.Problem("fields", "the recipe must say where the chip's name stands (field \"name\"), else no class can be found");
        }
    }

    private static Dictionary<string, FieldSource> Fields(Section section, string key, IReadOnlyList<string>? known)
    {
        var result = new Dictionary<string, FieldSource>();
        foreach (var (name, inner, texts) in section.Members(key))
        {
            if (known is not null && !known.Contains(name))
            {
                section.Problem(key, $"unknown field \"{name}\" in \"{key}\"{Checking.Nearest.Hint(name, known)} Other facts go under \"details\".");
            }
            result[name] = inner is null ? new FieldSource(texts, null, null, null) : Field(inner);
        }
        return result;
    }

    private static FieldSource Field(Section section)
    {
        var unit = section.Text("unit");
        if (unit is not null && !Units.Contains(unit))
        {
            section.Problem("unit", $"\"unit\" must be one of {string.Join(", ", Units)}, not \"{unit}\"");
        }
        var source = new FieldSource(section.Texts("at"), section.Pattern("once", groups: 1), section.Pattern("pattern", groups: 1), unit);
        if (source.At.Count == 0 && source.Once is null)
        {
            section.Problem("at", "a field needs \"at\" (its place) or \"once\" (a regular expression over the whole output)");
        }
        section.Finish();
        return source;
    }

    private static FailurePattern Failure(Section section)
    {
        var failure = new FailurePattern(section.Pattern("match") ?? "", section.RequiredText("reason"), section.RequiredText("action"));
        if (failure.Match.Length == 0)
        {
            section.Problem("match", "\"match\" is missing: a regular expression over what the tool prints when it fails");
        }
        section.Finish();
        return failure;
    }
}
