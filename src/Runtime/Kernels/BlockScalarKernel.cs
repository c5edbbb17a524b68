using System.Runtime.CompilerServices;

namespace Amalgam.Runtime.Kernels;

/// <summary>8-bit and 4-bit weights without vector instructions, one row and one token at a time.</summary>
internal sealed unsafe class BlockScalarKernel(WeightType type) : ProductKernel
{
    private const int Rows = PackedMatrix.RowsPerGroup;
    private readonly bool isBits4 = type == WeightType.Bits4;

    public override void Multiply(in Product product, int firstGroup, int endGroup)
    {
        for (int group = firstGroup; group < endGroup; group++)
        {
            for (int token = 0; token < product.Tokens; token++)
            {
                var target = new BlockTarget(product, group, token);
                for (int row = 0; row < Rows; row++) target.Store(0, row, Sum(product, group, row, product.Input.Blocks(product.FirstToken + token)));
            }
        }
    }

    private float Sum(in Product product, int group, int row, ActivationBlock* x)
    {
        byte* weights = product.Matrix.Group(group) + (row * 4);
        ushort* scales = product.Matrix.Scales(group) + row;
        return isBits4 ? Sum4(weights, scales, product.Matrix.Blocks, x) : Sum8(weights, scales, product.Matrix.Blocks, x);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Sum8(byte* weights, ushort* scales, int blocks, ActivationBlock* x)
    {
        float total = 0;
        for (; blocks > 0; blocks--, weights += 512, scales += Rows, x++)
        {
            int sum = x->Offset8;
            sbyte* quants = x->Quants;
            for (int quad = 0; quad < 8; quad++, quants += 4)
            {
                byte* w = weights + (quad * 64);
                sum += (w[0] * quants[0]) + (w[1] * quants[1]) + (w[2] * quants[2]) + (w[3] * quants[3]);
            }

            total += sum * (HalfBits.ToSingle(*scales) * x->Scale);
        }

        return total;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Sum4(byte* weights, ushort* scales, int blocks, ActivationBlock* x)
    {
        float total = 0;
        for (; blocks > 0; blocks--, weights += 256, scales += Rows, x++)
        {
            int sum = x->Offset4;
            sbyte* quants = x->Quants;
            for (int g = 0; g < 4; g++, quants += 4)
            {
                byte* w = weights + (g * 64);
                for (int i = 0; i < 4; i++) sum += ((w[i] & 0x0F) * quants[i]) + ((w[i] >> 4) * quants[i + 16]);
            }

            total += sum * (HalfBits.ToSingle(*scales) * x->Scale);
        }

        return total;
    }
}
