namespace Amalgam.Runtime.Templates;

/// <summary>The filters that work on lists, maps and whatever else can be gone through.</summary>
internal static class ListFilters
{
    public static object? Apply(string name, object? value, CallArguments arguments, RenderBudget budget)
    {
        if (name is "length" or "count")
        {
            return Length(value, arguments);
        }

        if (name == "items")
        {
            return value is TemplateMap entries ? entries.Items() : value is Undefined ? new List<object?>() : throw arguments.Error($"{Values.Describe(value)} has no items");
        }

        var items = Values.Iterate(value, arguments.Line);
        budget.Step(arguments.Line, items.Count);
        return name switch
        {
            "list" => items.ToList(),
            "first" => items.Count > 0 ? items[0] : new Undefined("the first of nothing"),
            "last" => items.Count > 0 ? items[^1] : new Undefined("the last of nothing"),
            "join" => TextMethods.Join(arguments.Get(0, "d") as string ?? "", Attributes(items, arguments.Get(1, "attribute"), budget, arguments.Line), budget, arguments.Line),
            "reverse" => value is string ? string.Concat(items.Reverse()) : items.Reverse().ToList(),
            "sort" => Sorted(items, arguments, budget),
            "unique" => Unique(items),
            "sum" => items.Aggregate((object?)0L, (sum, item) => Arithmetic.Compute("+", sum, item, budget, arguments.Line)),
            "min" or "max" => Extreme(items, name == "max" ? 1 : -1, arguments.Line),
            "dictsort" => value is TemplateMap map ? map.Items().OrderBy(item => (string)((List<object?>)item!)[0]!, StringComparer.OrdinalIgnoreCase).ToList() : throw arguments.Error("only a map can be sorted so"),
            "map" => Mapped(items, arguments, budget),
            "select" or "reject" => Chosen(items, arguments, name == "select", item => item, 0),
            "selectattr" or "rejectattr" => Chosen(items, arguments, name == "selectattr", item => Attribute(item, arguments.Text(0, "attribute"), budget, arguments.Line), 1),
            _ => throw arguments.Error($"the filter '{name}' is not supported"),
        };
    }

    private static long Length(object? value, CallArguments arguments) => value switch
    {
        string text => text.EnumerateRunes().Count(),
        List<object?> list => list.Count,
        TemplateMap map => map.Count,
        Undefined => 0,
        _ => throw arguments.Error($"{Values.Describe(value)} has no length"),
    };

    private static object? Attribute(object? item, string path, RenderBudget budget, int line) =>
        path.Split('.').Aggregate(item, (target, name) => Members.At(target, long.TryParse(name, out var index) ? index : name, budget, line));

    private static IReadOnlyList<object?> Attributes(IReadOnlyList<object?> items, object? attribute, RenderBudget budget, int line) =>
        attribute is string path ? [.. items.Select(item => Attribute(item, path, budget, line))] : items;

    private static List<object?> Sorted(IReadOnlyList<object?> items, CallArguments arguments, RenderBudget budget)
    {
        var exact = Values.Truthy(arguments.Get(1, "case_sensitive"));
        var order = Comparer<object?>.Create((a, b) => a is string left && b is string right && !exact
            ? string.Compare(left, right, StringComparison.OrdinalIgnoreCase)
            : Values.Compare(a, b, arguments.Line));
        var keyed = items.Select(item => (Item: item, Key: arguments.Get(2, "attribute") is string path ? Attribute(item, path, budget, arguments.Line) : item));
        var sorted = Values.Truthy(arguments.Get(0, "reverse")) ? keyed.OrderByDescending(pair => pair.Key, order) : keyed.OrderBy(pair => pair.Key, order);
        try
        {
            return [.. sorted.Select(pair => pair.Item)];
        }
        catch (InvalidOperationException error) when (error.InnerException is TemplateException inner)
        {
            throw inner; // the framework's sort wraps what a comparison throws
        }
    }

    private static List<object?> Unique(IReadOnlyList<object?> items)
    {
        var unique = new List<object?>();
        unique.AddRange(items.DistinctBy(Values.Print));
        return unique;
    }

    private static object? Extreme(IReadOnlyList<object?> items, int sign, int line)
    {
        object? best = items.Count > 0 ? items[0] : new Undefined("the extreme of nothing");
        foreach (var item in items.Skip(1))
        {
            best = Values.Compare(item, best, line) * sign > 0 ? item : best;
        }

        return best;
    }

    private static List<object?> Mapped(IReadOnlyList<object?> items, CallArguments arguments, RenderBudget budget)
    {
        if (arguments.Named?.TryGetValue("attribute", out var attribute) == true)
        {
            var otherwise = arguments.Named.TryGetValue("default", out var given) ? given : null;
            return [.. Attributes(items, attribute, budget, arguments.Line).Select(value => value is Undefined && otherwise is not null ? otherwise : value)];
        }

        var filter = arguments.Text(0, "filter");
        var rest = arguments with { Positional = arguments.Positional[1..] };
        return [.. items.Select(item => Filters.Apply(filter, item, rest, budget))];
    }

    private static List<object?> Chosen(IReadOnlyList<object?> items, CallArguments arguments, bool wanted, Func<object?, object?> key, int testAt)
    {
        var rest = arguments with { Positional = [.. arguments.Positional.Skip(testAt + 1)] };
        var test = arguments.Get(testAt) as string;
        return [.. items.Where(item => (test is null ? Values.Truthy(key(item)) : Tests.Holds(test, key(item), rest)) == wanted)];
    }
}
