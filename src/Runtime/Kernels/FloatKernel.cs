using System.Runtime.CompilerServices;

namespace Amalgam.Runtime.Kernels;

/// <summary>
/// Float weights times float activations. A tile is two vectors of rows times 1, 4 or 8 tokens, its sums held in registers: the locals are
/// written out because an array of vectors would live in memory. Rows are the outer loop, so that weights are read once and stay in the cache.
/// </summary>
internal sealed unsafe class FloatKernel<TVector, TLanes, TWeights> : ProductKernel
    where TVector : unmanaged
    where TLanes : struct, ILanes<TVector>
    where TWeights : struct, IFloatWeights<TVector>
{
    private const int Rows = PackedMatrix.RowsPerGroup;

    public override void Multiply(in Product product, int firstGroup, int endGroup)
    {
        for (int row = firstGroup * Rows; row < endGroup * Rows; row += 2 * TLanes.Count)
        {
            byte* low = Address(product.Matrix, row);
            // With 16 lanes an odd last group has no partner: it is its own, and the second result is dropped.
            bool paired = row + TLanes.Count < endGroup * Rows;
            byte* high = paired ? Address(product.Matrix, row + TLanes.Count) : low;
            MultiplyRows(product, low, high, paired, product.Output + row);
        }
    }

    private static byte* Address(PackedMatrix matrix, int row) => matrix.Group(row / Rows) + (row % Rows * TWeights.Bytes);

    private static void MultiplyRows(in Product product, byte* low, byte* high, bool paired, float* output)
    {
        int columns = product.Matrix.Columns;
        long stride = product.Input.Stride, outputStride = product.OutputStride;
        for (int token = 0; token < product.Tokens;)
        {
            int left = product.Tokens - token;
            float* input = TWeights.IsScaled ? product.Input.Scaled(product.FirstToken + token) : product.Input.Values(product.FirstToken + token);
            var target = new Target(output + (token * outputStride), outputStride, Math.Min(left, 8), paired, product.Add);
            if (left == 1) Tile1(low, high, columns, input, target);
            else if (left > 4 && TLanes.Count == Rows) Tile8(low, high, columns, input, stride, target);
            else Tile4(low, high, columns, input, stride, target);
            token += left == 1 ? 1 : left > 4 && TLanes.Count == Rows ? 8 : 4;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile1(byte* low, byte* high, int columns, float* x, in Target target)
    {
        TVector a0 = default, a1 = default, b0 = default, b1 = default;
        int step = Rows * TWeights.Bytes;
        float* end = x + (columns & ~1);
        for (; x < end; x += 2, low += 2 * step, high += 2 * step)
        {
            Prefetch.Ahead(low);
            Prefetch.Ahead(high);
            TVector x0 = TLanes.Broadcast(x[0]), x1 = TLanes.Broadcast(x[1]);
            a0 = TLanes.MultiplyAdd(TWeights.Load(low), x0, a0);
            b0 = TLanes.MultiplyAdd(TWeights.Load(high), x0, b0);
            a1 = TLanes.MultiplyAdd(TWeights.Load(low + step), x1, a1);
            b1 = TLanes.MultiplyAdd(TWeights.Load(high + step), x1, b1);
        }

        if ((columns & 1) != 0)
        {
            a0 = TLanes.MultiplyAdd(TWeights.Load(low), TLanes.Broadcast(*x), a0);
            b0 = TLanes.MultiplyAdd(TWeights.Load(high), TLanes.Broadcast(*x), b0);
        }

        target.Store(0, TLanes.Add(a0, a1), TLanes.Add(b0, b1));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4(byte* low, byte* high, int columns, float* x, long stride, in Target target)
    {
        TVector a0 = default, a1 = default, a2 = default, a3 = default, b0 = default, b1 = default, b2 = default, b3 = default;
        float* x1 = x + target.Offset(1, stride), x2 = x + target.Offset(2, stride), x3 = x + target.Offset(3, stride);
        int step = Rows * TWeights.Bytes;
        for (nint k = 0; k < columns; k++, low += step, high += step)
        {
            TVector w = TWeights.Load(low), v = TWeights.Load(high), t;
            t = TLanes.Broadcast(x[k]);
            a0 = TLanes.MultiplyAdd(w, t, a0);
            b0 = TLanes.MultiplyAdd(v, t, b0);
            t = TLanes.Broadcast(x1[k]);
            a1 = TLanes.MultiplyAdd(w, t, a1);
            b1 = TLanes.MultiplyAdd(v, t, b1);
            t = TLanes.Broadcast(x2[k]);
            a2 = TLanes.MultiplyAdd(w, t, a2);
            b2 = TLanes.MultiplyAdd(v, t, b2);
            t = TLanes.Broadcast(x3[k]);
            a3 = TLanes.MultiplyAdd(w, t, a3);
            b3 = TLanes.MultiplyAdd(v, t, b3);
        }

        target.Store(0, a0, b0);
        target.Store(1, a1, b1);
        target.Store(2, a2, b2);
        target.Store(3, a3, b3);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile8(byte* low, byte* high, int columns, float* x, long stride, in Target target)
    {
        TVector a0 = default, a1 = default, a2 = default, a3 = default, a4 = default, a5 = default, a6 = default, a7 = default;
        TVector b0 = default, b1 = default, b2 = default, b3 = default, b4 = default, b5 = default, b6 = default, b7 = default;
        float* x1 = x + target.Offset(1, stride), x2 = x + target.Offset(2, stride), x3 = x + target.Offset(3, stride), x4 = x + target.Offset(4, stride);
        float* x5 = x + target.Offset(5, stride), x6 = x + target.Offset(6, stride), x7 = x + target.Offset(7, stride);
        int step = Rows * TWeights.Bytes;
        for (nint k = 0; k < columns; k++, low += step, high += step)
        {
            TVector w = TWeights.Load(low), v = TWeights.Load(high), t;
            t = TLanes.Broadcast(x[k]);
            a0 = TLanes.MultiplyAdd(w, t, a0);
            b0 = TLanes.MultiplyAdd(v, t, b0);
            t = TLanes.Broadcast(x1[k]);
            a1 = TLanes.MultiplyAdd(w, t, a1);
            b1 = TLanes.MultiplyAdd(v, t, b1);
            t = TLanes.Broadcast(x2[k]);
            a2 = TLanes.MultiplyAdd(w, t, a2);
            b2 = TLanes.MultiplyAdd(v, t, b2);
            t = TLanes.Broadcast(x3[k]);
            a3 = TLanes.MultiplyAdd(w, t, a3);
            b3 = TLanes.MultiplyAdd(v, t, b3);
            t = TLanes.Broadcast(x4[k]);
            a4 = TLanes.MultiplyAdd(w, t, a4);
            b4 = TLanes.MultiplyAdd(v, t, b4);
            t = TLanes.Broadcast(x5[k]);
            a5 = TLanes.MultiplyAdd(w, t, a5);
            b5 = TLanes.MultiplyAdd(v, t, b5);
            t = TLanes.Broadcast(x6[k]);
            a6 = TLanes.MultiplyAdd(w, t, a6);
            b6 = TLanes.MultiplyAdd(v, t, b6);
            t = TLanes.Broadcast(x7[k]);
            a7 = TLanes.MultiplyAdd(w, t, a7);
            b7 = TLanes.MultiplyAdd(v, t, b7);
        }

        target.Store(0, a0, b0);
        target.Store(1, a1, b1);
        target.Store(2, a2, b2);
        target.Store(3, a3, b3);
        target.Store(4, a4, b4);
        target.Store(5, a5, b5);
        target.Store(6, a6, b6);
        target.Store(7, a7, b7);
    }

    /// <summary>Where a tile's results go. A tile that is not full computes its last token again and drops what is too many.</summary>
    private readonly struct Target(float* output, long stride, int tokens, bool paired, bool add)
    {
        public long Offset(int token, long inputStride) => Math.Min(token, tokens - 1) * inputStride;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Store(int token, TVector low, TVector high)
        {
            if (token >= tokens) return;
            Store(output + (token * stride), low);
            if (paired) Store(output + (token * stride) + TLanes.Count, high);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void Store(float* place, TVector sum)
        {
            if (TWeights.IsScaled) sum = TLanes.Multiply(sum, TLanes.Broadcast(HalfBits.OutputScale));
            TLanes.Store(place, add ? TLanes.Add(TLanes.Load(place), sum) : sum);
        }
    }
}
