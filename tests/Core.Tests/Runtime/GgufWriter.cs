using System.Buffers.Binary;
using System.Text;
using Amalgam.Runtime.Gguf;

namespace Core.Tests.Runtime;

/// <summary>A tensor to write: its numbers come row by row, so that a large file never stands in memory.</summary>
public sealed record TensorToWrite(string Name, GgufType Type, long[] Dimensions, Action<long, Span<float>> FillRow);

/// <summary>Writes GGUF version 3 (format: ggml/docs/gguf.md). Values may be string, uint, int, ulong, float, bool and arrays of string, int and float.</summary>
public static class GgufWriter
{
    private const int Alignment = 32;

    public static void Write(string path, IReadOnlyList<KeyValuePair<string, object>> metadata, IReadOnlyList<TensorToWrite> tensors)
    {
        using var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        WriteHeader(writer, metadata, tensors);
        foreach (var tensor in tensors)
        {
            Pad(writer);
            WriteRows(writer, tensor);
        }

        Pad(writer);
    }

    private static void WriteHeader(BinaryWriter writer, IReadOnlyList<KeyValuePair<string, object>> metadata, IReadOnlyList<TensorToWrite> tensors)
    {
        writer.Write("GGUF"u8);
        writer.Write(3u);
        writer.Write((ulong)tensors.Count);
        writer.Write((ulong)metadata.Count);
        foreach (var (key, value) in metadata)
        {
            WriteText(writer, key);
            WriteTyped(writer, value);
        }

        long offset = 0;
        foreach (var tensor in tensors)
        {
            WriteText(writer, tensor.Name);
            writer.Write((uint)tensor.Dimensions.Length);
            foreach (var dimension in tensor.Dimensions) writer.Write((ulong)dimension);
            writer.Write((uint)tensor.Type);
            writer.Write((ulong)offset);
            offset += (RowBytes(tensor) * Rows(tensor) + Alignment - 1) / Alignment * Alignment;
        }
    }

    private static long Rows(TensorToWrite tensor) => tensor.Dimensions.Skip(1).Aggregate(1L, (product, dimension) => product * dimension);

    private static long RowBytes(TensorToWrite tensor) =>
        GgufTypes.BlockOf(tensor.Type) is { } block ? tensor.Dimensions[0] / block.Elements * block.Bytes : throw new ArgumentException("unknown type");

    private static void WriteRows(BinaryWriter writer, TensorToWrite tensor)
    {
        var row = new float[tensor.Dimensions[0]];
        var bytes = new byte[RowBytes(tensor)];
        for (long i = 0; i < Rows(tensor); i++)
        {
            tensor.FillRow(i, row);
            GgufQuantising.Encode(tensor.Type, row, bytes);
            writer.Write(bytes);
        }
    }

    private static void WriteText(BinaryWriter writer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private static void WriteTyped(BinaryWriter writer, object value)
    {
        if (value is Array array)
        {
            writer.Write(9u);
            writer.Write(NumberOf(array.GetType().GetElementType()!));
            writer.Write((ulong)array.Length);
            foreach (var item in array) WriteValue(writer, item);
            return;
        }

        writer.Write(NumberOf(value.GetType()));
        WriteValue(writer, value);
    }

    private static uint NumberOf(Type type) =>
        type == typeof(uint) ? 4u : type == typeof(int) ? 5u : type == typeof(float) ? 6u : type == typeof(bool) ? 7u : type == typeof(string) ? 8u
        : type == typeof(ulong) ? 10u : throw new ArgumentException($"no GGUF type for {type}");

    private static void WriteValue(BinaryWriter writer, object value)
    {
        switch (value)
        {
            case uint number: writer.Write(number); break;
            case int number: writer.Write(number); break;
            case ulong number: writer.Write(number); break;
            case float number: writer.Write(number); break;
            case bool flag: writer.Write(flag); break;
            default: WriteText(writer, (string)value); break;
        }
    }

    private static void Pad(BinaryWriter writer)
    {
        writer.Flush();
        while (writer.BaseStream.Position % Alignment != 0) writer.Write((byte)0);
    }
}

/// <summary>Encodes rows of floats as ggml does (reference quantisers in ggml-quants.c).</summary>
public static class GgufQuantising
{
    private const int Block = 32;

