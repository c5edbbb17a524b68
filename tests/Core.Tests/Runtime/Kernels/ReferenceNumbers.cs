using System.Buffers.Binary;
using Amalgam.Runtime.Kernels;

namespace Core.Tests.Runtime.Kernels;

/// <summary>What weights in a file and inputs stand for, one number at a time and in plain code, as ggml's reference functions have it.</summary>
internal static class ReferenceNumbers
{
    public static double Weight(WeightType type, ReadOnlySpan<byte> row, int column) => type switch
    {
        WeightType.Single => BinaryPrimitives.ReadSingleLittleEndian(row[(4 * column)..]),
        WeightType.Half => (double)BinaryPrimitives.ReadHalfLittleEndian(row[(2 * column)..]),
        WeightType.BrainFloat => BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadUInt16LittleEndian(row[(2 * column)..]) << 16),
        WeightType.Bits8 => Scale(row, column / 32 * 34) * (sbyte)row[(column / 32 * 34) + 2 + (column % 32)],
        _ => Scale(row, column / 32 * 18) * (Nibble(row[(column / 32 * 18) + 2 + (column % 16)], column % 32 >= 16) - 8),
    };

    /// <summary>Inputs of blocked weights are rounded to 8 bits, block by block.</summary>
    public static double Input(WeightType type, float[,] inputs, int token, int column)
    {
        if (!PackedMatrix.IsBlocked(type)) return inputs[token, column];
        float largest = 0;
        for (int i = column / 32 * 32; i < (column / 32 * 32) + 32; i++) largest = Math.Max(largest, Math.Abs(inputs[token, i]));
        return MathF.Round(inputs[token, column] * (127 / largest)) * (double)(Half)(largest / 127);
    }

    private static double Scale(ReadOnlySpan<byte> row, int offset) => (double)BinaryPrimitives.ReadHalfLittleEndian(row[offset..]);

    private static int Nibble(byte pair, bool high) => high ? pair >> 4 : pair & 15;
}
