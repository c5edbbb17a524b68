namespace Amalgam.Runtime.Gguf;

/// <summary>A model file that cannot be used. The message is one line for the person who named the file: what is wrong and what to do.</summary>
public sealed class ModelFormatException : Exception
{
    public ModelFormatException()
    {
    }

    public ModelFormatException(string message)
        : base(OneLine(message))
    {
    }

    public ModelFormatException(string message, Exception innerException)
        : base(OneLine(message), innerException)
    {
    }

    /// <summary>Names out of a damaged file can hold anything, terminal codes included, and be as long as the file.</summary>
    private static string OneLine(string message)
    {
        const int longest = 500;
        var line = string.Concat(message.Take(longest).Select(c => char.IsControl(c) ? '?' : c));
        return message.Length > longest ? line + "…" : line;
    }
}
