using System.Globalization;
using System.Text;

namespace Amalgam.Runtime.Templates;

/// <summary>The functions that chat templates expect to find.</summary>
internal static class Globals
{
    public static void Define(Scope scope, RenderBudget budget, DateTimeOffset now)
    {
        scope.Set("raise_exception", (TemplateFunction)(arguments => throw Raised(arguments)));
        scope.Set("strftime_now", (TemplateFunction)(arguments => FormatTime(now, arguments.Text(0, "format"))));
        scope.Set("namespace", (TemplateFunction)NewNamespace);
        scope.Set("dict", (TemplateFunction)NewMap);
        scope.Set("range", (TemplateFunction)(arguments => Range(arguments, budget)));
    }

    private static TemplateException Raised(CallArguments arguments) =>
        new($"The model's chat template refuses these messages: {Values.Print(arguments.Get(0, "message")).ReplaceLineEndings(" ")}") { RaisedByTemplate = true };

    private static TemplateNamespace NewNamespace(CallArguments arguments)
    {
        var space = new TemplateNamespace();
        foreach (var (name, value) in arguments.Named ?? [])
        {
            space.Members[name] = value;
        }

        return space;
    }

    private static TemplateMap NewMap(CallArguments arguments)
    {
        var map = new TemplateMap();
        foreach (var (name, value) in arguments.Named ?? [])
        {
            map[name] = value;
        }

        return map;
    }

    private static List<object?> Range(CallArguments arguments, RenderBudget budget)
    {
        var bounds = arguments.Positional.Select(bound => bound as long? ?? throw arguments.Error("'range' needs whole numbers")).ToArray();
        var (from, to, step) = bounds.Length switch
        {
            1 => (0, bounds[0], 1),
            2 => (bounds[0], bounds[1], 1),
            3 when bounds[2] != 0 => (bounds[0], bounds[1], bounds[2]),
            _ => throw arguments.Error("'range' needs one to three numbers, and a step that is not 0"),
        };
        var items = new List<object?>();
        for (Int128 i = from; step > 0 ? i < to : i > to; i += step)
        {
            budget.Step(arguments.Line);
            items.Add((long)i);
        }

        return items;
    }

    /// <summary>The codes of C's strftime that templates use to tell the model the date.</summary>
    private static string FormatTime(DateTimeOffset now, string format)
    {
        var text = new StringBuilder();
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                text.Append(format[i]);
                continue;
            }

            var net = format[++i] switch
            {
                'Y' => "yyyy",
                'y' => "yy",
                'm' => "MM",
                'B' => "MMMM",
                'b' => "MMM",
                'd' => "dd",
                'A' => "dddd",
                'a' => "ddd",
                'H' => "HH",
                'I' => "hh",
                'M' => "mm",
                'S' => "ss",
                'p' => "tt",
                'F' => "yyyy-MM-dd",
                'T' => "HH:mm:ss",
                _ => null,
            };
            text.Append(net is null ? format[i].ToString() : now.ToString(net, CultureInfo.InvariantCulture));
        }

        return text.ToString();
    }
}
