using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Amalgam.Runtime.Kernels;

/// <summary>4-bit weights in 256 bits: as <see cref="Bits4Avx512Kernel"/>, each block in two halves of 8 rows so that the sums fit 16 registers.</summary>
internal sealed unsafe class Bits4Avx2Kernel : ProductKernel
{
    private const int BlockBytes = 256;
    private const int Rows = PackedMatrix.RowsPerGroup;

    public override void Multiply(in Product product, int firstGroup, int endGroup)
    {
        int blocks = product.Matrix.Blocks, stride = product.Input.Stride / 32;
        for (int group = firstGroup; group < endGroup; group++)
        {
            byte* weights = product.Matrix.Group(group);
            ushort* scales = product.Matrix.Scales(group);
            for (int token = 0; token < product.Tokens; token += 4)
            {
                var input = product.Input.Blocks(product.FirstToken + token);
                var target = new BlockTarget(product, group, token);
                if (target.Tokens == 1) Tile1(weights, scales, blocks, input, target);
                else Tile4(weights, scales, blocks, input, stride, target);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Dot(Vector256<byte> weights, byte* quants) =>
        Avx2.MultiplyAddAdjacent(weights, Vector256.Create(*(int*)quants).AsSByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> HighNibbles(Vector256<byte> packed, Vector256<byte> mask) => (packed.AsUInt16() >>> 4).AsByte() & mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> AddScaled(Vector256<float> total, Vector256<short> sums, ActivationBlock* x, Vector256<float> scales)
    {
        var wide = Avx2.MultiplyAddAdjacent(sums, Vector256.Create((short)1)) + Vector256.Create(x->Offset4);
        return Lanes8.MultiplyAdd(Vector256.ConvertToSingle(wide), scales * Vector256.Create(x->Scale), total);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> LoadScales(ushort* scales) => Lanes8.LoadSmallHalves(scales) * Vector256.Create(HalfBits.Scale);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile1(byte* weights, ushort* scales, int blocks, ActivationBlock* x, in BlockTarget target)
    {
        Vector256<float> total = default, totalHigh = default;
        var mask = Vector256.Create((byte)0x0F);
        for (; blocks > 0; blocks--, weights += BlockBytes, scales += Rows, x++)
        {
            Prefetch.Ahead((byte*)scales);
            Vector256<short> a0 = default, a1 = default, b0 = default, b1 = default;
            for (int g = 0; g < 4; g++)
            {
                byte* w = weights + (g * 64), quants = (byte*)x + (g * 4);
                Prefetch.Ahead(w);
                Vector256<byte> first = Vector256.Load(w), second = Vector256.Load(w + 32);
                a0 += Dot(first & mask, quants);
                a1 += Dot(HighNibbles(first, mask), quants + 16);
                b0 += Dot(second & mask, quants);
                b1 += Dot(HighNibbles(second, mask), quants + 16);
            }

            total = AddScaled(total, a0 + a1, x, LoadScales(scales));
            totalHigh = AddScaled(totalHigh, b0 + b1, x, LoadScales(scales + 8));
        }

        target.Store(0, total, totalHigh);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4(byte* weights, ushort* scales, int blocks, ActivationBlock* x0, long stride, in BlockTarget target)
    {
        Vector256<float> s0 = default, s1 = default, s2 = default, s3 = default, t0 = default, t1 = default, t2 = default, t3 = default;
        ActivationBlock* x1 = x0 + target.Offset(1, stride), x2 = x0 + target.Offset(2, stride), x3 = x0 + target.Offset(3, stride);
        for (; blocks > 0; blocks--, weights += BlockBytes, scales += Rows, x0++, x1++, x2++, x3++)
        {
            var scale = LoadScales(scales);
            Half(weights, x0, x1, x2, x3, out var a0, out var a1, out var a2, out var a3);
            s0 = AddScaled(s0, a0, x0, scale);
            s1 = AddScaled(s1, a1, x1, scale);
            s2 = AddScaled(s2, a2, x2, scale);
            s3 = AddScaled(s3, a3, x3, scale);
            scale = LoadScales(scales + 8);
            Half(weights + 32, x0, x1, x2, x3, out a0, out a1, out a2, out a3);
            t0 = AddScaled(t0, a0, x0, scale);
            t1 = AddScaled(t1, a1, x1, scale);
            t2 = AddScaled(t2, a2, x2, scale);
            t3 = AddScaled(t3, a3, x3, scale);
        }

        target.Store(0, s0, t0);
        target.Store(1, s1, t1);
        target.Store(2, s2, t2);
        target.Store(3, s3, t3);
    }

    /// <summary>The 16-bit sums of one block for 8 rows and 4 tokens.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Half(
        byte* weights, ActivationBlock* x0, ActivationBlock* x1, ActivationBlock* x2, ActivationBlock* x3,
        out Vector256<short> r0, out Vector256<short> r1, out Vector256<short> r2, out Vector256<short> r3)
    {
        var mask = Vector256.Create((byte)0x0F);
        Vector256<short> a0 = default, a1 = default, a2 = default, a3 = default;
        for (nint k = 0; k < 16; k += 4, weights += 64)
        {
            var packed = Vector256.Load(weights);
            Vector256<byte> low = packed & mask, high = HighNibbles(packed, mask);
            a0 += Dot(low, (byte*)x0 + k) + Dot(high, (byte*)x0 + k + 16);
            a1 += Dot(low, (byte*)x1 + k) + Dot(high, (byte*)x1 + k + 16);
            a2 += Dot(low, (byte*)x2 + k) + Dot(high, (byte*)x2 + k + 16);
            a3 += Dot(low, (byte*)x3 + k) + Dot(high, (byte*)x3 + k + 16);
        }

        (r0, r1, r2, r3) = (a0, a1, a2, a3);
    }
}
