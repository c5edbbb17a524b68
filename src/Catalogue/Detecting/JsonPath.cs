using System.Text.Json;

namespace Amalgam.Catalogue.Detecting;

/// <summary>
/// Paths into JSON, as far as vendor tools need them: member names and element numbers separated by <c>/</c>, and <c>*</c>
/// for all. A slash rather than a dot, since the tools' own names hold dots, spaces and brackets.
/// </summary>
internal static class JsonPath
{
    /// <summary>Everything at the path, each with the name or number of its last step.</summary>
    public static IEnumerable<(string Key, JsonElement Value)> Select(JsonElement root, string path)
    {
        IEnumerable<(string Key, JsonElement Value)> reached = [("", root)];
        foreach (var step in path.Split('/'))
        {
            reached = reached.SelectMany(item => Step(item.Value, step));
        }
        return reached;
    }

    /// <summary>The scalar at the path as text; null when the path leads nowhere.</summary>
    public static string? Text(JsonElement root, string path)
    {
        foreach (var (_, value) in Select(root, path))
        {
            return value.ValueKind switch
            {
                JsonValueKind.String => value.GetString()!.Trim(),
                JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
                _ => null,
            };
        }
        return null;
    }

    private static IEnumerable<(string Key, JsonElement Value)> Step(JsonElement value, string step)
    {
        if (value.ValueKind == JsonValueKind.Object)
        {
            return step == "*"
                ? value.EnumerateObject().Select(member => (member.Name, member.Value))
                : value.TryGetProperty(step, out var member) ? [(step, member)] : [];
        }
        if (value.ValueKind != JsonValueKind.Array)
        {
            return [];
        }
        return value.EnumerateArray()
            .Select((element, number) => (number.ToString(), element))
            .Where(pair => step == "*" || step == pair.Item1);
    }
}
