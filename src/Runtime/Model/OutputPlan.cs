namespace Amalgam.Runtime.Model;

/// <summary>Which rows of a batch are wanted and where they go. Offsets are in floats from the start of the output.</summary>
internal sealed class OutputPlan(ModelShape shape, int maxBatch)
{
    private readonly int[] tokens = new int[maxBatch];
    private readonly long[] offsets = new long[maxBatch];
    private readonly bool[] hidden = new bool[maxBatch];

    public int Count { get; private set; }

    /// <summary>Floats in all.</summary>
    public long Floats { get; private set; }

    /// <summary>Whether all are logits, so that one product with a constant stride does them all.</summary>
    public bool AllLogits { get; private set; }

    public int Token(int index) => tokens[index];

    public long Offset(int index) => offsets[index];

    public bool IsHidden(int index) => hidden[index];

    public void Make(ReadOnlySpan<BatchToken> batch)
    {
        (Count, Floats, AllLogits) = (0, 0, true);
        for (int i = 0; i < batch.Length; i++)
        {
            if (batch[i].Output == BatchOutput.None) continue;
            bool isHidden = batch[i].Output == BatchOutput.Hidden;
            (tokens[Count], offsets[Count], hidden[Count]) = (i, Floats, isHidden);
            Floats += isHidden ? shape.Width : shape.Vocabulary;
            AllLogits &= !isHidden;
            Count++;
        }
    }
}
