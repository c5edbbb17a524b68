namespace Amalgam.Runtime.Templates;

/// <summary>Computes expressions.</summary>
internal sealed class Evaluator(RenderBudget budget)
{
    public object? Evaluate(Expression expression, Scope scope)
    {
        budget.Step(expression.Line);
        return expression switch
        {
            LiteralExpression literal => literal.Value,
            NameExpression name => scope.TryGet(name.Name, out var value) ? value : new Undefined(name.Name),
            ListExpression list => list.Items.Select(item => Evaluate(item, scope)).ToList(),
            MapExpression map => Map(map, scope),
            MemberExpression member => Members.Of(Evaluate(member.Target, scope), member.Name, budget, member.Line),
            IndexExpression index => Members.At(Evaluate(index.Target, scope), Evaluate(index.Index, scope), budget, index.Line),
            SliceExpression slice => Slice(slice, scope),
            CallExpression call => Call(call, scope),
            FilterExpression filter => Filters.Apply(filter.Name, Evaluate(filter.Target, scope), Arguments(filter.Line, filter.Arguments, scope), budget),
            TestExpression test => Test(test, scope),
            UnaryExpression unary => Unary(unary, scope),
            BinaryExpression binary => Binary(binary, scope),
            ConditionExpression condition => Condition(condition, scope),
            _ => throw new InvalidOperationException($"No rule for {expression.GetType().Name}."),
        };
    }

    private object? Condition(ConditionExpression condition, Scope scope) =>
        Values.Truthy(Evaluate(condition.Condition, scope)) ? Evaluate(condition.Then, scope)
        : condition.Otherwise is null ? new Undefined("a condition without 'else'")
        : Evaluate(condition.Otherwise, scope);

    private TemplateMap Map(MapExpression expression, Scope scope)
    {
        var map = new TemplateMap();
        foreach (var (key, value) in expression.Entries)
        {
            map[Values.Print(Evaluate(key, scope))] = Evaluate(value, scope);
        }

        return map;
    }

    private CallArguments Arguments(int line, Arguments arguments, Scope scope)
    {
        var positional = new List<object?>(arguments.Positional.Count);
        foreach (var argument in arguments.Positional)
        {
            positional.Add(Evaluate(argument, scope));
        }

        return new CallArguments(line, positional, arguments.Named.Count == 0
            ? null
            : arguments.Named.ToDictionary(named => named.Name, named => Evaluate(named.Value, scope), StringComparer.Ordinal));
    }

    private object? Call(CallExpression call, Scope scope)
    {
        var target = Evaluate(call.Target, scope);
        return target is TemplateFunction function
            ? function(Arguments(call.Line, call.Arguments, scope))
            : throw new TemplateException(call.Line, $"{Values.Describe(target)} cannot be called");
    }

    private bool Test(TestExpression test, Scope scope)
    {
        var value = Evaluate(test.Target, scope);
        return Tests.Holds(test.Name, value, Arguments(test.Line, test.Arguments, scope)) != test.Negated;
    }

    private object? Unary(UnaryExpression unary, Scope scope)
    {
        var value = Evaluate(unary.Operand, scope);
        return (unary.Operator, value) switch
        {
            ("not", _) => !Values.Truthy(value),
            ("-", long number) => unchecked(-number),
            ("-", double number) => -number,
            ("+", long or double) => value,
            _ => throw new TemplateException(unary.Line, $"{Values.Describe(value)} has no sign"),
        };
    }

    private object? Binary(BinaryExpression binary, Scope scope)
    {
        var left = Evaluate(binary.Left, scope);
        if (binary.Operator is "and" or "or")
        {
            return Values.Truthy(left) == (binary.Operator == "or") ? left : Evaluate(binary.Right, scope);
        }

        var right = Evaluate(binary.Right, scope);
        return binary.Operator switch
        {
            "==" => Values.Equals(left, right),
            "!=" => !Values.Equals(left, right),
            "<" => Values.Compare(left, right, binary.Line) < 0,
            "<=" => Values.Compare(left, right, binary.Line) <= 0,
            ">" => Values.Compare(left, right, binary.Line) > 0,
            ">=" => Values.Compare(left, right, binary.Line) >= 0,
            "in" => Values.Contains(right, left, binary.Line),
            "not in" => !Values.Contains(right, left, binary.Line),
            "~" => budget.Check(Values.Print(left) + Values.Print(right), binary.Line),
            _ => Arithmetic.Compute(binary.Operator, left, right, budget, binary.Line),
        };
    }

    private object? Slice(SliceExpression slice, Scope scope)
    {
        var target = Evaluate(slice.Target, scope);
        var items = target is string text ? [.. text.Select(c => (object?)c)] : Values.Iterate(target, slice.Line);
        var step = Bound(slice.Step, scope, slice.Line) ?? 1;
        if (step == 0)
        {
            throw new TemplateException(slice.Line, "a slice cannot step by 0");
        }

        budget.Step(slice.Line, items.Count);
        var (least, most) = step > 0 ? (0L, (long)items.Count) : (-1L, items.Count - 1L);
        var from = Clamp(Bound(slice.From, scope, slice.Line), step > 0 ? least : most, items.Count, least, most);
        var to = Clamp(Bound(slice.To, scope, slice.Line), step > 0 ? most : least, items.Count, least, most);
        var taken = new List<object?>();
        for (var i = from; step > 0 ? i < to : i > to; i += step)
        {
            taken.Add(items[(int)i]);
        }

        return target is string ? string.Concat(taken) : taken;
    }

    private long? Bound(Expression? bound, Scope scope, int line) => bound is null ? null : Evaluate(bound, scope) switch
    {
        null => null,
        long number => Math.Clamp(number, int.MinValue, int.MaxValue),
        var other => throw new TemplateException(line, $"{Values.Describe(other)} is no place in a list"),
    };

    private static long Clamp(long? bound, long otherwise, int count, long least, long most) =>
        bound is { } given ? Math.Clamp(given < 0 ? given + count : given, least, most) : otherwise;
}
