namespace Amalgam.Runtime.Model;

/// <summary>What a batch position should give back.</summary>
public enum BatchOutput
{
    /// <summary>Only its keys and values, into the cache.</summary>
    None,

    /// <summary>One row of <see cref="ModelShape.Vocabulary"/> logits.</summary>
    Logits,

    /// <summary>One row of <see cref="ModelShape.Width"/> final-norm hidden values (for embeddings).</summary>
    Hidden,
}

/// <summary>
/// One token of a batch. <paramref name="Slot"/> names the sequence (0 ≤ slot &lt; <see cref="ILanguageModel.Slots"/>),
/// <paramref name="Position"/> its place in it (0 ≤ position &lt; <see cref="ILanguageModel.ContextLength"/>). A position written again
/// replaces what stood there, which is how a sequence is cut back or its prefix re-used.
/// </summary>
public readonly record struct BatchToken(int Token, int Position, int Slot, BatchOutput Output);

/// <summary>Sizes of a loaded model, all in elements.</summary>
public sealed record ModelShape(
    string Architecture, int Layers, int Width, int Heads, int KeyValueHeads, int HeadWidth, int FeedForwardWidth, int Vocabulary, int TrainedContext);

/// <summary>A model with its key/value cache. Not thread-safe: one caller at a time; it spreads the work over its own threads.</summary>
public interface ILanguageModel : IDisposable
{
    ModelShape Shape { get; }

    /// <summary>Independent sequences the cache holds.</summary>
    int Slots { get; }

    /// <summary>Positions per slot.</summary>
    int ContextLength { get; }

    /// <summary>Largest batch <see cref="Forward"/> takes.</summary>
    int MaxBatch { get; }

    /// <summary>
    /// Runs one pass. Positions of one slot must be ascending in the batch, and all earlier positions of the slot already in the cache or the batch.
    /// Rows asked for are written to <paramref name="output"/> one after the other in batch order. Allocates nothing.
    /// </summary>
    void Forward(ReadOnlySpan<BatchToken> batch, Span<float> output);
}
