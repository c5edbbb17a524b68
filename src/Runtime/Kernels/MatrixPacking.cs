using System.Runtime.CompilerServices;

namespace Amalgam.Runtime.Kernels;

/// <summary>Brings the rows of a file (ggml's layouts, see ggml-common.h) into the order of <see cref="PackedMatrix"/>. Weights keep their bits.</summary>
internal static unsafe class MatrixPacking
{
    private const int Rows = PackedMatrix.RowsPerGroup;
    private const int Bits8BlockBytes = 34;
    private const int Bits4BlockBytes = 18;

    /// <summary>Bytes of one row of the file.</summary>
    public static long RowBytes(WeightType type, int columns) => type switch
    {
        WeightType.Single => columns * 4L,
        WeightType.Half or WeightType.BrainFloat => columns * 2L,
        WeightType.Bits8 => columns / PackedMatrix.BlockColumns * (long)Bits8BlockBytes,
        _ => columns / PackedMatrix.BlockColumns * (long)Bits4BlockBytes,
    };

    /// <summary>Fills groups [first, end). <paramref name="order"/>, if any, gives the row of the file for each row of the matrix.</summary>
    public static void Pack(PackedMatrix matrix, byte* source, int[]? order, int first, int end)
    {
        long rowBytes = RowBytes(matrix.Type, matrix.Columns);
        for (int group = first; group < end; group++)
        {
            int rows = Math.Min(Rows, matrix.Rows - (group * Rows));
            for (int row = 0; row < rows; row++)
            {
                int number = (group * Rows) + row;
                PackRow(matrix, group, row, source + ((order is null ? number : order[number]) * rowBytes));
            }

            for (int row = rows; row < Rows; row++) ClearRow(matrix, group, row);
        }
    }

    private static void PackRow(PackedMatrix matrix, int group, int row, byte* source)
    {
        switch (matrix.Type)
        {
            case WeightType.Single: PackWords((uint*)source, (uint*)matrix.Group(group) + row, matrix.Columns); break;
            case WeightType.Half or WeightType.BrainFloat: PackHalves((ushort*)source, (ushort*)matrix.Group(group) + row, matrix.Columns); break;
            case WeightType.Bits8: PackBits8(source, (uint*)matrix.Group(group) + row, matrix.Scales(group) + row, matrix.Blocks); break;
            default: PackBits4(source, (uint*)matrix.Group(group) + row, matrix.Scales(group) + row, matrix.Blocks); break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackWords(uint* source, uint* target, int columns)
    {
        for (int column = 0; column < columns; column++, target += Rows) *target = source[column];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackHalves(ushort* source, ushort* target, int columns)
    {
        for (int column = 0; column < columns; column++, target += Rows) *target = source[column];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackBits8(byte* source, uint* target, ushort* scales, int blocks)
    {
        for (int block = 0; block < blocks; block++, source += Bits8BlockBytes, scales += Rows, target += 8 * Rows)
        {
            *scales = *(ushort*)source;
            uint* weights = (uint*)(source + 2);
            for (int quad = 0; quad < 8; quad++) target[quad * Rows] = weights[quad] ^ 0x80808080;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackBits4(byte* source, uint* target, ushort* scales, int blocks)
    {
        for (int block = 0; block < blocks; block++, source += Bits4BlockBytes, scales += Rows, target += 4 * Rows)
        {
            *scales = *(ushort*)source;
            uint* weights = (uint*)(source + 2);
            for (int quad = 0; quad < 4; quad++) target[quad * Rows] = weights[quad];
        }
    }

    /// <summary>Buffers start as zeros, which is a zero weight for floats; in blocks a zero scale makes the row vanish. The bytes stay defined.</summary>
    private static void ClearRow(PackedMatrix matrix, int group, int row)
    {
        if (!PackedMatrix.IsBlocked(matrix.Type)) return;
        for (int block = 0; block < matrix.Blocks; block++) matrix.Scales(group)[(block * Rows) + row] = 0;
    }
}
