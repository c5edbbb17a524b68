namespace Amalgam.Runtime.Templates;

/// <summary>An expression of a template; <paramref name="Line"/> is for messages.</summary>
internal abstract record Expression(int Line);

internal sealed record LiteralExpression(int Line, object? Value) : Expression(Line);

internal sealed record NameExpression(int Line, string Name) : Expression(Line);

internal sealed record ListExpression(int Line, IReadOnlyList<Expression> Items) : Expression(Line);

internal sealed record MapExpression(int Line, IReadOnlyList<(Expression Key, Expression Value)> Entries) : Expression(Line);

internal sealed record MemberExpression(int Line, Expression Target, string Name) : Expression(Line);

internal sealed record IndexExpression(int Line, Expression Target, Expression Index) : Expression(Line);

internal sealed record SliceExpression(int Line, Expression Target, Expression? From, Expression? To, Expression? Step) : Expression(Line);

internal sealed record CallExpression(int Line, Expression Target, Arguments Arguments) : Expression(Line);

internal sealed record FilterExpression(int Line, Expression Target, string Name, Arguments Arguments) : Expression(Line);

internal sealed record TestExpression(int Line, Expression Target, string Name, Arguments Arguments, bool Negated) : Expression(Line);

internal sealed record UnaryExpression(int Line, string Operator, Expression Operand) : Expression(Line);

internal sealed record BinaryExpression(int Line, string Operator, Expression Left, Expression Right) : Expression(Line);

internal sealed record ConditionExpression(int Line, Expression Condition, Expression Then, Expression? Otherwise) : Expression(Line);

internal sealed record Arguments(IReadOnlyList<Expression> Positional, IReadOnlyList<(string Name, Expression Value)> Named)
{
    public static readonly Arguments None = new([], []);
}

/// <summary>A statement of a template.</summary>
internal abstract record Statement(int Line);

internal sealed record TextStatement(int Line, string Text) : Statement(Line);

internal sealed record PrintStatement(int Line, Expression Value) : Statement(Line);

internal sealed record IfStatement(int Line, IReadOnlyList<(Expression Condition, IReadOnlyList<Statement> Body)> Branches, IReadOnlyList<Statement> Otherwise)
    : Statement(Line);

internal sealed record ForStatement(
    int Line, IReadOnlyList<string> Targets, Expression Items, Expression? Filter, IReadOnlyList<Statement> Body, IReadOnlyList<Statement> Otherwise) : Statement(Line);

internal sealed record SetStatement(int Line, IReadOnlyList<string> Names, Expression Value) : Statement(Line);

internal sealed record SetMemberStatement(int Line, string Target, string Name, Expression Value) : Statement(Line);

internal sealed record SetBlockStatement(int Line, string Name, IReadOnlyList<Statement> Body) : Statement(Line);

internal sealed record MacroStatement(int Line, string Name, IReadOnlyList<(string Name, Expression? Otherwise)> Parameters, IReadOnlyList<Statement> Body) : Statement(Line);

/// <summary>A body without a meaning of its own here (<c>generation</c> marks the answer for training).</summary>
internal sealed record GroupStatement(int Line, IReadOnlyList<Statement> Body) : Statement(Line);

internal sealed record LoopControlStatement(int Line, bool Ends) : Statement(Line);
