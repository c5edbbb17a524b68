namespace Amalgam.Runtime.Templates;

/// <summary>Python's arithmetic on the values of a template.</summary>
internal static class Arithmetic
{
    public static object? Compute(string name, object? left, object? right, RenderBudget budget, int line) => (name, left, right) switch
    {
        ("+", string a, string b) => budget.Check(a + b, line),
        ("+", List<object?> a, List<object?> b) => Joined(a, b, budget, line),
        ("*", string text, long times) => Repeated(text, times, budget, line),
        ("%", string format, _) => throw new TemplateException(line, $"formatting with '%' ('{format}') is not supported"),
        (_, long a, long b) => Whole(name, a, b, line),
        _ when Values.TryNumber(left, out var a) && Values.TryNumber(right, out var b) => Real(name, a, b, line),
        _ => throw new TemplateException(line, $"'{name}' does not work on {Values.Describe(left)} and {Values.Describe(right)}"),
    };

    private static object Whole(string name, long a, long b, int line)
    {
        if (b == 0 && (name is "/" or "//" or "%"))
        {
            throw new TemplateException(line, "division by zero");
        }

        try
        {
            return name switch
            {
                // Without the cast the switch would make every result a real number.
                "+" => (object)checked(a + b),
                "-" => checked(a - b),
                "*" => checked(a * b),
                "/" => (double)a / b,
                "//" => checked(a / b) - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0),
                "%" => b == -1 ? 0L : ((a % b) + b) % b,
                "**" => Math.Pow(a, b) is var power && b >= 0 && Math.Abs(power) < 9e15 ? (object)(long)power : power,
                _ => throw new TemplateException(line, $"the operator '{name}' is not supported"),
            };
        }
        catch (OverflowException)
        {
            throw new TemplateException(line, $"'{name}' gives too large a number");
        }
    }

    private static double Real(string name, double a, double b, int line) => name switch
    {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" or "//" or "%" when b == 0 => throw new TemplateException(line, "division by zero"),
        "/" => a / b,
        "//" => Math.Floor(a / b),
        "%" => a - (b * Math.Floor(a / b)),
        "**" => Math.Pow(a, b),
        _ => throw new TemplateException(line, $"the operator '{name}' is not supported"),
    };

    private static string Repeated(string text, long times, RenderBudget budget, int line)
    {
        if (times > 0 && text.Length > budget.Characters / times)
        {
            throw budget.TooLong(line);
        }

        return string.Concat(Enumerable.Repeat(text, (int)Math.Clamp(times, 0, budget.Characters)));
    }

    private static List<object?> Joined(List<object?> a, List<object?> b, RenderBudget budget, int line)
    {
        budget.Step(line, a.Count + b.Count);
        return [.. a, .. b];
    }
}
