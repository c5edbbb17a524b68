using Amalgam.Runtime.Kernels;

namespace Amalgam.Runtime.Model;

/// <summary>The working memory of a pass, one row per token of the batch, taken when the model is loaded.</summary>
internal sealed unsafe class PassBuffers : IDisposable
{
    private readonly NativeBuffer residual;
    private readonly NativeBuffer query;
    private readonly NativeBuffer key;
    private readonly NativeBuffer value;
    private readonly NativeBuffer attended;
    private readonly NativeBuffer scratch;
    private readonly long scratchFloats;

    public PassBuffers(ModelSettings settings, ActivationForms forms, int maxBatch, int context, int members)
    {
        var shape = settings.Shape;
        (Width, QueryStride, KeyStride) = (Pad(shape.Width), Pad(settings.QueryColumns), Pad(settings.KeyColumns));
        residual = NativeBuffer.ForFloats((long)maxBatch * Width);
        query = NativeBuffer.ForFloats((long)maxBatch * QueryStride);
        key = NativeBuffer.ForFloats((long)maxBatch * KeyStride);
        value = NativeBuffer.ForFloats((long)maxBatch * KeyStride);
        attended = NativeBuffer.ForFloats((long)maxBatch * QueryStride);
        Normed = new Activations(maxBatch, Width, forms);
        Inner = new Activations(maxBatch, Math.Max(shape.FeedForwardWidth, settings.QueryColumns), forms);
        scratchFloats = ScratchFloats(maxBatch, context);
        scratch = NativeBuffer.ForFloats(scratchFloats * members);
    }

    /// <summary>Floats per row of the residual stream: the width padded to 16.</summary>
    public int Width { get; }

    public int QueryStride { get; }

    public int KeyStride { get; }

    public Activations Normed { get; }

    /// <summary>Inputs of the two products that lead back to the residual stream: attention results, and gated feed-forward values.</summary>
    public Activations Inner { get; }

    public float* Residual(int token) => (float*)residual.Pointer + ((long)token * Width);

    public float* Query(int token) => (float*)query.Pointer + ((long)token * QueryStride);

    public float* Key(int token) => (float*)key.Pointer + ((long)token * KeyStride);

    public float* Value(int token) => (float*)value.Pointer + ((long)token * KeyStride);

    public float* Attended(int token) => (float*)attended.Pointer + ((long)token * QueryStride);

    /// <summary>A member's own memory: rows of a chunk, or scores of attention.</summary>
    public float* Scratch(int member) => (float*)scratch.Pointer + (member * scratchFloats);

    public static long BytesFor(ModelSettings settings, ActivationForms forms, int maxBatch, int context, int members)
    {
        var shape = settings.Shape;
        long floats = (long)maxBatch * (Pad(shape.Width) + (2L * Pad(settings.QueryColumns)) + (2L * Pad(settings.KeyColumns)));
        return (floats * sizeof(float)) + Activations.BytesFor(maxBatch, Pad(shape.Width), forms)
            + Activations.BytesFor(maxBatch, Math.Max(shape.FeedForwardWidth, settings.QueryColumns), forms)
            + (ScratchFloats(maxBatch, context) * members * sizeof(float)) + RotaryTable.BytesFor(settings, maxBatch);
    }

    public void Dispose()
    {
        foreach (var buffer in new[] { residual, query, key, value, attended, scratch }) buffer.Dispose();
        Normed.Dispose();
        Inner.Dispose();
    }

    private static int Pad(int columns) => (columns + 15) / 16 * 16;

    private static long ScratchFloats(int maxBatch, int context) =>
        (Math.Max(2L * RowChunks.LargestFloats(maxBatch), AttentionUnit.ScoreFloats(context)) + 31) / 32 * 32;
}
