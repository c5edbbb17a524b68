using System.Globalization;

namespace Amalgam.Simulation.Traces;

/// <summary>
/// A comma- or tab-separated file, read whole before anything is used. Columns of a file with a header are found by name, because the
/// published files differ in which they have.
/// </summary>
public sealed class TraceTable
{
    private readonly Dictionary<string, int> _columns = [];
    private readonly List<(int Line, string[] Fields)> _rows = [];

    private TraceTable(string file) => File = file;

    public string File { get; }

    public IEnumerable<TraceRow> Rows => _rows.Select(r => new TraceRow(this, r.Line, r.Fields));

    /// <param name="required">Columns that must be there.</param>
    /// <exception cref="TraceException">A column is missing or a line has another number of fields.</exception>
    public static TraceTable WithHeader(string file, params ReadOnlySpan<string> required)
    {
        var table = new TraceTable(file);
        var lines = Lines(file);
        if (lines.Length == 0)
        {
            throw TraceException.At(file, 0, "header", "the file is empty; a line with column names is expected");
        }
        var header = lines[0].Split(',');
        for (var c = 0; c < header.Length; c++)
        {
            table._columns[header[c].Trim()] = c;
        }
        foreach (var column in required)
        {
            if (!table._columns.ContainsKey(column))
            {
                throw TraceException.At(file, 1, column, $"this column is missing; there are {string.Join(", ", table._columns.Keys)}");
            }
        }
        table.Fill(lines, 1, ',', header.Length);
        return table;
    }

    /// <param name="columns">Names of the columns from left to right.</param>
    public static TraceTable WithoutHeader(string file, char separator, params ReadOnlySpan<string> columns)
    {
        var table = new TraceTable(file);
        for (var c = 0; c < columns.Length; c++)
        {
            table._columns[columns[c]] = c;
        }
        table.Fill(Lines(file), 0, separator, columns.Length);
        return table;
    }

    /// <summary>Fields of the first line that has any.</summary>
    public static int Width(string file, char separator) =>
        Array.Find(Lines(file), line => !string.IsNullOrWhiteSpace(line))?.Split(separator).Length ?? throw TraceException.At(file, 0, "line", "there is no job in it");

    private static string[] Lines(string file)
    {
        try
        {
            return System.IO.File.ReadAllLines(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TraceException($"{file}: cannot be read: {e.Message}", e);
        }
    }

    private void Fill(string[] lines, int first, char separator, int width)
    {
        for (var i = first; i < lines.Length; i++)
        {
            if (string.IsNullOrWhiteSpace(lines[i]))
            {
                continue;
            }
            var fields = lines[i].Split(separator);
            if (fields.Length != width)
            {
                throw TraceException.At(File, i + 1, "line", $"{width} fields are expected, {fields.Length} found");
            }
            _rows.Add((i + 1, fields));
        }
    }

    internal bool TryColumn(string name, out int column) => _columns.TryGetValue(name, out column);
}

/// <summary>One line of a trace; fields are parsed on request and errors name their place.</summary>
public readonly struct TraceRow(TraceTable table, int line, string[] fields)
{
    public int Line => line;

    /// <returns>The text, or "" where the file has no such column.</returns>
    public string Text(string column) => table.TryColumn(column, out var at) ? fields[at].Trim() : "";

    public long Whole(string column, long least = 0, long most = long.MaxValue)
    {
        var text = Text(column);
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most
            ? value
            : throw Wrong(column, text, $"a whole number from {least}{(most < long.MaxValue ? $" to {most}" : " up")}");
    }

    public double Number(string column, double least = 0)
    {
        var text = Text(column);
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) && value >= least
            ? value
            : throw Wrong(column, text, $"a number from {least} up");
    }

    public double Seconds(string column)
    {
        var text = Text(column);
        return DateTime.TryParseExact(text, "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? (time - DateTime.UnixEpoch).TotalSeconds
            : throw Wrong(column, text, "a time like 2017-10-09 07:01:55");
    }

    public TraceException Wrong(string column, string text, string expected) =>
        TraceException.At(table.File, line, column, $"'{text}' is not {expected}");
}
