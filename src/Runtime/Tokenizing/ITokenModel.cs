namespace Amalgam.Runtime.Tokenizing;

/// <summary>Turns text without special tokens into token ids. Not thread-safe: it keeps its work space.</summary>
internal interface ITokenModel
{
    void Encode(ReadOnlySpan<char> text, List<int> tokens);
}
