namespace Amalgam.Runtime.Templates;

/// <summary>The place of a parser in the tokens.</summary>
internal sealed class TokenCursor(List<TemplateToken> tokens)
{
    private int at;

    public TemplateToken Current => tokens[at];

    public TemplateToken Following => tokens[Math.Min(at + 1, tokens.Count - 1)];

    public TemplateToken Next() => at < tokens.Count - 1 ? tokens[at++] : tokens[at];

    public bool TryTake(string text)
    {
        var found = Current.Is(text);
        at += found ? 1 : 0;
        return found;
    }

    public void Expect(string text)
    {
        if (!TryTake(text))
        {
            throw Unexpected($"'{text}'");
        }
    }

    public string ExpectName() => Current.Type == TokenType.Name ? Next().Text : throw Unexpected("a name");

    public void ExpectTagEnd()
    {
        if (Current.Type != TokenType.TagEnd)
        {
            throw Unexpected("the end of the tag");
        }

        Next();
    }

    public TemplateException Unexpected(string wanted) => new(Current.Line, $"expected {wanted}, found {Current}");
}
