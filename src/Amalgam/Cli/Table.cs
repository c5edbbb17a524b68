namespace Amalgam.Cli;

/// <summary>Columns for people; numbers to the right.</summary>
internal sealed class Table(params string[] headers)
{
    private readonly List<string[]> _rows = [];

    public void Add(params string?[] cells) => _rows.Add([.. cells.Select(cell => cell ?? "")]);

    public void Print(TextWriter output, string whenEmpty)
    {
        if (_rows.Count == 0)
        {
            output.WriteLine(whenEmpty);
            return;
        }

        var widths = headers.Select((header, column) => Math.Max(header.Length, _rows.Max(row => row[column].Length))).ToArray();
        var right = headers.Select((_, column) => _rows.TrueForAll(row => row[column].Length == 0 || IsNumber(row[column]))).ToArray();
        output.WriteLine(Line(headers, widths, right));
        foreach (var row in _rows)
        {
            output.WriteLine(Line(row, widths, right));
        }
    }

    private static string Line(string[] cells, int[] widths, bool[] right) =>
        string.Join("  ", cells.Select((cell, column) => right[column] ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column]))).TrimEnd();

    private static bool IsNumber(string cell) => char.IsAsciiDigit(cell[0]) && cell.All(letter => char.IsAsciiDigit(letter) || letter is '.' or ',' or ' ' or '%');
}
