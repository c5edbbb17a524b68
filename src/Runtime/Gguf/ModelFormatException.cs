namespace Amalgam.Runtime.Gguf;

/// <summary>A model file that cannot be used. The message is one line for the person who named the file: what is wrong and what to do.</summary>
public sealed class ModelFormatException : Exception
{
    public ModelFormatException()
    {
    }

    public ModelFormatException(string message)
        : base(message)
    {
    }

    public ModelFormatException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
