using System.Text;

namespace Amalgam.Runtime.Tokenizing;

/// <summary>
/// Joins pieces to text for a stream: a character that comes in several tokens is held back until it is whole, so that no one ever sees half of it.
/// Bytes that can no longer become a character give U+FFFD.
/// </summary>
public sealed class TextAssembler
{
    private readonly Decoder decoder = Encoding.UTF8.GetDecoder();

    /// <summary>Appends what the bytes complete.</summary>
    public void Append(ReadOnlySpan<byte> piece, StringBuilder text) => Decode(piece, text, flush: false);

    /// <summary>Appends a U+FFFD for a character that stayed incomplete.</summary>
    public void Flush(StringBuilder text) => Decode([], text, flush: true);

    private void Decode(ReadOnlySpan<byte> piece, StringBuilder text, bool flush)
    {
        Span<char> characters = stackalloc char[128];
        do
        {
            decoder.Convert(piece, characters, flush, out var bytesUsed, out var charactersUsed, out var completed);
            text.Append(characters[..charactersUsed]);
            piece = piece[bytesUsed..];
            if (completed)
            {
                return;
            }
        }
        while (true);
    }
}
