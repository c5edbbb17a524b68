using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Amalgam.Runtime.Kernels;

/// <summary>
/// 8-bit weights in 256 bits, 16 rows times 4 tokens or 1. Without byte dot products an unsigned weight times a quant twice over would leave
/// 16 bits (255 · 127 · 2), so there the weight's sign moves to the quant first.
/// </summary>
internal sealed unsafe class Bits8Avx2Kernel : ProductKernel
{
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

    /// <summary>Where sums start: the signed form has nothing to take back.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Start(ActivationBlock* x) => AvxVnni.IsSupported ? Vector256.Create(x->Offset8) : default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Dot(Vector256<int> sum, Vector256<byte> weights, int quants)
    {
        var x = Vector256.Create(quants).AsSByte();
        if (AvxVnni.IsSupported) return AvxVnni.MultiplyWideningAndAdd(sum, weights, x);
        var signed = (weights ^ Vector256.Create((byte)0x80)).AsSByte();
        var pairs = Avx2.MultiplyAddAdjacent(Avx2.Abs(signed), Avx2.Sign(x, signed));
        return sum + Avx2.MultiplyAddAdjacent(pairs, Vector256.Create((short)1));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> AddScaled(Vector256<float> total, Vector256<int> sums, Vector256<float> scales, float scale) =>
        Lanes8.MultiplyAdd(Vector256.ConvertToSingle(sums), scales * Vector256.Create(scale), total);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> LoadScales(ushort* scales) => Lanes8.LoadSmallHalves(scales) * Vector256.Create(HalfBits.Scale);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile1(byte* weights, ushort* scales, int blocks, ActivationBlock* x, in BlockTarget target)
    {
        Vector256<float> lowTotal = default, highTotal = default;
        for (; blocks > 0; blocks--, scales += Rows, x++)
        {
            Prefetch.Ahead((byte*)scales);
            Vector256<int> low = Start(x), high = low;
            int* quants = (int*)x->Quants;
            for (int k = 0; k < 8; k++, weights += 64)
            {
                Prefetch.Ahead(weights);
                low = Dot(low, Vector256.Load(weights), quants[k]);
                high = Dot(high, Vector256.Load(weights + 32), quants[k]);
            }

            lowTotal = AddScaled(lowTotal, low, LoadScales(scales), x->Scale);
            highTotal = AddScaled(highTotal, high, LoadScales(scales + 8), x->Scale);
        }

        target.Store(0, lowTotal, highTotal);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4(byte* weights, ushort* scales, int blocks, ActivationBlock* x0, long stride, in BlockTarget target)
    {
        Vector256<float> s0 = default, s1 = default, s2 = default, s3 = default, t0 = default, t1 = default, t2 = default, t3 = default;
        ActivationBlock* x1 = x0 + target.Offset(1, stride), x2 = x0 + target.Offset(2, stride), x3 = x0 + target.Offset(3, stride);
        for (; blocks > 0; blocks--, scales += Rows, x0++, x1++, x2++, x3++)
        {
            Vector256<int> a0 = Start(x0), a1 = Start(x1), a2 = Start(x2), a3 = Start(x3), b0 = a0, b1 = a1, b2 = a2, b3 = a3;
            for (nint k = 0; k < 32; k += 4, weights += 64)
            {
                Vector256<byte> low = Vector256.Load(weights), high = Vector256.Load(weights + 32);
                int quants = *(int*)((byte*)x0 + k);
                a0 = Dot(a0, low, quants);
                b0 = Dot(b0, high, quants);
                quants = *(int*)((byte*)x1 + k);
                a1 = Dot(a1, low, quants);
                b1 = Dot(b1, high, quants);
                quants = *(int*)((byte*)x2 + k);
                a2 = Dot(a2, low, quants);
                b2 = Dot(b2, high, quants);
                quants = *(int*)((byte*)x3 + k);
                a3 = Dot(a3, low, quants);
                b3 = Dot(b3, high, quants);
            }

            Vector256<float> lowScale = LoadScales(scales), highScale = LoadScales(scales + 8);
            s0 = AddScaled(s0, a0, lowScale, x0->Scale);
            t0 = AddScaled(t0, b0, highScale, x0->Scale);
            s1 = AddScaled(s1, a1, lowScale, x1->Scale);
            t1 = AddScaled(t1, b1, highScale, x1->Scale);
            s2 = AddScaled(s2, a2, lowScale, x2->Scale);
            t2 = AddScaled(t2, b2, highScale, x2->Scale);
            s3 = AddScaled(s3, a3, lowScale, x3->Scale);
            t3 = AddScaled(t3, b3, highScale, x3->Scale);
        }

        target.Store(0, s0, t0);
        target.Store(1, s1, t1);
        target.Store(2, s2, t2);
        target.Store(3, s3, t3);
    }
}
