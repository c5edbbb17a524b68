namespace Amalgam.Runtime.Templates;

/// <summary>What stands behind a point or in brackets: entries, items, and the methods of texts, lists and maps.</summary>
internal static class Members
{
    public static object? Of(object? target, string name, RenderBudget budget, int line) => target switch
    {
        // An entry wins over a method only where there is no such method: messages have keys such as "content", never "items".
        TemplateMap map => (object?)MapMethod(map, name) ?? (map.TryGet(name, out var value) ? value : new Undefined(name)),
        TemplateNamespace space => space.Members.TryGetValue(name, out var value) ? value : new Undefined(name),
        LoopState loop => loop.Member(name),
        string text => (object?)TextMethods.Of(text, name, budget) ?? new Undefined(name),
        List<object?> list => (object?)ListMethod(list, name, budget) ?? new Undefined(name),
        Undefined undefined => throw new TemplateException(line, $"'{undefined.What}' is not defined, so it has no '{name}'"),
        _ => new Undefined(name),
    };

    public static object? At(object? target, object? index, RenderBudget budget, int line) => (target, index) switch
    {
        (TemplateMap map, string key) => map.TryGet(key, out var value) ? value : Of(map, key, budget, line) is TemplateFunction method ? method : new Undefined(key),
        (List<object?> list, long at) => At(list.Count, at) is { } place ? list[place] : new Undefined($"item {at}"),
        (string text, long at) => At(text.Length, at) is { } place ? text[place].ToString() : new Undefined($"character {at}"),
        (Undefined undefined, _) => throw new TemplateException(line, $"'{undefined.What}' is not defined, so nothing can be taken from it"),
        (_, string name) => Of(target, name, budget, line),
        _ => new Undefined(Values.Print(index)),
    };

    private static int? At(int count, long at)
    {
        var place = at < 0 ? at + count : at;
        return place >= 0 && place < count ? (int)place : null;
    }

    private static TemplateFunction? MapMethod(TemplateMap map, string name) => name switch
    {
        "items" => _ => map.Items(),
        "keys" => _ => map.Keys.Cast<object?>().ToList(),
        "values" => _ => map.Values.ToList(),
        "get" => arguments => arguments.Get(0) is string key && map.TryGet(key, out var value) ? value : arguments.Get(1, "default"),
        _ => null,
    };

    private static TemplateFunction? ListMethod(List<object?> list, string name, RenderBudget budget) => name switch
    {
        "append" => arguments => Append(list, arguments, budget),
        "count" => arguments => (long)list.Count(item => Values.Equals(item, arguments.Get(0))),
        "index" => arguments => list.FindIndex(item => Values.Equals(item, arguments.Get(0))) is >= 0 and var index
            ? (long)index
            : throw arguments.Error("the list has no such item"),
        _ => null,
    };

    private static object? Append(List<object?> list, CallArguments arguments, RenderBudget budget)
    {
        budget.Step(arguments.Line);
        list.Add(arguments.Get(0));
        return null;
    }
}
