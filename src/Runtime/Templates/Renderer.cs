using System.Text;

namespace Amalgam.Runtime.Templates;

/// <summary>Carries out the statements of a template once.</summary>
internal sealed class Renderer
{
    private const int MostCallDepth = 32;

    private readonly Evaluator evaluator;
    private readonly RenderBudget budget;
    private readonly Scope globals = new(null);
    private StringBuilder output = new();
    private int loopDepth;
    private int callDepth;

    private Renderer(RenderBudget budget, DateTimeOffset now)
    {
        this.budget = budget;
        evaluator = new Evaluator(budget);
        Globals.Define(globals, budget, now);
    }

    private enum Flow
    {
        Goes,
        Continues,
        Breaks,
    }

    /// <exception cref="TemplateException">The template failed, refused the values, or used up its budget.</exception>
    public static string Render(IReadOnlyList<Statement> template, IEnumerable<KeyValuePair<string, object?>> values, RenderBudget budget, DateTimeOffset now)
    {
        var renderer = new Renderer(budget, now);
        var scope = new Scope(renderer.globals);
        foreach (var (name, value) in values)
        {
            scope.Set(name, value);
        }

        renderer.Body(template, scope);
        return renderer.output.ToString();
    }

    private Flow Body(IReadOnlyList<Statement> body, Scope scope)
    {
        foreach (var statement in body)
        {
            budget.Step(statement.Line);
            var flow = Run(statement, scope);
            if (flow != Flow.Goes)
            {
                return flow;
            }
        }

        return Flow.Goes;
    }

    private Flow Run(Statement statement, Scope scope)
    {
        switch (statement)
        {
            case TextStatement text:
                Write(text.Text, text.Line);
                return Flow.Goes;
            case PrintStatement print:
                Write(Values.Print(evaluator.Evaluate(print.Value, scope)), print.Line);
                return Flow.Goes;
            case IfStatement choice:
                return Body(BranchOf(choice, scope), scope);
            case ForStatement loop:
                For(loop, scope);
                return Flow.Goes;
            case SetStatement set:
                Assign(scope, set.Names, evaluator.Evaluate(set.Value, scope), set.Line);
                return Flow.Goes;
            case SetMemberStatement member:
                SetMember(member, scope);
                return Flow.Goes;
            case SetBlockStatement block:
                scope.Set(block.Name, Capture(() => Body(block.Body, scope)));
                return Flow.Goes;
            case MacroStatement macro:
                scope.Set(macro.Name, (TemplateFunction)(arguments => Call(macro, scope, arguments)));
                return Flow.Goes;
            case GroupStatement group:
                return Body(group.Body, scope);
            case LoopControlStatement control when loopDepth > 0:
                return control.Ends ? Flow.Breaks : Flow.Continues;
            default:
                throw new TemplateException(statement.Line, "'break' and 'continue' belong into a loop");
        }
    }

    private IReadOnlyList<Statement> BranchOf(IfStatement choice, Scope scope)
    {
        foreach (var (condition, body) in choice.Branches)
        {
            if (Values.Truthy(evaluator.Evaluate(condition, scope)))
            {
                return body;
            }
        }

        return choice.Otherwise;
    }

    private void For(ForStatement loop, Scope scope)
    {
        var items = Values.Iterate(evaluator.Evaluate(loop.Items, scope), loop.Line);
        if (loop.Filter is { } filter)
        {
            items = [.. items.Where(item => Passes(loop, filter, item, scope))];
        }

        if (items.Count == 0)
        {
            Body(loop.Otherwise, scope);
            return;
        }

        var state = new LoopState(items, ++loopDepth);
        for (; state.Index < items.Count; state.Index++)
        {
            budget.Step(loop.Line);
            var inner = new Scope(scope);
            inner.Set("loop", state);
            Assign(inner, loop.Targets, items[state.Index], loop.Line);
            if (Body(loop.Body, inner) == Flow.Breaks)
            {
                break;
            }
        }

        loopDepth--;
    }

    private bool Passes(ForStatement loop, Expression filter, object? item, Scope scope)
    {
        var inner = new Scope(scope);
        Assign(inner, loop.Targets, item, loop.Line);
        return Values.Truthy(evaluator.Evaluate(filter, inner));
    }

    private static void Assign(Scope scope, IReadOnlyList<string> names, object? value, int line)
    {
        if (names.Count == 1)
        {
            scope.Set(names[0], value);
            return;
        }

        var parts = Values.Iterate(value, line);
        if (parts.Count != names.Count)
        {
            throw new TemplateException(line, $"{parts.Count} values for {names.Count} names");
        }

        for (var i = 0; i < names.Count; i++)
        {
            scope.Set(names[i], parts[i]);
        }
    }

    private void SetMember(SetMemberStatement statement, Scope scope)
    {
        if (!scope.TryGet(statement.Target, out var target) || target is not TemplateNamespace space)
        {
            throw new TemplateException(statement.Line, $"members can only be set on a namespace, and '{statement.Target}' is none");
        }

        space.Members[statement.Name] = evaluator.Evaluate(statement.Value, scope);
    }

    private string Call(MacroStatement macro, Scope scope, CallArguments arguments)
    {
        if (++callDepth > MostCallDepth)
        {
            throw new TemplateException(macro.Line, $"macros call each other more than {MostCallDepth} deep");
        }

        var inner = new Scope(scope);
        for (var i = 0; i < macro.Parameters.Count; i++)
        {
            var (name, otherwise) = macro.Parameters[i];
            var given = i < arguments.Positional.Count || arguments.Named?.ContainsKey(name) == true;
            inner.Set(name, given ? arguments.Get(i, name) : otherwise is null ? new Undefined(name) : evaluator.Evaluate(otherwise, inner));
        }

        var text = Capture(() => Body(macro.Body, inner));
        callDepth--;
        return text;
    }

    private string Capture(Func<Flow> body)
    {
        var outer = output;
        output = new StringBuilder();
        body();
        var text = output.ToString();
        output = outer;
        return text;
    }

    private void Write(string text, int line)
    {
        budget.Step(line, 1 + (text.Length >> 8));
        if (output.Length + text.Length > budget.Characters)
        {
            throw budget.TooLong(line);
        }

        output.Append(text);
    }
}
