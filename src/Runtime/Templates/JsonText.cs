using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Amalgam.Runtime.Templates;

/// <summary>Values to and from JSON; written as Python's <c>json.dumps(ensure_ascii=False)</c> writes, blanks included: models were trained on that.</summary>
internal static class JsonText
{
    private const int MostNesting = 60;

    public static object? Read(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => element.GetString(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Number => element.TryGetInt64(out var integer) ? integer : element.GetDouble(),
        JsonValueKind.Array => element.EnumerateArray().Select(Read).ToList(),
        JsonValueKind.Object => ReadMap(element),
        _ => null,
    };

    public static string Write(object? value, int indent, int line)
    {
        var text = new StringBuilder();
        Write(text, value, indent, 0, line);
        return text.ToString();
    }

    private static TemplateMap ReadMap(JsonElement element)
    {
        var map = new TemplateMap();
        foreach (var property in element.EnumerateObject())
        {
            map[property.Name] = Read(property.Value);
        }

        return map;
    }

    private static void Write(StringBuilder text, object? value, int indent, int depth, int line)
    {
        switch (value)
        {
            case null:
                text.Append("null");
                break;
            case bool flag:
                text.Append(flag ? "true" : "false");
                break;
            case long number:
                text.Append(number.ToString(CultureInfo.InvariantCulture));
                break;
            case double number:
                text.Append(Values.Number(number));
                break;
            case string plain:
                Quote(text, plain);
                break;
            case List<object?> list when depth < MostNesting:
                Items(text, '[', list, ']', indent, depth, item => Write(text, item, indent, depth + 1, line));
                break;
            case TemplateMap map when depth < MostNesting:
                Items(text, '{', map.Items().Cast<List<object?>>(), '}', indent, depth, entry =>
                {
                    Quote(text, (string)entry[0]!);
                    text.Append(": ");
                    Write(text, entry[1], indent, depth + 1, line);
                });
                break;
            default:
                throw new TemplateException(line, $"{Values.Describe(value)} cannot be written as JSON");
        }
    }

    private static void Items<T>(StringBuilder text, char open, IEnumerable<T> items, char close, int indent, int depth, Action<T> write)
    {
        var count = 0;
        text.Append(open);
        foreach (var item in items)
        {
            text.Append(count++ == 0 ? "" : indent > 0 ? "," : ", ");
            NewLine(text, indent, depth + 1);
            write(item);
        }

        if (count > 0)
        {
            NewLine(text, indent, depth);
        }

        text.Append(close);
    }

    private static void NewLine(StringBuilder text, int indent, int depth)
    {
        if (indent > 0)
        {
            text.Append('\n').Append(' ', indent * depth);
        }
    }

    private static void Quote(StringBuilder text, string plain)
    {
        text.Append('"');
        foreach (var c in plain)
        {
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                '\b' => text.Append("\\b"),
                '\f' => text.Append("\\f"),
                < ' ' => text.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture)),
                _ => text.Append(c),
            };
        }

        text.Append('"');
    }
}
