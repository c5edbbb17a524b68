using System.Text;

namespace Amalgam.Runtime.Templates;

/// <summary>
/// Cuts a template into tokens, with the blanks rules under which chat templates are written (Jinja2 with <c>trim_blocks</c> and
/// <c>lstrip_blocks</c>): a block tag takes the newline after it and the indentation before it; a minus takes all blanks on its side.
/// </summary>
internal sealed class TemplateLexer
{
    private static readonly string[] Operators =
        ["==", "!=", "<=", ">=", "//", "**", "+", "-", "*", "/", "%", "~", "<", ">", "=", "(", ")", "[", "]", "{", "}", ",", ":", ".", "|"];

    private readonly string source;
    private readonly List<TemplateToken> tokens = [];
    private int at;
    private int line = 1;

    private TemplateLexer(string template)
    {
        source = template.ReplaceLineEndings("\n");
        source = source.EndsWith('\n') ? source[..^1] : source;
    }

    public static List<TemplateToken> Cut(string template)
    {
        var lexer = new TemplateLexer(template);
        while (lexer.at < lexer.source.Length)
        {
            lexer.Step();
        }

        lexer.Add(TokenType.EndOfTemplate, "");
        return lexer.tokens;
    }

    private void Step()
    {
        var open = FindTag(at);
        if (open < 0)
        {
            AddText(source[at..]);
            Move(source.Length);
            return;
        }

        var kind = source[open + 1];
        var mark = open + 2 < source.Length ? source[open + 2] : '\0';
        AddText(TrimBefore(source[at..open], kind, mark));
        Move(open + (mark is '-' or '+' ? 3 : 2));
        if (kind == '#')
        {
            var close = source.IndexOf("#}", at, StringComparison.Ordinal);
            Move(close >= 0 ? close : throw Error("a comment has no end"));
            EndTag("#}", source[at - 1]);
        }
        else if (kind == '%' && IsRaw())
        {
            Raw();
        }
        else
        {
            Add(kind == '%' ? TokenType.BlockBegin : TokenType.PrintBegin, source.Substring(open, 2));
            Tag(kind == '%' ? "%}" : "}}");
        }
    }

    private int FindTag(int from)
    {
        for (var open = source.IndexOf('{', from); open >= 0 && open + 1 < source.Length; open = source.IndexOf('{', open + 1))
        {
            if (source[open + 1] is '{' or '%' or '#')
            {
                return open;
            }
        }

        return -1;
    }

    private string TrimBefore(string text, char kind, char mark)
    {
        if (mark == '-')
        {
            return text.TrimEnd();
        }

        if (kind == '{' || mark == '+')
        {
            return text;
        }

        var lineStart = text.LastIndexOf('\n') + 1;
        var beginsLine = lineStart > 0 || at == 0 || source[at - 1] == '\n';
        return beginsLine && string.IsNullOrWhiteSpace(text[lineStart..]) ? text[..lineStart] : text;
    }

    private void Tag(string end)
    {
        var depth = 0;
        while (true)
        {
            Move(at + source.AsSpan(at).IndexOfAnyExcept(" \t\n") is var next && next >= at ? next : source.Length);
            if (at >= source.Length)
            {
                throw Error($"a tag has no end '{end}'");
            }

            var mark = source[at];
            var closing = mark is '-' or '+' ? at + 1 : at;
            if (depth == 0 && string.CompareOrdinal(source, closing, end, 0, 2) == 0)
            {
                Move(closing);
                Add(TokenType.TagEnd, end);
                EndTag(end, mark);
                return;
            }

            depth += mark is '(' or '[' or '{' ? 1 : mark is ')' or ']' or '}' ? -1 : 0;
            Lexeme();
        }
    }

    /// <summary>Steps over the end of a tag and the blanks that go with it.</summary>
    private void EndTag(string end, char mark)
    {
        Move(at + 2);
        if (mark == '-')
        {
            var rest = source.AsSpan(at);
            Move(source.Length - rest.TrimStart().Length);
        }
        else if (end != "}}" && mark != '+' && at < source.Length && source[at] == '\n')
        {
            Move(at + 1);
        }
    }

