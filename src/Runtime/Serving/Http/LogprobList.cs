using System.Text;
using Amalgam.Runtime.Sampling;
using Amalgam.Runtime.Tokenizing;

namespace Amalgam.Runtime.Serving.Http;

/// <summary>
/// The log probabilities of one choice, in the shape of its endpoint. Those of tokens whose text is held back are held back with it, and dropped when
/// that text turns out to be a stop text.
/// </summary>
internal sealed class LogprobList(Tokenizer tokenizer, bool chat)
{
    private readonly List<SampledToken> held = [];
    private int offset;

    public void Add(SampledToken token) => held.Add(token);

    public void DropHeld() => held.Clear();

    /// <summary>What came since the last time; null when nothing did.</summary>
    public object? Take()
    {
        if (held.Count == 0)
        {
            return null;
        }

        object taken = chat ? new ChatLogprobs(held.ConvertAll(ChatEntry)) : TextEntries();
        held.Clear();
        return taken;
    }

    private ChatLogprob ChatEntry(SampledToken token) => new(
        TextOf(token.Token),
        token.Logprob,
        BytesOf(token.Token),
        Array.ConvertAll(token.Top ?? [], top => new ChatTopLogprob(TextOf(top.Token), top.Logprob, BytesOf(top.Token))));

    private TextLogprobs TextEntries()
    {
        var tops = held.ConvertAll(token => token.Top ?? []);
        var offsets = new List<int>(held.Count);
        foreach (var token in held)
        {
            offsets.Add(offset);
            offset += TextOf(token.Token).Length;
        }

        return new TextLogprobs(held.ConvertAll(token => TextOf(token.Token)), held.ConvertAll(token => token.Logprob), tops.ConvertAll(ByText), offsets);
    }

    private Dictionary<string, float> ByText(TokenLogprob[] tops)
    {
        var byText = new Dictionary<string, float>(tops.Length, StringComparer.Ordinal);
        foreach (var top in tops)
        {
            byText.TryAdd(TextOf(top.Token), top.Logprob); // two halves of characters can have one text; the likelier stays
        }

        return byText;
    }

    private string TextOf(int token) => Encoding.UTF8.GetString(tokenizer.PieceWithControl(token));

    private int[] BytesOf(int token) => Array.ConvertAll(tokenizer.PieceWithControl(token).ToArray(), value => (int)value);
}
