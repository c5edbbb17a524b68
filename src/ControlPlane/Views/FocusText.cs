using System.Globalization;
using System.Text;
using System.Text.Json;
using Amalgam.Core.Ledger.Focus;

namespace Amalgam.ControlPlane.Views;

/// <summary>A FOCUS table as a file: CSV as RFC 4180 has it with nulls as empty cells, or a JSON array of objects with nulls and numbers.</summary>
public static class FocusText
{
    public static string Csv(FocusTable table)
    {
        var text = new StringBuilder();
        text.AppendJoin(',', table.Columns).Append("\r\n");
        foreach (var row in table.Rows)
        {
            text.AppendJoin(',', row.Select(Cell)).Append("\r\n");
        }

        return text.ToString();
    }

    public static byte[] Json(FocusTable table)
    {
        var types = FocusSchema.Of(table.Dataset, table.Version).ToDictionary(column => column.Id, column => column.Type, StringComparer.Ordinal);
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartArray();
            foreach (var row in table.Rows)
            {
                writer.WriteStartObject();
                for (var at = 0; at < table.Columns.Length; at++)
                {
                    writer.WritePropertyName(table.Columns[at]);
                    Write(writer, types.GetValueOrDefault(table.Columns[at]), row[at]);
                }

                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        return stream.ToArray();
    }

    /// <summary>Reads what <see cref="Csv"/> wrote; for the checker of a file.</summary>
    public static FocusTable Parse(string dataset, string version, string csv)
    {
        var rows = Rows(csv);
        return new FocusTable(dataset, version, [.. rows[0].Select(name => name ?? "")], rows[1..]);
    }

    private static void Write(Utf8JsonWriter writer, FocusType type, string? value)
    {
        if (value is null)
        {
            writer.WriteNullValue();
        }
        else if (type == FocusType.Json)
        {
            writer.WriteRawValue(value);
        }
        else if (type == FocusType.Decimal && decimal.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
        {
            writer.WriteNumberValue(number);
        }
        else
        {
            writer.WriteStringValue(value);
        }
    }

    private static string Cell(string? value) => value is null ? "" : value.AsSpan().IndexOfAny(",\"\r\n") < 0 ? value : $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static List<IReadOnlyList<string?>> Rows(string csv)
    {
        var (rows, row, cell, quoted, wasQuoted) = (new List<IReadOnlyList<string?>>(), new List<string?>(), new StringBuilder(), false, false);
        void EndCell()
        {
            row.Add(cell.Length == 0 && !wasQuoted ? null : cell.ToString());
            cell.Clear();
            wasQuoted = false;
        }

        for (var at = 0; at < csv.Length; at++)
        {
            switch (csv[at])
            {
                case '"' when quoted && at + 1 < csv.Length && csv[at + 1] == '"': cell.Append('"'); at++; break;
                case '"': (quoted, wasQuoted) = (!quoted, true); break;
                case ',' when !quoted: EndCell(); break;
                case '\r' when !quoted: break;
                case '\n' when !quoted:
                    EndCell();
                    rows.Add(row);
                    row = [];
                    break;
                default: cell.Append(csv[at]); break;
            }
        }

        return rows;
    }
}
