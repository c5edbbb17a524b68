using System.Buffers;

namespace Amalgam.Runtime.Tokenizing;

/// <summary>
/// Finds vocabulary entries that stand in a text as a whole: those the makers added always, control tokens only when asked. The leftmost wins, and
/// the longest of those that begin at one place.
/// </summary>
internal sealed class SpecialTokens
{
    private readonly Finder always;
    private readonly Finder whenAsked;

    public SpecialTokens(Vocabulary vocabulary)
    {
        var ids = Enumerable.Range(0, vocabulary.Count).Where(id => vocabulary.Text(id).Length > 0).ToArray();
        always = new Finder(vocabulary, ids.Where(id => vocabulary.Kind(id) == TokenKind.UserDefined));
        whenAsked = new Finder(vocabulary, ids.Where(id => vocabulary.Kind(id) is TokenKind.UserDefined or TokenKind.Control or TokenKind.Unknown));
    }

    /// <summary>The next entry in the text; an index of -1 when there is none.</summary>
    public (int Index, int Length, int Token) Next(ReadOnlySpan<char> text, bool control) => (control ? whenAsked : always).Next(text);

    private sealed class Finder
    {
        private readonly SearchValues<string>? any;
        private readonly Dictionary<char, (string Text, int Token)[]> byFirst;

        public Finder(Vocabulary vocabulary, IEnumerable<int> ids)
        {
            var entries = ids.Select(id => (Text: vocabulary.Text(id), Token: id)).ToArray();
            any = entries.Length == 0 ? null : SearchValues.Create(Array.ConvertAll(entries, entry => entry.Text), StringComparison.Ordinal);
            byFirst = entries.GroupBy(entry => entry.Text[0])
                .ToDictionary(group => group.Key, group => group.OrderByDescending(entry => entry.Text.Length).ToArray());
        }

        public (int Index, int Length, int Token) Next(ReadOnlySpan<char> text)
        {
            var index = any is null ? -1 : text.IndexOfAny(any);
            if (index < 0)
            {
                return (-1, 0, 0);
            }

            foreach (var (entry, token) in byFirst[text[index]])
            {
                if (text[index..].StartsWith(entry, StringComparison.Ordinal))
                {
                    return (index, entry.Length, token);
                }
            }

            throw new InvalidOperationException("A special token was found in the text but not in its list.");
        }
    }
}
