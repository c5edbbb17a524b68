using System.Diagnostics.CodeAnalysis;
using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace Amalgam.Runtime.Gguf;

/// <summary>
/// A GGUF model file, versions 2 and 3, little-endian (format: ggml/docs/gguf.md), mapped read-only: opening it reads the header alone and costs
/// no memory for the weights. Everything the header claims is checked against the size of the file before it is believed.
/// </summary>
public sealed unsafe class GgufFile : IDisposable
{
    private const uint Magic = 0x46554747; // "GGUF"
    private const int LeastBytesPerTensor = 24;
    private const int LeastBytesPerKey = 13;
    private const int MaxDimensions = 4;

    private readonly SafeMemoryMappedViewHandle view;
    private readonly MemoryMappedFile map;
    private readonly MemoryMappedViewAccessor accessor;
    private readonly Dictionary<string, GgufTensor> byName;

    private GgufFile(string path, long length)
    {
        Path = path;
        Length = length;
        map = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        accessor = map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        view = accessor.SafeMemoryMappedViewHandle;
        byte* start = null;
        view.AcquirePointer(ref start);
        try
        {
            (Version, Metadata, Tensors) = ReadHeader(start, length, path);
            byName = Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Path { get; }

    /// <summary>Size of the file in bytes.</summary>
    public long Length { get; }

    public int Version { get; }

    public GgufMetadata Metadata { get; }

    /// <summary>In the order of the file.</summary>
    public IReadOnlyList<GgufTensor> Tensors { get; }

    /// <summary>The value of <c>general.architecture</c>, the prefix of the model's own keys.</summary>
    public string Architecture => Metadata.RequiredString("general.architecture");

    /// <exception cref="ModelFormatException">There is no such file, or it is not a complete and usable GGUF file.</exception>
    public static GgufFile Open(string path)
    {
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists)
            {
                throw new ModelFormatException(Directory.Exists(path)
                    ? $"{path} is a folder; name the .gguf file in it."
                    : $"{path} does not exist; check the path of the model file.");
            }

            return file.Length >= 24 ? new GgufFile(path, file.Length) : throw NotGguf(path, $"it has only {file.Length} bytes");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ModelFormatException($"{path} cannot be read: {error.Message}", error);
        }
    }

    public bool TryGetTensor(string name, [NotNullWhen(true)] out GgufTensor? tensor) => byName.TryGetValue(name, out tensor);

    /// <exception cref="ModelFormatException">The file has no tensor of this name.</exception>
    public GgufTensor RequiredTensor(string name) => byName.TryGetValue(name, out var tensor)
        ? tensor
        : throw new ModelFormatException($"{Path} is not usable: tensor '{name}' is missing; the file is incomplete or of another architecture.");

    public void Dispose()
    {
        if (!view.IsClosed)
        {
            view.ReleasePointer();
        }

        accessor.Dispose();
        map.Dispose();
    }

    private static (int Version, GgufMetadata Metadata, GgufTensor[] Tensors) ReadHeader(byte* start, long length, string path)
    {
        var cursor = new GgufCursor(start, length, path);
        if (cursor.ReadUInt32() != Magic)
        {
            throw NotGguf(path, "it does not begin with the letters GGUF");
        }

        var version = ReadVersion(ref cursor, path);
        var tensorCount = cursor.ReadCount("tensors", LeastBytesPerTensor);
        var metadata = ReadMetadata(ref cursor, path);
        if (metadata.IntegerOrNull("split.count") is > 1)
        {
            throw new ModelFormatException($"{path} is one part of a split model; join the parts with 'llama-gguf-split --merge' and name the result.");
        }

        var alignment = metadata.Integer("general.alignment", 32, 1, 1 << 20);
        var headers = new (string Name, long[] Dimensions, GgufType Type, long Offset, long Bytes)[tensorCount];
        for (var i = 0; i < tensorCount; i++)
        {
            headers[i] = ReadTensor(ref cursor);
        }

        var dataStart = (cursor.Position + alignment - 1) / alignment * alignment;
        return (version, metadata, PlaceTensors(headers, start, dataStart, length, alignment, path));
    }

