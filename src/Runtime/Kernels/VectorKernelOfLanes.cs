using System.Runtime.CompilerServices;

namespace Amalgam.Runtime.Kernels;

/// <inheritdoc cref="VectorKernel"/>
internal sealed unsafe class VectorKernel<TVector, TLanes> : VectorKernel
    where TVector : unmanaged
    where TLanes : struct, ILanes<TVector>
{
    private const int Block = PackedMatrix.BlockColumns;

    public override void Attend(in AttentionUnit unit, float* scores) => Attention<TVector, TLanes>.Attend(unit, scores);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Normalise(float* source, float* weight, float* target, int columns, float epsilon)
    {
        int padded = (columns + 15) & ~15;
        TVector first = default, second = default;
        for (int i = 0; i < padded; i += 2 * TLanes.Count)
        {
            TVector x = TLanes.Load(source + i);
            first = TLanes.MultiplyAdd(x, x, first);
            if (i + TLanes.Count == padded) break;
            x = TLanes.Load(source + i + TLanes.Count);
            second = TLanes.MultiplyAdd(x, x, second);
        }

        var scale = TLanes.Broadcast(1f / MathF.Sqrt((TLanes.Sum(TLanes.Add(first, second)) / columns) + epsilon));
        for (int i = 0; i < padded; i += TLanes.Count)
        {
            TLanes.Store(target + i, TLanes.Multiply(TLanes.Multiply(TLanes.Load(source + i), scale), TLanes.Load(weight + i)));
        }
    }

    public override void Prepare(float* source, Activations target, int token, int first, int end, ActivationForms forms)
    {
        if ((forms & ActivationForms.Values) != 0) Scale(source + first, target.Values(token) + first, end - first, 1f);
        if ((forms & ActivationForms.Scaled) != 0) Scale(source + first, target.Scaled(token) + first, end - first, HalfBits.InputScale);
        if ((forms & ActivationForms.Blocks) != 0) Quantise(source + first, target.Blocks(token) + (first / Block), (end - first) / Block);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Gate(float* gate, float* up, int count)
    {
        TVector one = TLanes.Broadcast(1f), zero = default;
        for (int i = 0; i < count; i += TLanes.Count)
        {
            TVector x = TLanes.Load(gate + i);
            TVector denominator = TLanes.Add(one, Exponential<TVector, TLanes>.Of(TLanes.Subtract(zero, x)));
            TLanes.Store(gate + i, TLanes.Multiply(TLanes.Divide(x, denominator), TLanes.Load(up + i)));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Add(float* target, float* addend, int count)
    {
        for (int i = 0; i < count; i += TLanes.Count) TLanes.Store(target + i, TLanes.Add(TLanes.Load(target + i), TLanes.Load(addend + i)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scale(float* source, float* target, int count, float factor)
    {
        var scale = TLanes.Broadcast(factor);
        int whole = count / TLanes.Count * TLanes.Count;
        for (int i = 0; i < whole; i += TLanes.Count) TLanes.Store(target + i, TLanes.Multiply(TLanes.Load(source + i), scale));
        for (int i = whole; i < count; i++) target[i] = source[i] * factor;
    }

    /// <summary>ggml's Q8_0 (ggml-quants.c): scale = largest / 127, quants to the nearest even; a block of zeros has the scale 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Quantise(float* source, ActivationBlock* target, int blocks)
    {
        for (; blocks > 0; blocks--, source += Block, target++)
        {
            TVector largest = default, sum = default;
            for (int i = 0; i < Block; i += TLanes.Count) largest = TLanes.Max(largest, TLanes.Abs(TLanes.Load(source + i)));
            float peak = TLanes.MaxOf(largest);
            var inverse = TLanes.Broadcast(peak > 0 ? 127f / peak : 0);
            for (int i = 0; i < Block; i += TLanes.Count)
            {
                TVector quants = TLanes.Round(TLanes.Multiply(TLanes.Load(source + i), inverse));
                TLanes.StoreBytes(target->Quants + i, quants);
                sum = TLanes.Add(sum, quants);
            }

            int total = (int)TLanes.Sum(sum);
            target->Scale = HalfBits.Round(peak / 127f);
            target->Offset8 = -128 * total;
            target->Offset4 = -8 * total;
        }
    }
}
