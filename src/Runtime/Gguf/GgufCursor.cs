using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;

namespace Amalgam.Runtime.Gguf;

/// <summary>
/// Reads the header of a mapped file from front to back. Every length in the file is checked against the bytes that are left before anything is
/// allocated, so a hostile count costs nothing.
/// </summary>
internal unsafe ref struct GgufCursor(byte* start, long length, string path)
{
    private const int MaxStringBytes = 16 << 20;

    public long Position { get; private set; }

    public readonly long Left => length - Position;

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public ulong ReadUInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    public string ReadString(string what)
    {
        var bytes = ReadUInt64();
        if (bytes > MaxStringBytes)
        {
            throw Broken($"{what} claims a text of {bytes} bytes");
        }

        return Encoding.UTF8.GetString(Take((int)bytes));
    }

    /// <summary>Reads an element count and refuses one that could not fit into the rest of the file.</summary>
    public int ReadCount(string what, int leastBytesEach)
    {
        var count = ReadUInt64();
        if (count > (ulong)(Left / leastBytesEach) || count > int.MaxValue / 2)
        {
            throw Broken($"it claims {count} {what}, more than its {length} bytes can hold");
        }

        return (int)count;
    }

    public object ReadValue(GgufValueType type, string key) => type switch
    {
        GgufValueType.UInt8 => (long)Take(1)[0],
        GgufValueType.Int8 => (long)(sbyte)Take(1)[0],
        GgufValueType.UInt16 => (long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2)),
        GgufValueType.Int16 => (long)BinaryPrimitives.ReadInt16LittleEndian(Take(2)),
        GgufValueType.UInt32 => (long)ReadUInt32(),
        GgufValueType.Int32 => (long)BinaryPrimitives.ReadInt32LittleEndian(Take(4)),
        GgufValueType.UInt64 => unchecked((long)ReadUInt64()),
        GgufValueType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(Take(8)),
        GgufValueType.Float32 => (double)BinaryPrimitives.ReadSingleLittleEndian(Take(4)),
        GgufValueType.Float64 => BinaryPrimitives.ReadDoubleLittleEndian(Take(8)),
        GgufValueType.Bool => Take(1)[0] != 0,
        GgufValueType.String => ReadString($"metadata '{key}'"),
        GgufValueType.Array => ReadArray(key),
        _ => throw Broken($"metadata '{key}' has the unknown value type {(uint)type}"),
    };

    public readonly ModelFormatException Broken(string what) => new($"{path} is not a usable GGUF file: {what}; download it again.");

    private object ReadArray(string key)
    {
        var type = (GgufValueType)ReadUInt32();
        var size = type switch
        {
            GgufValueType.UInt8 or GgufValueType.Int8 or GgufValueType.Bool => 1,
            GgufValueType.UInt16 or GgufValueType.Int16 => 2,
            GgufValueType.UInt32 or GgufValueType.Int32 or GgufValueType.Float32 => 4,
            GgufValueType.UInt64 or GgufValueType.Int64 or GgufValueType.Float64 or GgufValueType.String => 8,
            _ => throw Broken($"metadata '{key}' is an array of the unsupported type {(uint)type}"),
        };
        var count = ReadCount($"elements of '{key}'", size);
        return type switch
        {
            GgufValueType.String => ReadStrings(key, count),
            GgufValueType.Float32 => Copy<float>(count),
            GgufValueType.Float64 => Copy<double>(count),
            GgufValueType.Int32 => Copy<int>(count),
            GgufValueType.UInt32 => Copy<uint>(count),
            GgufValueType.Int64 => Copy<long>(count),
            GgufValueType.UInt64 => Copy<ulong>(count),
            GgufValueType.Int16 => Copy<short>(count),
            GgufValueType.UInt16 => Copy<ushort>(count),
            GgufValueType.Int8 => Copy<sbyte>(count),
            _ => Copy<byte>(count),
        };
    }

    private string[] ReadStrings(string key, int count)
    {
        var strings = new string[count];
        for (var i = 0; i < count; i++)
        {
            strings[i] = ReadString($"metadata '{key}'");
        }

        return strings;
    }

    private T[] Copy<T>(int count)
        where T : unmanaged
    {
        var values = new T[count];
        fixed (T* target = values)
        {
            Take(checked(count * Unsafe.SizeOf<T>())).CopyTo(new Span<byte>(target, count * Unsafe.SizeOf<T>()));
        }

        return values;
    }

    private ReadOnlySpan<byte> Take(int bytes)
    {
        if (bytes > Left)
        {
            throw new ModelFormatException(
                $"{path} is truncated: its header needs at least {Position + bytes} bytes and the file has {length}; download it again.");
        }

        var span = new ReadOnlySpan<byte>(start + Position, bytes);
        Position += bytes;
        return span;
    }
}

/// <summary>Types of metadata values, numbered as in the GGUF specification.</summary>
internal enum GgufValueType : uint
{
    UInt8 = 0,
    Int8 = 1,
    UInt16 = 2,
    Int16 = 3,
    UInt32 = 4,
    Int32 = 5,
    Float32 = 6,
    Bool = 7,
    String = 8,
    Array = 9,
    UInt64 = 10,
    Int64 = 11,
    Float64 = 12,
}
