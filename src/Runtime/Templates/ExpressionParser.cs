using System.Globalization;

namespace Amalgam.Runtime.Templates;

/// <summary>Expressions with Jinja2's precedence, loosest first: if-else, or, and, not, comparison, + -, ~, * / // %, **, sign, access, filter and test.</summary>
internal sealed class ExpressionParser(TokenCursor cursor)
{
    private const int MostNesting = 60;

    private static readonly string[] Comparisons = ["==", "!=", "<", "<=", ">", ">="];
    private int depth;

    public Expression Parse()
    {
        if (++depth > MostNesting)
        {
            throw new TemplateException(cursor.Current.Line, $"expressions are nested more than {MostNesting} deep");
        }

        var value = Or();
        while (cursor.Current.Is("if"))
        {
            var line = cursor.Next().Line;
            var condition = Or();
            value = new ConditionExpression(line, condition, value, cursor.TryTake("else") ? Parse() : null);
        }

        depth--;
        return value;
    }

    /// <summary>One expression, or several with commas between them as one list.</summary>
    public Expression ParseTuple()
    {
        var first = Parse();
        if (!cursor.Current.Is(","))
        {
            return first;
        }

        var items = new List<Expression> { first };
        while (cursor.TryTake(",") && cursor.Current.Type != TokenType.TagEnd && !cursor.Current.Is(")"))
        {
            items.Add(Parse());
        }

        return new ListExpression(first.Line, items);
    }

    /// <summary>Without the if-else, for the list of a loop, where "if" means something else.</summary>
    public Expression ParseWithoutCondition() => Or();

    public Arguments ParseArguments()
    {
        var positional = new List<Expression>();
        var named = new List<(string, Expression)>();
        cursor.Expect("(");
        while (!cursor.TryTake(")"))
        {
            if (cursor.Current.Type == TokenType.Name && cursor.Following.Is("="))
            {
                var name = cursor.ExpectName();
                cursor.Expect("=");
                named.Add((name, Parse()));
            }
            else
            {
                positional.Add(Parse());
            }

            if (!cursor.Current.Is(")"))
            {
                cursor.Expect(",");
            }
        }

        return new Arguments(positional, named);
    }

    private Expression Or() => LeftToRight(And, "or");

    private Expression And() => LeftToRight(Not, "and");

    private Expression Not()
    {
        var line = cursor.Current.Line;
        var negations = 0;
        while (cursor.TryTake("not"))
        {
            negations++;
        }

        var operand = Comparison();
        for (; negations > 0; negations--)
        {
            operand = new UnaryExpression(line, "not", operand);
        }

        return operand;
    }

    private Expression Comparison()
    {
        var left = Sum();
        Expression? all = null;
        while (TakeComparison() is { } comparison)
        {
            var right = Sum();
            var one = new BinaryExpression(left.Line, comparison, left, right);
            all = all is null ? one : new BinaryExpression(left.Line, "and", all, one);
            left = right;
        }

        return all ?? left;
    }

    private string? TakeComparison()
    {
        if (cursor.Current.Is("not") && cursor.Following.Is("in"))
        {
            cursor.Next();
            cursor.Next();
            return "not in";
        }

        return cursor.TryTake("in") ? "in"
            : cursor.Current.Type == TokenType.Operator && Comparisons.Contains(cursor.Current.Text) ? cursor.Next().Text
            : null;
    }

    private Expression Sum() => LeftToRight(Joined, "+", "-");

    private Expression Joined() => LeftToRight(Product, "~");

    private Expression Product() => LeftToRight(Power, "*", "/", "//", "%");

    private Expression Power() => LeftToRight(Signed, "**");

    private Expression LeftToRight(Func<Expression> operand, params ReadOnlySpan<string> operators)
    {
        var left = operand();
        while (cursor.Current.Type is TokenType.Operator or TokenType.Name && operators.Contains(cursor.Current.Text))
        {
            var (line, name) = (cursor.Current.Line, cursor.Next().Text);
            left = new BinaryExpression(line, name, left, operand());
        }

        return left;
    }

    private Expression Signed()
    {
        var token = cursor.Current;
        if (cursor.TryTake("-") || cursor.TryTake("+"))
        {
            return Modified(new UnaryExpression(token.Line, token.Text, Accessed(Primary())));
        }

        return Modified(Accessed(Primary()));
    }

