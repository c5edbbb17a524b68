using System.Globalization;
using Amalgam.Catalogue.Entries;

namespace Amalgam.Catalogue.Detecting;

/// <summary>Takes the facts about one device out of its piece of a tool's output.</summary>
internal sealed class FieldReading(DetectionTool tool, string output, Func<string, string?> item)
{
    private static readonly Dictionary<string, double> BytesPerUnit = new()
    {
        ["B"] = 1,
        ["KB"] = 1e3,
        ["MB"] = 1e6,
        ["GB"] = 1e9,
        ["KiB"] = 1 << 10,
        ["MiB"] = 1 << 20,
        ["GiB"] = 1 << 30,
    };

    /// <summary>A text field; null when absent, or when the tool prints one of the words for "I do not know".</summary>
    public string? Text(string field)
    {
        var source = tool.Fields.GetValueOrDefault(field);
        // A regex recipe names its groups after the fields and needs no list of them.
        return source is null
            ? tool.Format is OutputFormat.Regex or OutputFormat.Blocks ? Known(item(field)) : null
            : Value(source);
    }

    public int? Integer(string field) =>
        int.TryParse(Text(field), NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>Memory in MiB. The unit is what the value says, else what the recipe says, else MiB.</summary>
    public int? MemoryMiB()
    {
        if (Text("memory") is not { } text)
        {
            return null;
        }
        var digits = text.TakeWhile(letter => char.IsAsciiDigit(letter) || letter == '.').Count();
        if (!double.TryParse(text.AsSpan(0, digits), NumberStyles.Float, CultureInfo.InvariantCulture, out var amount))
        {
            return null;
        }
        var written = BytesPerUnit.Keys.FirstOrDefault(unit => text[digits..].Trim().Equals(unit, StringComparison.OrdinalIgnoreCase));
        var unit = written ?? tool.Fields.GetValueOrDefault("memory")?.Unit ?? "MiB";
        var mebibytes = Math.Round(amount * BytesPerUnit[unit] / (1 << 20));
        return mebibytes is > 0 and < int.MaxValue ? (int)mebibytes : null;
    }

    public IReadOnlyDictionary<string, string> Details()
    {
        var details = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, source) in tool.Details)
        {
            if (Value(source) is { } value)
            {
                details[name] = value;
            }
        }
        return details;
    }

    private string? Value(FieldSource source)
    {
        var raw = source.Once is { } once
            ? ToolOutput.Cut(once, output)
            : source.At.Select(item).FirstOrDefault(value => Known(value) is not null);
        return Known(source.Pattern is { } pattern && raw is not null ? ToolOutput.Cut(pattern, raw) : raw);
    }

    private static string? Known(string? value) =>
        value is null or "" or "N/A" or "[N/A]" or "[Not Supported]" or "NA" or "-" or "/" or "unknown" ? null : value;
}
