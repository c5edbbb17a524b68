using System.Text.Json;

namespace Amalgam.Simulation.Scenarios;

/// <summary>A JSON value that knows on which line it stands, so that a refusal can name the place.</summary>
internal sealed class LinedJson
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = 16, CommentHandling = JsonCommentHandling.Disallow };

    private LinedJson(JsonTokenType kind, int line, string text) => (Kind, Line, Text) = (kind, line, text);

    public JsonTokenType Kind { get; }

    /// <summary>Counted from 1.</summary>
    public int Line { get; }

    /// <summary>Of a string its value, of a number its digits.</summary>
    public string Text { get; }

    public List<(string Name, LinedJson Value)> Fields { get; } = [];

    public List<LinedJson> Items { get; } = [];

    /// <exception cref="ScenarioException">The text is no JSON; names the line.</exception>
    public static LinedJson Parse(string file, ReadOnlySpan<byte> text)
    {
        var lines = LineStarts(text);
        var reader = new Utf8JsonReader(text, Options);
        try
        {
            reader.Read();
            var value = Read(file, ref reader, lines);
            reader.Read();
            return value;
        }
        catch (JsonException broken)
        {
            throw new ScenarioException(file, (int)(broken.LineNumber ?? 0) + 1, "", "this is no JSON; put the comma, quote or bracket right there");
        }
    }

    private static LinedJson Read(string file, ref Utf8JsonReader reader, List<int> lines)
    {
        var line = LineOf(lines, (int)reader.TokenStartIndex);
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                return ReadObject(file, ref reader, lines, new LinedJson(JsonTokenType.StartObject, line, ""));
            case JsonTokenType.StartArray:
                var array = new LinedJson(JsonTokenType.StartArray, line, "");
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    array.Items.Add(Read(file, ref reader, lines));
                }

                return array;
            case JsonTokenType.String:
                return new LinedJson(JsonTokenType.String, line, reader.GetString()!);
            case JsonTokenType.Number:
                return new LinedJson(JsonTokenType.Number, line, System.Text.Encoding.UTF8.GetString(reader.ValueSpan));
            default:
                return new LinedJson(reader.TokenType, line, "");
        }
    }

    private static LinedJson ReadObject(string file, ref Utf8JsonReader reader, List<int> lines, LinedJson value)
    {
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var line = LineOf(lines, (int)reader.TokenStartIndex);
            var name = reader.GetString()!;
            if (value.Fields.Exists(field => string.Equals(field.Name, name, StringComparison.Ordinal)))
            {
                throw new ScenarioException(file, line, name, "the field stands here twice; leave one");
            }

            reader.Read();
            value.Fields.Add((name, Read(file, ref reader, lines)));
        }

        return value;
    }

    private static List<int> LineStarts(ReadOnlySpan<byte> text)
    {
        var starts = new List<int> { 0 };
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == (byte)'\n')
            {
                starts.Add(i + 1);
            }
        }

        return starts;
    }

    private static int LineOf(List<int> starts, int offset)
    {
        var at = starts.BinarySearch(offset);
        return at >= 0 ? at + 1 : ~at;
    }
}
