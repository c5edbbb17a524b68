using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Amalgam.Runtime.Kernels;

/// <summary>
/// 8-bit weights: byte dot products in 256 bits (the 512-bit form is not offered by .NET), scaling and summing in 512. A tile is 16 rows times 4
/// tokens or 1: eight integer sums fit the 16 registers that the 256-bit encoding of the dot product reaches.
/// </summary>
internal sealed unsafe class Bits8Avx512Kernel : ProductKernel
{
    private const int BlockBytes = 512;
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
    private static Vector256<int> Dot(Vector256<int> sum, Vector256<byte> weights, int quants) =>
        AvxVnni.MultiplyWideningAndAdd(sum, weights, Vector256.Create(quants).AsSByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> AddScaled(Vector512<float> total, Vector256<int> low, Vector256<int> high, Vector512<float> scales, float scale) =>
        Avx512F.FusedMultiplyAdd(
            Avx512F.ConvertToVector512Single(Vector512.Create(low, high)), scales * Vector512.Create(scale), total);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> LoadScales(ushort* scales) => Lanes16.LoadSmallHalves(scales) * Vector512.Create(HalfBits.Scale);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile1(byte* weights, ushort* scales, int blocks, ActivationBlock* x, in BlockTarget target)
    {
        var total = Vector512<float>.Zero;
        for (; blocks > 0; blocks--, weights += BlockBytes, scales += Rows, x++)
        {
            Prefetch.Ahead((byte*)scales);
            // Two sums each, because a dot product takes longer than two loads.
            Vector256<int> low = Vector256.Create(x->Offset8), high = low, low1 = default, high1 = default;
            int* quants = (int*)x->Quants;
            for (int k = 0; k < 8; k += 2)
            {
                byte* w = weights + (k * 64);
                Prefetch.Ahead(w);
                Prefetch.Ahead(w + 64);
                low = Dot(low, Vector256.Load(w), quants[k]);
                high = Dot(high, Vector256.Load(w + 32), quants[k]);
                low1 = Dot(low1, Vector256.Load(w + 64), quants[k + 1]);
                high1 = Dot(high1, Vector256.Load(w + 96), quants[k + 1]);
            }

            total = AddScaled(total, low + low1, high + high1, LoadScales(scales), x->Scale);
        }

        target.Store(0, total);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4(byte* weights, ushort* scales, int blocks, ActivationBlock* x0, long stride, in BlockTarget target)
    {
        Vector512<float> t0 = default, t1 = default, t2 = default, t3 = default;
        ActivationBlock* x1 = x0 + target.Offset(1, stride), x2 = x0 + target.Offset(2, stride), x3 = x0 + target.Offset(3, stride);
        for (; blocks > 0; blocks--, scales += Rows, x0++, x1++, x2++, x3++)
        {
            Vector256<int> a0 = Vector256.Create(x0->Offset8), a1 = Vector256.Create(x1->Offset8);
            Vector256<int> a2 = Vector256.Create(x2->Offset8), a3 = Vector256.Create(x3->Offset8), b0 = a0, b1 = a1, b2 = a2, b3 = a3;
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

            var scale = LoadScales(scales);
            t0 = AddScaled(t0, a0, b0, scale, x0->Scale);
            t1 = AddScaled(t1, a1, b1, scale, x1->Scale);
            t2 = AddScaled(t2, a2, b2, scale, x2->Scale);
            t3 = AddScaled(t3, a3, b3, scale, x3->Scale);
        }

        target.Store(0, t0);
        target.Store(1, t1);
        target.Store(2, t2);
        target.Store(3, t3);
    }
}
