using System.Runtime.CompilerServices;

namespace Amalgam.Runtime.Templates;

/// <summary>Names in force at one place of a template. Loops and macros have their own; what they set is gone after them.</summary>
internal sealed class Scope(Scope? outer)
{
    private readonly Dictionary<string, object?> names = new(StringComparer.Ordinal);

    public void Set(string name, object? value) => names[name] = value;

    public bool TryGet(string name, out object? value)
    {
        for (var scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope.names.TryGetValue(name, out value))
            {
                return true;
            }
        }

        value = null;
        return false;
    }

    private Scope? Outer { get; } = outer;
}

/// <summary>The <c>loop</c> of a for statement.</summary>
internal sealed class LoopState(IReadOnlyList<object?> items, int depth)
{
    public int Index { get; set; }

    public object? Member(string name) => name switch
    {
        "index" => (long)Index + 1,
        "index0" => (long)Index,
        "revindex" => (long)items.Count - Index,
        "revindex0" => (long)items.Count - Index - 1,
        "first" => Index == 0,
        "last" => Index == items.Count - 1,
        "length" => (long)items.Count,
        "depth" => (long)depth,
        "depth0" => (long)depth - 1,
        "previtem" => Index > 0 ? items[Index - 1] : new Undefined("loop.previtem"),
        "nextitem" => Index + 1 < items.Count ? items[Index + 1] : new Undefined("loop.nextitem"),
        "cycle" => (TemplateFunction)(arguments => arguments.Positional.Count > 0
            ? arguments.Positional[Index % arguments.Positional.Count]
            : throw arguments.Error("'cycle' needs values")),
        _ => new Undefined("loop." + name),
    };
}

/// <summary>What a template may use up: it comes with a model file from anywhere, and must not be able to hang or fill the machine.</summary>
internal sealed class RenderBudget(int steps, int characters)
{
    private int stepsLeft = steps;

    /// <summary>The longest text the whole result, or any value on the way, may be.</summary>
    public int Characters { get; } = characters;

    public void Step(int line, int count = 1)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new TemplateException(line, "it is nested too deep");
        }

        stepsLeft -= Math.Min(count, stepsLeft);
        if (stepsLeft == 0)
        {
            throw new TemplateException(line, "it does not come to an end; the template or the conversation is too long");
        }
    }

    public string Check(string text, int line)
    {
        Step(line, 1 + (text.Length >> 8));
        return text.Length <= Characters ? text : throw TooLong(line);
    }

    public TemplateException TooLong(int line) => new(line, $"the text grows beyond {Characters} characters");
}
