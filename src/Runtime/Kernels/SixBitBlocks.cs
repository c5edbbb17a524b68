using System.Runtime.CompilerServices;

namespace Amalgam.Runtime.Kernels;

/// <summary>
/// ggml's Q6_K (block_q6_K in ggml-common.h): 256 weights in 210 bytes, 128 bytes of low nibbles, 64 of upper bit pairs, 16 signed scales of 16 weights
/// each and one half. Read as floats; a half holds such a weight to 11 bits, five more than it has.
/// </summary>
internal static unsafe class SixBitBlocks
{
    public const int Columns = 256;
    public const int Bytes = 210;

    public static long RowBytes(int columns) => columns / Columns * (long)Bytes;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Read(byte* row, float* target, int columns)
    {
        for (int block = 0; block < columns / Columns; block++, row += Bytes)
        {
            float scale = HalfBits.ToSingle(*(ushort*)(row + 208));
            for (int half = 0; half < 2; half++, target += 128)
            {
                ReadHalf(row + (64 * half), row + 128 + (32 * half), (sbyte*)row + 192 + (8 * half), scale, target);
            }
        }
    }

    /// <summary>Fills groups [first, end) of a matrix of halves; rows as in <see cref="MatrixPacking.Pack"/>.</summary>
    public static void Pack(PackedMatrix matrix, byte* source, int[]? order, int first, int end)
    {
        const int rows = PackedMatrix.RowsPerGroup;
        var values = new float[matrix.Columns];
        for (int row = first * rows; row < Math.Min(end * rows, matrix.Rows); row++)
        {
            fixed (float* read = values) Read(source + ((order is null ? row : order[row]) * RowBytes(matrix.Columns)), read, matrix.Columns);
            ushort* target = (ushort*)matrix.Group(row / rows) + (row % rows);
            for (int i = 0; i < values.Length; i++) target[i * rows] = BitConverter.HalfToUInt16Bits((Half)values[i]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ReadHalf(byte* low, byte* high, sbyte* scales, float scale, float* target)
    {
        for (int i = 0; i < 32; i++)
        {
            int sub = i / 16;
            target[i] = scale * scales[sub] * (((low[i] & 15) | ((high[i] & 3) << 4)) - 32);
            target[i + 32] = scale * scales[sub + 2] * (((low[i + 32] & 15) | (((high[i] >> 2) & 3) << 4)) - 32);
            target[i + 64] = scale * scales[sub + 4] * (((low[i] >> 4) | (((high[i] >> 4) & 3) << 4)) - 32);
            target[i + 96] = scale * scales[sub + 6] * (((low[i + 32] >> 4) | ((high[i] >> 6) << 4)) - 32);
        }
    }
}