    private Expression Primary()
    {
        var token = cursor.Next();
        switch (token.Type)
        {
            case TokenType.String:
                return new LiteralExpression(token.Line, JoinAdjacent(token.Text));
            case TokenType.Integer:
                return new LiteralExpression(token.Line, long.TryParse(token.Text.Replace("_", "", StringComparison.Ordinal), out var integer)
                    ? integer
                    : throw new TemplateException(token.Line, $"the number {token.Text} is too large"));
            case TokenType.Real:
                return new LiteralExpression(token.Line, double.Parse(token.Text, CultureInfo.InvariantCulture));
            case TokenType.Name:
                return Named(token);
            case TokenType.Operator when token.Text == "(":
                var inner = cursor.Current.Is(")") ? new ListExpression(token.Line, []) : ParseTuple();
                cursor.Expect(")");
                return inner;
            case TokenType.Operator when token.Text == "[":
                return new ListExpression(token.Line, Items("]"));
            case TokenType.Operator when token.Text == "{":
                return Map(token.Line);
            default:
                throw new TemplateException(token.Line, $"expected a value, found {token}");
        }
    }

    private string JoinAdjacent(string text)
    {
        while (cursor.Current.Type == TokenType.String)
        {
            text += cursor.Next().Text;
        }

        return text;
    }

    private static Expression Named(TemplateToken token) => token.Text switch
    {
        "true" or "True" => new LiteralExpression(token.Line, true),
        "false" or "False" => new LiteralExpression(token.Line, false),
        "none" or "None" => new LiteralExpression(token.Line, null),
        _ => new NameExpression(token.Line, token.Text),
    };

    private List<Expression> Items(string end)
    {
        var items = new List<Expression>();
        while (!cursor.TryTake(end))
        {
            items.Add(Parse());
            if (!cursor.Current.Is(end))
            {
                cursor.Expect(",");
            }
        }

        return items;
    }

    private MapExpression Map(int line)
    {
        var entries = new List<(Expression, Expression)>();
        while (!cursor.TryTake("}"))
        {
            var key = Parse();
            cursor.Expect(":");
            entries.Add((key, Parse()));
            if (!cursor.Current.Is("}"))
            {
                cursor.Expect(",");
            }
        }

        return new MapExpression(line, entries);
    }

    private Expression Accessed(Expression target)
    {
        while (true)
        {
            var line = cursor.Current.Line;
            if (cursor.TryTake("."))
            {
                target = cursor.Current.Type == TokenType.Integer
                    ? new IndexExpression(line, target, Primary())
                    : new MemberExpression(line, target, cursor.ExpectName());
            }
            else if (cursor.TryTake("["))
            {
                target = Subscript(line, target);
            }
            else if (cursor.Current.Is("("))
            {
                target = new CallExpression(line, target, ParseArguments());
            }
            else
            {
                return target;
            }
        }
    }

    private Expression Subscript(int line, Expression target)
    {
        var from = cursor.Current.Is(":") ? null : Parse();
        if (cursor.TryTake("]"))
        {
            return new IndexExpression(line, target, from!);
        }

        cursor.Expect(":");
        var to = cursor.Current.Is(":") || cursor.Current.Is("]") ? null : Parse();
        var step = cursor.TryTake(":") && !cursor.Current.Is("]") ? Parse() : null;
        cursor.Expect("]");
        return new SliceExpression(line, target, from, to, step);
    }

    private Expression Modified(Expression target)
    {
        while (true)
        {
            var line = cursor.Current.Line;
            if (cursor.TryTake("|"))
            {
                var name = cursor.ExpectName();
                target = Accessed(new FilterExpression(line, target, name, cursor.Current.Is("(") ? ParseArguments() : Arguments.None));
            }
            else if (cursor.TryTake("is"))
            {
                var negated = cursor.TryTake("not");
                target = new TestExpression(line, target, cursor.Current.Is("in") ? cursor.Next().Text : cursor.ExpectName(), TestArguments(), negated);
            }
            else
            {
                return target;
            }
        }
    }

    /// <summary>A test takes its argument with or without parentheses: <c>x is divisibleby 3</c>.</summary>
    private Arguments TestArguments()
    {
        if (cursor.Current.Is("("))
        {
            return ParseArguments();
        }

        var takesOne = cursor.Current.Type is TokenType.String or TokenType.Integer or TokenType.Real
            || cursor.Current.Is("[")
            || (cursor.Current.Type == TokenType.Name && cursor.Current.Text is not ("and" or "or" or "not" or "if" or "else" or "is" or "in" or "recursive"));
        return takesOne ? new Arguments([Accessed(Primary())], []) : Arguments.None;
    }
}
