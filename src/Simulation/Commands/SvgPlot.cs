using System.Globalization;
using System.Net;
using System.Text;

namespace Amalgam.Simulation.Commands;

/// <summary>One line of a picture.</summary>
public sealed record PlotSeries(string Name, IReadOnlyList<(double X, double Y)> Points);

/// <summary>A line chart as an SVG document that any browser shows.</summary>
public static class SvgPlot
{
    private const int Width = 760;
    private const int Height = 440;
    private const int Left = 70;
    private const int Right = 150;
    private const int Top = 40;
    private const int Bottom = 50;

    private static readonly string[] Colours = ["#1f5fbf", "#c0392b", "#2e8b57", "#8e44ad", "#d68910", "#555555"];

    public static string Draw(string title, string axisX, string axisY, IReadOnlyList<PlotSeries> series)
    {
        var points = series.SelectMany(s => s.Points).Where(p => double.IsFinite(p.X) && double.IsFinite(p.Y)).ToArray();
        var (minX, maxX) = Range(points.Select(p => p.X));
        var (minY, maxY) = Range(points.Select(p => p.Y).Append(0));
        double X(double x) => Left + (x - minX) / (maxX - minX) * (Width - Left - Right);
        double Y(double y) => Height - Bottom - (y - minY) / (maxY - minY) * (Height - Top - Bottom);
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" font-family=\"sans-serif\" font-size=\"12\">\n");
        svg.Append(CultureInfo.InvariantCulture, $"<rect width=\"{Width}\" height=\"{Height}\" fill=\"white\"/>\n");
        Label(svg, Left, 22, title, "start", 15);
        Label(svg, (Left + Width - Right) / 2.0, Height - 10, axisX, "middle", 12);
        Label(svg, 8, Top - 8, axisY, "start", 12);
        for (var k = 0; k <= 5; k++)
        {
            var (x, y) = (minX + k * (maxX - minX) / 5, minY + k * (maxY - minY) / 5);
            svg.Append(CultureInfo.InvariantCulture, $"<line x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(y):F1}\" y2=\"{Y(y):F1}\" stroke=\"#ddd\"/>\n");
            Label(svg, Left - 6, Y(y) + 4, y.ToString("G4", CultureInfo.InvariantCulture), "end", 11);
            Label(svg, X(x), Height - Bottom + 16, x.ToString("G4", CultureInfo.InvariantCulture), "middle", 11);
        }
        for (var s = 0; s < series.Count; s++)
        {
            var colour = Colours[s % Colours.Length];
            var path = series[s].Points.Where(p => double.IsFinite(p.X) && double.IsFinite(p.Y))
                .Select(p => string.Create(CultureInfo.InvariantCulture, $"{X(p.X):F1},{Y(p.Y):F1}"));
            svg.Append(CultureInfo.InvariantCulture, $"<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"{string.Join(' ', path)}\"/>\n");
            svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{Width - Right + 12}\" y=\"{Top + 20 * s}\" width=\"14\" height=\"4\" fill=\"{colour}\"/>\n");
            Label(svg, Width - Right + 32, Top + 20 * s + 7, series[s].Name, "start", 12);
        }
        return svg.Append("</svg>\n").ToString();
    }

    private static (double, double) Range(IEnumerable<double> values)
    {
        var all = values.DefaultIfEmpty().ToArray();
        var (min, max) = (all.Min(), all.Max());
        return max > min ? (min, max) : (min, min + 1);
    }

    private static void Label(StringBuilder svg, double x, double y, string text, string anchor, int size) =>
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{x:F1}\" y=\"{y:F1}\" text-anchor=\"{anchor}\" font-size=\"{size}\">{WebUtility.HtmlEncode(text)}</text>\n");
}
