namespace Amalgam.Runtime.Templates;

internal enum TokenType
{
    /// <summary>Text outside of tags.</summary>
    Text,

    /// <summary><c>{{</c></summary>
    PrintBegin,

    /// <summary><c>{%</c></summary>
    BlockBegin,

    /// <summary><c>}}</c> or <c>%}</c></summary>
    TagEnd,
    Name,
    String,
    Integer,
    Real,
    Operator,
    EndOfTemplate,
}

internal readonly record struct TemplateToken(TokenType Type, string Text, int Line)
{
    public bool Is(string text) => Type is TokenType.Operator or TokenType.Name && Text == text;

    public override string ToString() => Type switch
    {
        TokenType.EndOfTemplate => "the end of the template",
        TokenType.TagEnd => "the end of the tag",
        _ => $"'{Text}'",
    };
}