    private bool IsRaw()
    {
        var rest = source.AsSpan(at).TrimStart();
        return rest.StartsWith("raw", StringComparison.Ordinal) && rest[3..].TrimStart("- \t\n").StartsWith("%}", StringComparison.Ordinal);
    }

    private void Raw()
    {
        var begin = source.IndexOf("%}", at, StringComparison.Ordinal) + 2;
        var end = source.IndexOf("endraw", begin, StringComparison.Ordinal);
        var open = end < 0 ? -1 : source.LastIndexOf("{%", end, StringComparison.Ordinal);
        var close = end < 0 ? -1 : source.IndexOf("%}", end, StringComparison.Ordinal);
        if (open < begin || close < 0)
        {
            throw Error("'raw' has no 'endraw'");
        }

        AddText(source[begin..open]);
        Move(close);
        EndTag("%}", source[at - 1]);
    }

    private void Lexeme()
    {
        var c = source[at];
        if (c is '"' or '\'')
        {
            Quoted(c);
        }
        else if (char.IsAsciiDigit(c))
        {
            Number();
        }
        else if (char.IsLetter(c) || c == '_')
        {
            var length = source.AsSpan(at).Length;
            var end = at;
            while (end < at + length && (char.IsLetterOrDigit(source[end]) || source[end] == '_'))
            {
                end++;
            }

            Take(TokenType.Name, end);
        }
        else
        {
            var found = Array.Find(Operators, candidate => string.CompareOrdinal(source, at, candidate, 0, candidate.Length) == 0)
                ?? throw Error($"the character '{c}' means nothing here");
            Take(TokenType.Operator, at + found.Length);
        }
    }

    private void Number()
    {
        var end = at;
        while (end < source.Length && (char.IsAsciiDigit(source[end]) || source[end] == '_'))
        {
            end++;
        }

        var real = end + 1 < source.Length && source[end] == '.' && char.IsAsciiDigit(source[end + 1]);
        for (end += real ? 1 : 0; real && end < source.Length && char.IsAsciiDigit(source[end]); end++)
        {
        }

        Take(real ? TokenType.Real : TokenType.Integer, end);
    }

    private void Quoted(char quote)
    {
        var text = new StringBuilder();
        var end = at + 1;
        for (; end < source.Length && source[end] != quote; end++)
        {
            if (source[end] == '\\' && end + 1 < source.Length)
            {
                end++;
                AppendEscaped(text, ref end);
            }
            else
            {
                text.Append(source[end]);
            }
        }

        if (end >= source.Length)
        {
            throw Error("a text has no closing quote");
        }

        Add(TokenType.String, text.ToString());
        Move(end + 1);
    }

    private void AppendEscaped(StringBuilder text, ref int index)
    {
        var digits = source[index] switch { 'x' => 2, 'u' => 4, _ => 0 };
        if (digits > 0 && index + digits < source.Length
            && ushort.TryParse(source.AsSpan(index + 1, digits), System.Globalization.NumberStyles.AllowHexSpecifier, null, out var code))
        {
            text.Append((char)code);
            index += digits;
            return;
        }

        text.Append(source[index] switch
        {
            'n' => "\n",
            't' => "\t",
            'r' => "\r",
            '\\' or '\'' or '"' => source[index].ToString(),
            _ => "\\" + source[index], // as Python does with an escape it does not know
        });
    }

    private void Take(TokenType type, int end)
    {
        Add(type, source[at..end]);
        Move(end);
    }

    private void AddText(string text)
    {
        if (text.Length > 0)
        {
            Add(TokenType.Text, text);
        }
    }

    private void Add(TokenType type, string text) => tokens.Add(new TemplateToken(type, text, line));

    private void Move(int to)
    {
        line += source.AsSpan(at, to - at).Count('\n');
        at = to;
    }

    private TemplateException Error(string what) => new(line, what);
}