    public static void Encode(GgufType type, ReadOnlySpan<float> row, Span<byte> target)
    {
        switch (type)
        {
            case GgufType.F32:
                for (int i = 0; i < row.Length; i++) BinaryPrimitives.WriteSingleLittleEndian(target[(i * 4)..], row[i]);
                break;
            case GgufType.F16:
                for (int i = 0; i < row.Length; i++) BinaryPrimitives.WriteHalfLittleEndian(target[(i * 2)..], (Half)row[i]);
                break;
            case GgufType.BF16:
                for (int i = 0; i < row.Length; i++) BinaryPrimitives.WriteUInt16LittleEndian(target[(i * 2)..], ToBrainFloat(row[i]));
                break;
            case GgufType.Q8_0:
                for (int b = 0; b < row.Length / Block; b++) EncodeBits8(row.Slice(b * Block, Block), target.Slice(b * 34, 34));
                break;
            case GgufType.Q4_0:
                for (int b = 0; b < row.Length / Block; b++) EncodeBits4(row.Slice(b * Block, Block), target.Slice(b * 18, 18));
                break;
            case GgufType.Q6_K:
                for (int b = 0; b < row.Length / 256; b++) EncodeSixBits(row.Slice(b * 256, 256), target.Slice(b * 210, 210));
                break;
            default:
                // Types that are only ever refused: their bytes do not matter.
                target.Clear();
                break;
        }
    }

    private static ushort ToBrainFloat(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    private static void EncodeBits8(ReadOnlySpan<float> values, Span<byte> target)
    {
        float largest = 0;
        foreach (var value in values) largest = Math.Max(largest, Math.Abs(value));
        float inverse = largest > 0 ? 127 / largest : 0;
        BinaryPrimitives.WriteHalfLittleEndian(target, (Half)(largest / 127));
        for (int i = 0; i < Block; i++) target[2 + i] = (byte)(sbyte)MathF.Round(values[i] * inverse);
    }

    private static void EncodeBits4(ReadOnlySpan<float> values, Span<byte> target)
    {
        float extreme = 0;
        foreach (var value in values) extreme = Math.Abs(value) > Math.Abs(extreme) ? value : extreme;
        float scale = extreme / -8, inverse = scale != 0 ? 1 / scale : 0;
        BinaryPrimitives.WriteHalfLittleEndian(target, (Half)scale);
        for (int i = 0; i < Block / 2; i++)
        {
            int low = Math.Min(15, (int)((values[i] * inverse) + 8.5f)), high = Math.Min(15, (int)((values[i + 16] * inverse) + 8.5f));
            target[2 + i] = (byte)(low | (high << 4));
        }
    }

    /// <summary>Simpler than ggml's, which searches for better scales; the layout is what matters.</summary>
    private static void EncodeSixBits(ReadOnlySpan<float> values, Span<byte> target)
    {
        target.Clear();
        float largest = 0;
        foreach (var value in values) largest = Math.Max(largest, Math.Abs(value));
        float scale = (float)(Half)(largest / (31 * 100));
        BinaryPrimitives.WriteHalfLittleEndian(target[208..], (Half)scale);
        for (int i = 0; i < 256; i++)
        {
            int part = i / 128, within = i % 128, quarter = within / 32, column = within % 32, subScale = 60 + (i / 16 * 3);
            target[192 + (i / 16)] = (byte)subScale;
            int number = Math.Clamp((int)MathF.Round(values[i] / (scale * subScale)), -32, 31) + 32;
            target[(64 * part) + column + (quarter % 2 * 32)] |= (byte)((number & 15) << (quarter / 2 * 4));
            target[128 + (32 * part) + column] |= (byte)((number >> 4) << (2 * quarter));
        }
    }
}
