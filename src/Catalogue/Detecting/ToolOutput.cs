using System.Text.Json;
using System.Text.RegularExpressions;
using Amalgam.Catalogue.Entries;

namespace Amalgam.Catalogue.Detecting;

/// <summary>
/// Cuts a tool's output into devices. Four forms cover the field: lines of separated values, JSON, a regular expression per
/// device (for drawn tables), and blocks of <c>key : value</c> lines.
/// </summary>
internal static class ToolOutput
{
    // Output comes from another program: a pattern that meets something strange must give up, not hang.
    private static readonly TimeSpan PatternTimeout = TimeSpan.FromSeconds(1);

    /// <summary>The devices in the output, each as a look-up from place to value.</summary>
    /// <exception cref="FormatException">The output is not in the form the recipe says.</exception>
    public static IReadOnlyList<Func<string, string?>> Items(DetectionTool tool, string output) => tool.Format switch
    {
        OutputFormat.Csv => Csv(tool, output),
        OutputFormat.Json => Json(tool, output),
        OutputFormat.Regex => Matches(tool, output),
        _ => Blocks(tool, output),
    };

    /// <summary>Group 1 of the first match; null when nothing matches.</summary>
    public static string? Cut(string pattern, string text)
    {
        var match = Regex.Match(text, pattern, RegexOptions.None, PatternTimeout);
        return match.Success ? match.Groups[1].Value.Trim() : null;
    }

    public static bool Contains(string text, string pattern) =>
        Regex.IsMatch(text, pattern, RegexOptions.IgnoreCase, PatternTimeout);

    private static List<Func<string, string?>> Csv(DetectionTool tool, string output)
    {
        var rows = output.Split('\n')
            .Select(line => line.TrimEnd('\r'))
            .Where(line => line.Trim().Length > 0 && (tool.Pattern is null || Contains(line, tool.Pattern)))
            .Select(line => line.Split(',').Select(cell => cell.Trim()).ToArray())
            .ToList();
        var titles = tool.Header && rows.Count > 0 ? rows[0] : [];
        return rows.Skip(tool.Header ? 1 : 0)
            .Select(row => (Func<string, string?>)(at => Cell(row, titles, at)))
            .ToList();
    }

    private static string? Cell(string[] row, string[] titles, string at)
    {
        var column = int.TryParse(at, out var number)
            ? number
            : Array.FindIndex(titles, title => title.Equals(at, StringComparison.OrdinalIgnoreCase));
        return column >= 0 && column < row.Length ? row[column] : null;
    }

    private static List<Func<string, string?>> Json(DetectionTool tool, string output)
    {
        // Some tools print warnings before the document.
        var start = output.AsSpan().IndexOfAny('{', '[');
        if (start < 0)
        {
            return [];
        }
        try
        {
            var document = JsonSerializer.Deserialize(output.AsSpan(start), CatalogueJson.Default.JsonElement);
            return JsonPath.Select(document, tool.Items!)
                .Where(item => tool.Pattern is null || Contains(item.Key, tool.Pattern))
                .Select(item => (Func<string, string?>)(at => at == "$key" ? item.Key : JsonPath.Text(item.Value, at)))
                .ToList();
        }
        catch (JsonException wrong)
        {
            throw new FormatException("it printed no valid JSON: " + wrong.Message, wrong);
        }
    }

    private static List<Func<string, string?>> Matches(DetectionTool tool, string output) =>
        Regex.Matches(output.ReplaceLineEndings("\n"), tool.Pattern!, RegexOptions.Multiline, PatternTimeout)
            .Select(match => (Func<string, string?>)(at => match.Groups[at] is { Success: true } group ? group.Value.Trim() : null))
            .ToList();

    private static List<Func<string, string?>> Blocks(DetectionTool tool, string output)
    {
        var blocks = new List<Dictionary<string, string>>();
        foreach (var line in output.Split('\n'))
        {
            var opening = Regex.Match(line, tool.Pattern!, RegexOptions.None, PatternTimeout);
            if (opening.Success)
            {
                blocks.Add([]);
                foreach (var group in opening.Groups.Values.Where(group => group.Success))
                {
                    blocks[^1][group.Name] = group.Value.Trim();
                }
            }
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (blocks.Count > 0 && colon > 0)
            {
                // First wins: sections further down repeat general words such as "Total".
                blocks[^1].TryAdd(line[..colon].Trim(), line[(colon + 1)..].Trim());
            }
        }
        return blocks.Select(block => (Func<string, string?>)(at => block.GetValueOrDefault(at))).ToList();
    }
}
