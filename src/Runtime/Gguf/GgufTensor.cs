namespace Amalgam.Runtime.Gguf;

/// <summary>
/// One tensor of a file. <see cref="Dimensions"/> are in elements, the fastest-changing first (a weight matrix is [inputs, outputs]).
/// <see cref="Pointer"/> points into the mapped file and lives as long as the <see cref="GgufFile"/>.
/// </summary>
public sealed unsafe class GgufTensor
{
    internal GgufTensor(string name, long[] dimensions, GgufType type, long offset, long byteLength, byte* pointer)
    {
        Name = name;
        Dimensions = dimensions;
        Type = type;
        Offset = offset;
        ByteLength = byteLength;
        Pointer = pointer;
    }

    public string Name { get; }

    public IReadOnlyList<long> Dimensions { get; }

    public GgufType Type { get; }

    /// <summary>From the start of the file, in bytes.</summary>
    public long Offset { get; }

    public long ByteLength { get; }

    public byte* Pointer { get; }

    /// <summary>The product of the dimensions.</summary>
    public long Elements => Dimensions.Aggregate(1L, (product, dimension) => product * dimension);

    public override string ToString() => $"{Name} [{string.Join(", ", Dimensions)}] {Type}";
}
