namespace Amalgam.Runtime.Kernels;

/// <summary>What a product needs of its input rows. A mixed file may need all three.</summary>
[Flags]
internal enum ActivationForms
{
    None = 0,
    Values = 1,

    /// <summary>Values · 2^96, for half weights (see <see cref="HalfBits"/>).</summary>
    Scaled = 2,
    Blocks = 4,
}

/// <summary>The input rows of products, one per token, in every form the weights at hand ask for.</summary>
internal sealed unsafe class Activations : IDisposable
{
    private readonly NativeBuffer values;
    private readonly NativeBuffer scaled;
    private readonly NativeBuffer blocks;

    public Activations(int tokens, int columns, ActivationForms forms)
    {
        Stride = (columns + 31) / 32 * 32;
        values = NativeBuffer.ForFloats((long)tokens * Stride);
        scaled = NativeBuffer.ForFloats(forms.HasFlag(ActivationForms.Scaled) ? (long)tokens * Stride : 0);
        blocks = new NativeBuffer(forms.HasFlag(ActivationForms.Blocks) ? BlockBytes(tokens, Stride) : 0);
    }

    /// <summary>Floats from one row to the next.</summary>
    public int Stride { get; }

    public float* Values(int token) => (float*)values.Pointer + ((long)token * Stride);

    public float* Scaled(int token) => (float*)scaled.Pointer + ((long)token * Stride);

    public ActivationBlock* Blocks(int token) => (ActivationBlock*)blocks.Pointer + ((long)token * (Stride / 32));

    public static long BytesFor(int tokens, int columns, ActivationForms forms)
    {
        long stride = (columns + 31) / 32 * 32, floats = tokens * stride * sizeof(float);
        return floats + (forms.HasFlag(ActivationForms.Scaled) ? floats : 0) + (forms.HasFlag(ActivationForms.Blocks) ? BlockBytes(tokens, (int)stride) : 0);
    }

    public static ActivationForms FormFor(WeightType type) => type switch
    {
        WeightType.Half => ActivationForms.Scaled,
        WeightType.Single or WeightType.BrainFloat => ActivationForms.Values,
        _ => ActivationForms.Blocks,
    };

    public void Dispose()
    {
        values.Dispose();
        scaled.Dispose();
        blocks.Dispose();
    }

    private static long BlockBytes(int tokens, int stride) => (long)tokens * (stride / 32) * sizeof(ActivationBlock);
}
