using System.Runtime.CompilerServices;
using Amalgam.Runtime.Gguf;
using Amalgam.Runtime.Kernels;

namespace Amalgam.Runtime.Model;

/// <summary>Token embeddings, read from the mapped file row by row: a table of 150,000 rows costs memory only for the rows in use.</summary>
internal sealed unsafe class EmbeddingTable(GgufTensor tensor, int width)
{
    private readonly byte* rows = tensor.Pointer;
    private readonly long rowBytes = tensor.ByteLength / tensor.Dimensions[1];
    private readonly GgufType type = tensor.Type;

    public void Read(int token, float* target)
    {
        byte* row = rows + (token * rowBytes);
        switch (type)
        {
            case GgufType.F32: Unsafe.CopyBlockUnaligned(target, row, (uint)width * sizeof(float)); break;
            case GgufType.F16: ReadHalves((ushort*)row, target); break;
            case GgufType.BF16: ReadBrainFloats((ushort*)row, target); break;
            case GgufType.Q8_0: ReadBits8(row, target); break;
            case GgufType.Q6_K: SixBitBlocks.Read(row, target, width); break;
            default: ReadBits4(row, target); break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ReadHalves(ushort* row, float* target)
    {
        for (int i = 0; i < width; i++) target[i] = HalfBits.ToSingle(row[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ReadBrainFloats(ushort* row, float* target)
    {
        for (int i = 0; i < width; i++) target[i] = BitConverter.Int32BitsToSingle(row[i] << 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ReadBits8(byte* row, float* target)
    {
        for (int block = 0; block < width / 32; block++, row += 34, target += 32)
        {
            float scale = HalfBits.ToSingle(*(ushort*)row);
            for (int i = 0; i < 32; i++) target[i] = (sbyte)row[2 + i] * scale;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ReadBits4(byte* row, float* target)
    {
        for (int block = 0; block < width / 32; block++, row += 18, target += 32)
        {
            float scale = HalfBits.ToSingle(*(ushort*)row);
            for (int i = 0; i < 16; i++)
            {
                target[i] = ((row[2 + i] & 0x0F) - 8) * scale;
                target[i + 16] = ((row[2 + i] >> 4) - 8) * scale;
            }
        }
    }
}
