using System.Globalization;

namespace Amalgam.Runtime.Templates;

/// <summary>Jinja's filters: <c>x | NAME</c>.</summary>
internal static class Filters
{
    public static object? Apply(string name, object? value, CallArguments arguments, RenderBudget budget)
    {
        var line = arguments.Line;
        return name switch
        {
            "default" or "d" => value is Undefined || (Values.Truthy(arguments.Get(1, "boolean")) && !Values.Truthy(value)) ? arguments.Get(0, "default_value", "") : value,
            "trim" => Text(value).Trim((arguments.Get(0, "chars") as string)?.ToCharArray()),
            "upper" => Text(value).ToUpperInvariant(),
            "lower" => Text(value).ToLowerInvariant(),
            "capitalize" => TextMethods.Capitalise(Text(value)),
            "title" => TextMethods.Title(Text(value)),
            "replace" => TextMethods.Replace(Text(value), arguments.Text(0, "old"), arguments.Text(1, "new"), arguments.Get(2, "count") as long? ?? -1, budget, line),
            "indent" => Indent(Text(value), arguments, budget),
            "string" => Text(value),
            "safe" => value,
            "escape" or "e" => System.Net.WebUtility.HtmlEncode(Text(value)),
            "tojson" => budget.Check(JsonText.Write(value, (int)(arguments.Get(0, "indent") as long? ?? 0), line), line),
            "int" => ToWhole(value, arguments),
            "float" => ToReal(value, arguments),
            "abs" => value switch { long whole => (object)Math.Abs(Math.Max(whole, -long.MaxValue)), double real => Math.Abs(real), _ => throw Wrong() },
            "round" => Values.TryNumber(value, out var number) ? Math.Round(number, (int)Math.Clamp(arguments.Get(0, "precision") as long? ?? 0, 0, 15)) : throw Wrong(),
            _ => ListFilters.Apply(name, value, arguments, budget),
        };

        TemplateException Wrong() => arguments.Error($"the filter '{name}' does not work on {Values.Describe(value)}");
    }

    private static string Text(object? value) => Values.Print(value);

    private static object? ToWhole(object? value, CallArguments arguments) => value switch
    {
        long => value,
        bool flag => flag ? 1L : 0L,
        double real when Math.Abs(real) < 9e18 => (long)real,
        string text when long.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) => whole,
        string text when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) && Math.Abs(real) < 9e18 => (long)real,
        _ => arguments.Get(0, "default", 0L),
    };

    private static object? ToReal(object? value, CallArguments arguments) =>
        Values.TryNumber(value, out var number) ? number
        : value is string text && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var parsed) ? parsed
        : arguments.Get(0, "default", 0.0);

    private static string Indent(string text, CallArguments arguments, RenderBudget budget)
    {
        var indent = arguments.Get(0, "width") switch
        {
            string given => given,
            long width => new string(' ', (int)Math.Clamp(width, 0, 1000)),
            _ => "    ",
        };
        var lines = text.Split('\n');
        var blankToo = Values.Truthy(arguments.Get(2, "blank"));
        budget.Step(arguments.Line, lines.Length);
        for (var i = 0; i < lines.Length; i++)
        {
            var wanted = i == 0 ? Values.Truthy(arguments.Get(1, "first")) : lines[i].Length > 0 || blankToo;
            lines[i] = wanted ? indent + lines[i] : lines[i];
        }

        return TextMethods.Join("\n", lines, budget, arguments.Line);
    }
}
