using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Amalgam.Runtime.Kernels;

/// <summary>Where the results of a tile of 16 rows and up to 4 tokens go. A tile that is not full computes its last token again and drops what is too many.</summary>
internal readonly unsafe struct BlockTarget(in Product product, int group, int token)
{
    private readonly float* output = product.Output + (token * product.OutputStride) + (group * PackedMatrix.RowsPerGroup);
    private readonly long stride = product.OutputStride;
    private readonly bool add = product.Add;

    public int Tokens { get; } = Math.Min(4, product.Tokens - token);

    /// <summary>From the first token's input to that of <paramref name="token"/>.</summary>
    public long Offset(int token, long inputStride) => Math.Min(token, Tokens - 1) * inputStride;

    public float* Row(int token) => output + (token * stride);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(int token, Vector512<float> sums)
    {
        if (token >= Tokens) return;
        float* place = Row(token);
        (add ? sums + Vector512.Load(place) : sums).Store(place);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(int token, Vector256<float> low, Vector256<float> high)
    {
        if (token >= Tokens) return;
        float* place = Row(token);
        (add ? low + Vector256.Load(place) : low).Store(place);
        (add ? high + Vector256.Load(place + 8) : high).Store(place + 8);
    }

    public void Store(int token, int row, float sum)
    {
        if (token >= Tokens) return;
        float* place = Row(token) + row;
        *place = add ? *place + sum : sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(int token, int row, Vector128<float> sums)
    {
        if (token >= Tokens) return;
        float* place = Row(token) + row;
        (add ? sums + Vector128.Load(place) : sums).Store(place);
    }
}