    private static int ReadVersion(ref GgufCursor cursor, string path)
    {
        var version = cursor.ReadUInt32();
        return version switch
        {
            2 or 3 => (int)version,
            _ when (version & 0xFFFF) == 0 && version != 0 =>
                throw new ModelFormatException($"{path} is a big-endian GGUF file, which is not supported; convert the model again for little-endian machines."),
            _ => throw new ModelFormatException($"{path} is GGUF version {version}; versions 2 and 3 are supported. Convert the model again with a current tool."),
        };
    }

    private static GgufMetadata ReadMetadata(ref GgufCursor cursor, string path)
    {
        var count = cursor.ReadCount("metadata keys", LeastBytesPerKey);
        var values = new Dictionary<string, object>(StringComparer.Ordinal);
        for (var i = 0; i < count; i++)
        {
            var key = cursor.ReadString("a metadata key");
            var type = (GgufValueType)cursor.ReadUInt32();
            if (!values.TryAdd(key, cursor.ReadValue(type, key)))
            {
                throw cursor.Broken($"metadata '{key}' stands in it twice");
            }
        }

        return new GgufMetadata(values, path);
    }

    private static (string Name, long[] Dimensions, GgufType Type, long Offset, long Bytes) ReadTensor(ref GgufCursor cursor)
    {
        var name = cursor.ReadString("a tensor name");
        var rank = cursor.ReadUInt32();
        if (rank is 0 or > MaxDimensions)
        {
            throw cursor.Broken($"tensor '{name}' claims {rank} dimensions");
        }

        var dimensions = new long[rank];
        Int128 elements = 1;
        for (var d = 0; d < rank; d++)
        {
            var dimension = cursor.ReadUInt64();
            elements *= dimension;
            if (dimension == 0 || elements > long.MaxValue / 16)
            {
                throw cursor.Broken($"tensor '{name}' claims an impossible dimension of {dimension}");
            }

            dimensions[d] = (long)dimension;
        }

        var number = cursor.ReadUInt32();
        if (GgufTypes.BlockOf((GgufType)number) is not { } block)
        {
            throw cursor.Broken($"tensor '{name}' has the unknown type {number}");
        }

        if (dimensions[0] % block.Elements != 0)
        {
            throw cursor.Broken($"rows of tensor '{name}' have {dimensions[0]} elements, not a multiple of the {block.Elements} of {(GgufType)number}");
        }

        var offset = cursor.ReadUInt64();
        return offset <= long.MaxValue / 2
            ? (name, dimensions, (GgufType)number, (long)offset, (long)elements / block.Elements * block.Bytes)
            : throw cursor.Broken($"tensor '{name}' claims the impossible offset {offset}");
    }

    private static GgufTensor[] PlaceTensors(
        (string Name, long[] Dimensions, GgufType Type, long Offset, long Bytes)[] headers, byte* start, long dataStart, long length, int alignment, string path)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var tensors = new GgufTensor[headers.Length];
        for (var i = 0; i < headers.Length; i++)
        {
            var (name, dimensions, type, relative, bytes) = headers[i];
            if (!names.Add(name) || relative % alignment != 0)
            {
                throw new ModelFormatException($"{path} is not a usable GGUF file: tensor '{name}' stands in it twice or is misaligned; download it again.");
            }

            var end = (Int128)dataStart + relative + bytes;
            if (end > length)
            {
                throw new ModelFormatException($"{path} is truncated: tensor '{name}' needs {end} bytes and the file has {length}; download it again.");
            }

            tensors[i] = new GgufTensor(name, dimensions, type, dataStart + relative, bytes, start + dataStart + relative);
        }

        return tensors;
    }

    private static ModelFormatException NotGguf(string path, string why) =>
        new($"{path} is not a GGUF file: {why}; name a model in GGUF format (usually *.gguf).");
}
