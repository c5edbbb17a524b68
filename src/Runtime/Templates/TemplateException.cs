namespace Amalgam.Runtime.Templates;

/// <summary>A chat template that cannot be read or carried out. The message is one line and names the template's line.</summary>
public sealed class TemplateException : Exception
{
    public TemplateException()
    {
    }

    public TemplateException(string message)
        : base(message)
    {
    }

    public TemplateException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    public TemplateException(int line, string message)
        : base($"Chat template, line {line}: {message}")
    {
    }

    /// <summary>The template itself refused the messages (<c>raise_exception</c>): the caller's mistake, not the model's.</summary>
    public bool RaisedByTemplate { get; init; }
}
