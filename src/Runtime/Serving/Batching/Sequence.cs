using Amalgam.Runtime.Model;

namespace Amalgam.Runtime.Serving.Batching;

/// <summary>
/// One text in the works: the tokens it has, how many of them the model has seen, and what it wants back. Touched by the loop's thread alone, except
/// for <see cref="Leave"/>.
/// </summary>
public abstract class Sequence(int[] prompt)
{
    private volatile bool left;

    /// <summary>The prompt and what was generated since.</summary>
    internal List<int> Tokens { get; } = [.. prompt];

    internal int PromptLength { get; } = prompt.Length;

    /// <summary>How many of <see cref="Tokens"/> are in the model's cache.</summary>
    internal int Fed { get; set; }

    /// <summary>How many prompt tokens were already in the cache when the sequence began.</summary>
    internal int Cached { get; set; }

    internal int Slot { get; set; } = -1;

    internal bool Finished { get; private protected set; }

    /// <summary>The client has gone; the loop drops the sequence before its next pass.</summary>
    internal bool HasLeft => left;

    internal int Pending => Tokens.Count - Fed;

    /// <summary>How much of an earlier sequence's cache may be taken over.</summary>
    internal abstract int MostReusable { get; }

    /// <summary>Says that nobody waits for the result any more. Safe from any thread, any number of times.</summary>
    public void Leave() => left = true;

    internal abstract BatchOutput OutputAt(int position);

    /// <summary>Takes the row that was asked for at a position; may change it.</summary>
    internal abstract void Take(Span<float> row, int position);

    /// <summary>Ends it without a result.</summary>
    internal abstract void Fail(string reason);
}
