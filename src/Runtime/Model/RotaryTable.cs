using System.Runtime.CompilerServices;
using Amalgam.Runtime.Gguf;
using Amalgam.Runtime.Kernels;

namespace Amalgam.Runtime.Model;

/// <summary>
/// Rotary position embedding (arXiv:2104.09864): pair i of a head turns by position · base^(-2i / columns). Pairs are always halves here
/// (i, i + columns / 2): files that pair neighbours have the rows of their query and key weights re-ordered when they are loaded, which
/// changes no score. One row of cosines and sines per token of a batch serves all layers.
/// </summary>
internal sealed unsafe class RotaryTable : IDisposable
{
    private readonly double[] frequencies;
    private readonly NativeBuffer rows;

    public RotaryTable(ModelSettings settings, NativeBuffer? divisors, int maxBatch)
    {
        Half = settings.RotaryColumns / 2;
        frequencies = new double[Half];
        for (int i = 0; i < Half; i++)
        {
            double divisor = divisors is null ? 1 : ((float*)divisors.Pointer)[i];
            frequencies[i] = Math.Pow(settings.RotaryBase, -2.0 * i / settings.RotaryColumns) / (settings.RotaryFactor * divisor);
        }

        rows = NativeBuffer.ForFloats((long)maxBatch * 2 * Half);
    }

    /// <summary>Pairs per head.</summary>
    public int Half { get; }

    public static long BytesFor(ModelSettings settings, int maxBatch) => (long)maxBatch * settings.RotaryColumns * sizeof(float);

    /// <summary>The new order of rows of query or key weights for heads that turn neighbours, so that they turn halves; null for the others.</summary>
    public static int[]? RowOrder(ModelSettings settings, int heads)
    {
        if (!settings.RotatesNeighbours) return null;
        int width = settings.Shape.HeadWidth, half = settings.RotaryColumns / 2;
        var order = new int[heads * width];
        for (int row = 0; row < order.Length; row++)
        {
            int inHead = row % width;
            order[row] = row - inHead + (inHead < half ? 2 * inHead : inHead < 2 * half ? (2 * (inHead - half)) + 1 : inHead);
        }

        return order;
    }

    public void Set(int row, int position)
    {
        float* target = Row(row);
        for (int i = 0; i < Half; i++)
        {
            var (sine, cosine) = Math.SinCos(position * frequencies[i]);
            target[i] = (float)cosine;
            target[i + Half] = (float)sine;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Turn(int row, float* head)
    {
        float* cosine = Row(row), sine = cosine + Half, other = head + Half;
        for (int i = 0; i < Half; i++)
        {
            float x = head[i], y = other[i];
            head[i] = (x * cosine[i]) - (y * sine[i]);
            other[i] = (x * sine[i]) + (y * cosine[i]);
        }
    }

    public void Dispose() => rows.Dispose();

    private float* Row(int row) => (float*)rows.Pointer + ((long)row * 2 * Half);

    /// <summary>The divisors that llama-3 files carry for long contexts, one per pair.</summary>
    public static NativeBuffer? ReadDivisors(TensorSource tensors, ModelSettings settings) =>
        tensors.OptionalVector("rope_freqs.weight", settings.RotaryColumns / 2);
}
