using Amalgam.Runtime.Model;

namespace Core.Tests.Runtime.Serving;

/// <summary>
/// A model whose next token is told by a rule, and that holds its caller to the contract: positions without gaps, one row per output asked for. The
/// rule sees what the cache of the slot really holds, so a wrong re-use shows in the answer.
/// </summary>
internal sealed class SimulatedLanguageModel : ILanguageModel
{
    private readonly Func<IReadOnlyList<int>, int> rule;
    private readonly List<int>[] cache;

    public SimulatedLanguageModel(Func<IReadOnlyList<int>, int> rule, int slots = 2, int context = 256, int maxBatch = 64)
    {
        (this.rule, Slots, ContextLength, MaxBatch) = (rule, slots, context, maxBatch);
        cache = [.. Enumerable.Range(0, slots).Select(_ => new List<int>())];
    }

    public ModelShape Shape { get; } = new("simulated", 1, 4, 1, 1, 4, 4, ByteVocabulary.Count + 3, 256);

    public int Slots { get; }

    public int ContextLength { get; }

    public int MaxBatch { get; }

    /// <summary>Runs at the beginning of each pass, with its tokens.</summary>
    public Action<BatchToken[]>? BeforePass { get; set; }

    /// <summary>The tokens of every pass so far.</summary>
    public List<BatchToken[]> Passes { get; } = [];

    /// <summary>The alphabet: after 'a' comes 'b', and so on; after 'z', or anything else but a letter and the line that begins an answer, the turn ends.</summary>
    public static int Alphabet(IReadOnlyList<int> tokens) => tokens[^1] switch
    {
        '\n' => 'a',
        >= 'a' and < 'z' and var letter => letter + 1,
        _ => ByteVocabulary.TurnEnd,
    };

    public void Forward(ReadOnlySpan<BatchToken> batch, Span<float> output)
    {
        BeforePass?.Invoke(batch.ToArray());
        lock (Passes)
        {
            Passes.Add(batch.ToArray());
        }

        if (batch.Length == 0 || batch.Length > MaxBatch)
        {
            throw new ArgumentException($"batch of {batch.Length}");
        }

        var offset = 0;
        foreach (var (token, position, slot, wanted) in batch)
        {
            var tokens = cache[slot];
            if (position > tokens.Count || position >= ContextLength)
            {
                throw new ArgumentException($"position {position} of slot {slot}, which holds {tokens.Count}");
            }

            tokens.RemoveRange(position, tokens.Count - position);
            tokens.Add(token);
            offset += Write(wanted, tokens, output[offset..]);
        }
    }

    public void Dispose()
    {
    }

    private int Write(BatchOutput wanted, List<int> tokens, Span<float> output)
    {
        if (wanted == BatchOutput.Hidden)
        {
            output[0] = tokens[^1];
            output[1] = 1;
            output[2] = output[3] = 0;
            return Shape.Width;
        }

        if (wanted == BatchOutput.None)
        {
            return 0;
        }

        output[..Shape.Vocabulary].Fill(-10);
        output[ByteVocabulary.Count..Shape.Vocabulary].Fill(1000); // rows of padding, which no token has
        output[rule(tokens)] = 10;
        return Shape.Vocabulary;
    }
}
