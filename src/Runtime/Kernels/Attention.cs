using System.Runtime.CompilerServices;

namespace Amalgam.Runtime.Kernels;

/// <summary>Scores, softmax and weighted values of one <see cref="AttentionUnit"/>, 4 queries times 2 vectors at a time.</summary>
internal static unsafe class Attention<TVector, TLanes>
    where TVector : unmanaged
    where TLanes : struct, ILanes<TVector>
{
    private const int KeyGroup = 16;

    public static void Attend(in AttentionUnit unit, float* scores)
    {
        int longest = unit.Length + ((unit.Queries - 1) * unit.LengthStep);
        int padded = AttentionUnit.PaddedPositions(longest);
        float* q1 = unit.Query + QueryOffset(unit, 1), q2 = unit.Query + QueryOffset(unit, 2), q3 = unit.Query + QueryOffset(unit, 3);
        Score(unit.Keys, unit.Width, unit.Query, q1, q2, q3, scores, padded);
        float* factors = stackalloc float[4];
        for (int query = 0; query < 4; query++)
        {
            // Surplus queries are copies of the last and are weighted like it; their results are dropped.
            int length = unit.Length + (Math.Min(query, unit.Queries - 1) * unit.LengthStep);
            factors[query] = HalfBits.OutputScale / Weigh(scores + (query * padded), length, padded);
        }

        for (int column = 0; column < unit.Width; column += 2 * TLanes.Count) Collect(unit, column, scores, padded, longest, factors);
    }

    private static long QueryOffset(in AttentionUnit unit, int query) => Math.Min(query, unit.Queries - 1) * unit.QueryStride;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Score(ushort* keys, int width, float* q0, float* q1, float* q2, float* q3, float* scores, int padded)
    {
        var scale = TLanes.Broadcast(HalfBits.OutputScale);
        for (int position = 0; position < padded; position += 2 * TLanes.Count)
        {
            ushort* low = Column(keys, width, position), high = Column(keys, width, position + TLanes.Count);
            TVector a0 = default, a1 = default, a2 = default, a3 = default, b0 = default, b1 = default, b2 = default, b3 = default;
            for (nint i = 0; i < width; i++, low += KeyGroup, high += KeyGroup)
            {
                TVector k = TLanes.LoadSmallHalves(low), l = TLanes.LoadSmallHalves(high), q;
                q = TLanes.Broadcast(q0[i]);
                a0 = TLanes.MultiplyAdd(k, q, a0);
                b0 = TLanes.MultiplyAdd(l, q, b0);
                q = TLanes.Broadcast(q1[i]);
                a1 = TLanes.MultiplyAdd(k, q, a1);
                b1 = TLanes.MultiplyAdd(l, q, b1);
                q = TLanes.Broadcast(q2[i]);
                a2 = TLanes.MultiplyAdd(k, q, a2);
                b2 = TLanes.MultiplyAdd(l, q, b2);
                q = TLanes.Broadcast(q3[i]);
                a3 = TLanes.MultiplyAdd(k, q, a3);
                b3 = TLanes.MultiplyAdd(l, q, b3);
            }

            StorePair(scores + position, TLanes.Multiply(a0, scale), TLanes.Multiply(b0, scale));
            StorePair(scores + padded + position, TLanes.Multiply(a1, scale), TLanes.Multiply(b1, scale));
            StorePair(scores + (2 * padded) + position, TLanes.Multiply(a2, scale), TLanes.Multiply(b2, scale));
            StorePair(scores + (3 * padded) + position, TLanes.Multiply(a3, scale), TLanes.Multiply(b3, scale));
        }
    }

    private static ushort* Column(ushort* keys, int width, int position) => keys + ((long)(position / KeyGroup) * width * KeyGroup) + (position % KeyGroup);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StorePair(float* target, TVector low, TVector high)
    {
        TLanes.Store(target, low);
        TLanes.Store(target + TLanes.Count, high);
    }

    /// <summary>Turns scores into e^(score - highest) · 2^96, zero beyond <paramref name="length"/>, and returns the sum without the 2^96.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Weigh(float* scores, int length, int padded)
    {
        // A copy of a valid score can not change the highest.
        for (int i = length; i < padded; i++) scores[i] = scores[0];
        TVector highest = TLanes.Load(scores);
        for (int i = TLanes.Count; i < padded; i += TLanes.Count) highest = TLanes.Max(highest, TLanes.Load(scores + i));
        TVector shift = TLanes.Broadcast(TLanes.MaxOf(highest)), scale = TLanes.Broadcast(HalfBits.InputScale);
        for (int i = 0; i < padded; i += TLanes.Count)
        {
            TVector weight = Exponential<TVector, TLanes>.Of(TLanes.Subtract(TLanes.Load(scores + i), shift));
            TLanes.Store(scores + i, TLanes.Multiply(weight, scale));
        }

        for (int i = length; i < padded; i++) scores[i] = 0;
        TVector sum = default;
        for (int i = 0; i < padded; i += TLanes.Count) sum = TLanes.Add(sum, TLanes.Load(scores + i));
        return TLanes.Sum(sum) / HalfBits.InputScale;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Collect(in AttentionUnit unit, int column, float* weights, int padded, int length, float* factors)
    {
        TVector a0 = default, a1 = default, a2 = default, a3 = default, b0 = default, b1 = default, b2 = default, b3 = default;
        ushort* values = unit.Values + column;
        float* w0 = weights, w1 = w0 + padded, w2 = w1 + padded, w3 = w2 + padded;
        for (nint i = 0; i < length; i++, values += unit.ValueStride)
        {
            TVector u = TLanes.LoadSmallHalves(values), v = TLanes.LoadSmallHalves(values + TLanes.Count), w;
            w = TLanes.Broadcast(w0[i]);
            a0 = TLanes.MultiplyAdd(u, w, a0);
            b0 = TLanes.MultiplyAdd(v, w, b0);
            w = TLanes.Broadcast(w1[i]);
            a1 = TLanes.MultiplyAdd(u, w, a1);
            b1 = TLanes.MultiplyAdd(v, w, b1);
            w = TLanes.Broadcast(w2[i]);
            a2 = TLanes.MultiplyAdd(u, w, a2);
            b2 = TLanes.MultiplyAdd(v, w, b2);
            w = TLanes.Broadcast(w3[i]);
            a3 = TLanes.MultiplyAdd(u, w, a3);
            b3 = TLanes.MultiplyAdd(v, w, b3);
        }

        StoreResult(unit, 0, column, a0, b0, factors[0]);
        StoreResult(unit, 1, column, a1, b1, factors[1]);
        StoreResult(unit, 2, column, a2, b2, factors[2]);
        StoreResult(unit, 3, column, a3, b3, factors[3]);
    }

    private static void StoreResult(in AttentionUnit unit, int query, int column, TVector low, TVector high, float factor)
    {
        if (query >= unit.Queries) return;
        float* target = unit.Output + (query * unit.OutputStride) + column;
        TVector scale = TLanes.Broadcast(factor);
        (low, high) = (TLanes.Multiply(low, scale), TLanes.Multiply(high, scale));
        if (column + (2 * TLanes.Count) <= unit.Width)
        {
            StorePair(target, low, high);
            return;
        }

        float* buffer = stackalloc float[2 * TLanes.Count];
        StorePair(buffer, low, high);
        for (int i = 0; column + i < unit.Width; i++) target[i] = buffer[i];
    }
}
