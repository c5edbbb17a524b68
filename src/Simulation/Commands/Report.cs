using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Amalgam.Simulation.Commands;

/// <summary>What a simulation prints: one JSON document or a text table, and on request the table as CSV and a picture.</summary>
/// <param name="Json">The whole result.</param>
/// <param name="Header">Columns of the table.</param>
/// <param name="Rows">Cells as text, numbers with a point.</param>
/// <param name="Series">Lines of the picture.</param>
internal sealed record Report(JsonObject Json, string Title, string[] Header, IReadOnlyList<string[]> Rows, IReadOnlyList<PlotSeries> Series, string AxisX, string AxisY)
{
    private static readonly JsonSerializerOptions Compact = new();

    public bool AsJson { get; init; }

    public bool AsCsv { get; init; }

    public string? PlotFile { get; init; }

    /// <summary>Options that every simulation has.</summary>
    public static readonly string[] CommonFlags = ["--json", "--csv"];

    public Report For(SimulateOptions options) => this with
    {
        AsJson = options.Has("--json"),
        AsCsv = options.Has("--csv"),
        PlotFile = options.Has("--plot") ? options.Text("--plot") : null,
    };

    public void Write(TextWriter output)
    {
        if (PlotFile is not null)
        {
            File.WriteAllText(PlotFile, SvgPlot.Draw(Title, AxisX, AxisY, Series));
        }
        if (AsJson)
        {
            output.WriteLine(Json.ToJsonString(Compact));
        }
        else if (AsCsv)
        {
            output.WriteLine(string.Join(',', Header));
            foreach (var row in Rows)
            {
                output.WriteLine(string.Join(',', row));
            }
        }
        else
        {
            WriteTable(output);
        }
    }

    private void WriteTable(TextWriter output)
    {
        output.WriteLine(Title);
        var widths = Header.Select((h, c) => Math.Max(h.Length, Rows.Select(r => r[c].Length).DefaultIfEmpty().Max())).ToArray();
        foreach (var row in Rows.Prepend(Header))
        {
            output.WriteLine(string.Join("  ", row.Select((cell, c) => c == 0 ? cell.PadRight(widths[c]) : cell.PadLeft(widths[c]))).TrimEnd());
        }
    }

    public static string Text(double value, int digits = 2) =>
        double.IsFinite(value) ? value.ToString("F" + digits, CultureInfo.InvariantCulture) : "-";

    /// <summary>A number for JSON, or null where there is none.</summary>
    public static JsonNode? Number(double value, int digits = 4) => double.IsFinite(value) ? JsonValue.Create(Math.Round(value, digits)) : null;
}
