namespace Amalgam.Runtime.Templates;

/// <summary>The statements that chat templates use. Anything that would read other templates is refused.</summary>
internal sealed class StatementParser
{
    private const int MostNesting = 40;

    private readonly TokenCursor cursor;
    private readonly ExpressionParser expressions;
    private int depth;

    private StatementParser(List<TemplateToken> tokens)
    {
        cursor = new TokenCursor(tokens);
        expressions = new ExpressionParser(cursor);
    }

    /// <exception cref="TemplateException">The text is not a template of the supported kind.</exception>
    public static IReadOnlyList<Statement> Parse(string template)
    {
        var parser = new StatementParser(TemplateLexer.Cut(template));
        var (body, end) = parser.Body();
        return end is null ? body : throw new TemplateException(parser.cursor.Current.Line, $"'{end}' ends nothing");
    }

    /// <summary>Reads until a tag that none of the statements begins with: an end or another branch. Its name is read, its rest is not.</summary>
    private (List<Statement> Body, string? End) Body()
    {
        if (++depth > MostNesting)
        {
            throw new TemplateException(cursor.Current.Line, $"statements are nested more than {MostNesting} deep");
        }

        var body = new List<Statement>();
        string? end = null;
        while (end is null && cursor.Current.Type != TokenType.EndOfTemplate)
        {
            var token = cursor.Next();
            if (token.Type == TokenType.Text)
            {
                body.Add(new TextStatement(token.Line, token.Text));
            }
            else if (token.Type == TokenType.PrintBegin)
            {
                body.Add(new PrintStatement(token.Line, expressions.ParseTuple()));
                cursor.ExpectTagEnd();
            }
            else
            {
                end = Tag(body);
            }
        }

        depth--;
        return (body, end);
    }

    private string? Tag(List<Statement> body)
    {
        var line = cursor.Current.Line;
        var name = cursor.ExpectName();
        switch (name)
        {
            case "if":
                body.Add(If(line));
                return null;
            case "for":
                body.Add(For(line));
                return null;
            case "set":
                body.Add(Set(line));
                return null;
            case "macro":
                body.Add(Macro(line));
                return null;
            case "generation":
                cursor.ExpectTagEnd();
                body.Add(new GroupStatement(line, Until("endgeneration", line)));
                return null;
            case "break" or "continue":
                cursor.ExpectTagEnd();
                body.Add(new LoopControlStatement(line, name == "break"));
                return null;
            default:
                return name is "else" or "elif" || name.StartsWith("end", StringComparison.Ordinal)
                    ? name
                    : throw new TemplateException(line, $"the statement '{name}' is not supported");
        }
    }

    private List<Statement> Until(string end, int line)
    {
        var (body, found) = Body();
        if (found != end)
        {
            throw new TemplateException(line, $"expected '{end}' for what begins here, found {(found is null ? "the end of the template" : $"'{found}'")}");
        }

        cursor.ExpectTagEnd();
        return body;
    }

    private IfStatement If(int line)
    {
        var branches = new List<(Expression, IReadOnlyList<Statement>)>();
        string? end;
        do
        {
            var condition = expressions.ParseTuple();
            cursor.ExpectTagEnd();
            (var body, end) = Body();
            branches.Add((condition, body));
        }
        while (end == "elif");

        List<Statement> otherwise = [];
        if (end == "else")
        {
            cursor.ExpectTagEnd();
            otherwise = Until("endif", line);
        }
        else if (end == "endif")
        {
            cursor.ExpectTagEnd();
        }
        else
        {
            throw new TemplateException(line, "this 'if' has no 'endif'");
        }

        return new IfStatement(line, branches, otherwise);
    }

    private ForStatement For(int line)
    {
        var targets = Names();
        cursor.Expect("in");
        var items = expressions.ParseWithoutCondition();
        var filter = cursor.TryTake("if") ? expressions.Parse() : null;
        if (cursor.Current.Is("recursive"))
        {
            throw new TemplateException(line, "recursive loops are not supported");
        }

        cursor.ExpectTagEnd();
        var (body, end) = Body();
        List<Statement> otherwise = [];
        if (end == "else")
        {
            cursor.ExpectTagEnd();
            otherwise = Until("endfor", line);
        }
        else if (end == "endfor")
        {
            cursor.ExpectTagEnd();
        }
        else
        {
            throw new TemplateException(line, "this 'for' has no 'endfor'");
        }

        return new ForStatement(line, targets, items, filter, body, otherwise);
    }

    private List<string> Names()
    {
        var bracketed = cursor.TryTake("(");
        var names = new List<string> { cursor.ExpectName() };
        while (cursor.TryTake(","))
        {
            names.Add(cursor.ExpectName());
        }

        if (bracketed)
        {
            cursor.Expect(")");
        }

        return names;
    }

    private Statement Set(int line)
    {
        var names = Names();
        if (names.Count == 1 && cursor.TryTake("."))
        {
            var member = cursor.ExpectName();
            cursor.Expect("=");
            var memberValue = expressions.ParseTuple();
            cursor.ExpectTagEnd();
            return new SetMemberStatement(line, names[0], member, memberValue);
        }

        if (cursor.TryTake("="))
        {
            var value = expressions.ParseTuple();
            cursor.ExpectTagEnd();
            return new SetStatement(line, names, value);
        }

        cursor.ExpectTagEnd();
        return new SetBlockStatement(line, names[0], Until("endset", line));
    }

    private MacroStatement Macro(int line)
    {
        var name = cursor.ExpectName();
        var parameters = new List<(string, Expression?)>();
        cursor.Expect("(");
        while (!cursor.TryTake(")"))
        {
            var parameter = cursor.ExpectName();
            parameters.Add((parameter, cursor.TryTake("=") ? expressions.Parse() : null));
            if (!cursor.Current.Is(")"))
            {
                cursor.Expect(",");
            }
        }

        cursor.ExpectTagEnd();
        return new MacroStatement(line, name, parameters, Until("endmacro", line));
    }
}
