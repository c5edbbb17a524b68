using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Amalgam.Runtime.Kernels;

/// <summary>8-bit and 4-bit weights in 128 bits: 4 rows times 4 tokens, with whatever byte product the chip offers (NEON dot products, SSSE3, or none).</summary>
internal sealed unsafe class BlockVector128Kernel(WeightType type) : ProductKernel
{
    private const int Rows = PackedMatrix.RowsPerGroup;
    private readonly bool isBits4 = type == WeightType.Bits4;

    public override void Multiply(in Product product, int firstGroup, int endGroup)
    {
        int stride = product.Input.Stride / 32;
        for (int group = firstGroup; group < endGroup; group++)
        {
            for (int token = 0; token < product.Tokens; token += 4)
            {
                var input = product.Input.Blocks(product.FirstToken + token);
                var target = new BlockTarget(product, group, token);
                for (int row = 0; row < Rows; row += 4)
                {
                    byte* weights = product.Matrix.Group(group) + (row * 4);
                    ushort* scales = product.Matrix.Scales(group) + row;
                    if (isBits4) Tile<Nibbles>(weights, scales, product.Matrix.Blocks, input, stride, row, target);
                    else Tile<Bytes>(weights, scales, product.Matrix.Blocks, input, stride, row, target);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile<TWeights>(byte* weights, ushort* scales, int blocks, ActivationBlock* x0, long stride, int row, in BlockTarget target)
        where TWeights : struct, IBlockWeights
    {
        Vector128<float> t0 = default, t1 = default, t2 = default, t3 = default;
        ActivationBlock* x1 = x0 + target.Offset(1, stride), x2 = x0 + target.Offset(2, stride), x3 = x0 + target.Offset(3, stride);
        for (; blocks > 0; blocks--, weights += TWeights.BlockBytes, scales += Rows, x0++, x1++, x2++, x3++)
        {
            Vector128<int> a0 = default, a1 = default, a2 = default, a3 = default;
            for (int quad = 0; quad < 8; quad++)
            {
                var w = TWeights.Load(weights, quad);
                a0 = Dot(a0, w, ((int*)x0)[quad]);
                if (target.Tokens == 1) continue;
                a1 = Dot(a1, w, ((int*)x1)[quad]);
                a2 = Dot(a2, w, ((int*)x2)[quad]);
                a3 = Dot(a3, w, ((int*)x3)[quad]);
            }

            var scale = Lanes4.LoadSmallHalves(scales) * Vector128.Create(HalfBits.Scale);
            t0 = Lanes4.MultiplyAdd(Vector128.ConvertToSingle(a0), scale * x0->Scale, t0);
            t1 = Lanes4.MultiplyAdd(Vector128.ConvertToSingle(a1), scale * x1->Scale, t1);
            t2 = Lanes4.MultiplyAdd(Vector128.ConvertToSingle(a2), scale * x2->Scale, t2);
            t3 = Lanes4.MultiplyAdd(Vector128.ConvertToSingle(a3), scale * x3->Scale, t3);
        }

        target.Store(0, row, t0);
        target.Store(1, row, t1);
        target.Store(2, row, t2);
        target.Store(3, row, t3);
    }

    /// <summary>Adds, for each of four rows, the products of four signed weights with four quants.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Dot(Vector128<int> sum, Vector128<sbyte> weights, int quants)
    {
        var x = Vector128.Create(quants).AsSByte();
        if (Dp.IsSupported) return Dp.DotProduct(sum, weights, x);
        if (Ssse3.IsSupported)
        {
            var pairs = Ssse3.MultiplyAddAdjacent(Ssse3.Abs(weights), Ssse3.Sign(x, weights));
            return sum + Sse2.MultiplyAddAdjacent(pairs, Vector128.Create((short)1));
        }

        var (wide, wideX) = (Vector128.WidenLower(weights), Vector128.WidenLower(x));
        return sum + Quads(wide * wideX, Vector128.WidenUpper(weights) * Vector128.WidenUpper(x));
    }

    /// <summary>Sums each four neighbours: two rows from the lower products, two from the upper.</summary>
    private static Vector128<int> Quads(Vector128<short> lower, Vector128<short> upper) => Vector128.Create(
        Vector128.Sum(Vector128.WidenLower(lower)), Vector128.Sum(Vector128.WidenUpper(lower)),
        Vector128.Sum(Vector128.WidenLower(upper)), Vector128.Sum(Vector128.WidenUpper(upper)));

    private interface IBlockWeights
    {
        static abstract int BlockBytes { get; }

        /// <summary>Signed weights of columns 4 · quad to 4 · quad + 3, for four rows.</summary>
        static abstract Vector128<sbyte> Load(byte* block, int quad);
    }

    private readonly struct Bytes : IBlockWeights
    {
        public static int BlockBytes => 512;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<sbyte> Load(byte* block, int quad) => (Vector128.Load(block + (quad * 64)) ^ Vector128.Create((byte)0x80)).AsSByte();
    }

    private readonly struct Nibbles : IBlockWeights
    {
        public static int BlockBytes => 256;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<sbyte> Load(byte* block, int quad)
        {
            var packed = Vector128.Load(block + ((quad & 3) * 64));
            if (quad > 3) packed = (packed.AsUInt16() >>> 4).AsByte();
            return (packed & Vector128.Create((byte)0x0F)).AsSByte() - Vector128.Create((sbyte)8);
        }
    }
}
