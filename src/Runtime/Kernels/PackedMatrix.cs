namespace Amalgam.Runtime.Kernels;

/// <summary>How the weights of a packed matrix are stored.</summary>
public enum WeightType
{
    Single,
    Half,
    BrainFloat,

    /// <summary>Blocks of 32: 8-bit weights and one half as scale (Q8_0 of ggml).</summary>
    Bits8,

    /// <summary>Blocks of 32: 4-bit weights and one half as scale (Q4_0 of ggml).</summary>
    Bits4,
}

/// <summary>
/// A weight matrix in the order in which kernels read it: groups of 16 rows, interleaved along the columns, so that one vector holds the same
/// column (or the same four columns) of 16 rows, nothing is summed across a vector, and every load is aligned and sequential. As dense as the file.
/// <code>
/// floats  data[group][column][row 0..15]
/// 8 bits  data[group][block][column / 4 = 0..7][row][4]   each weight + 128, unsigned
/// 4 bits  data[group][block][g = 0..3][row][4]            low nibbles: columns 4g.., high: columns 16 + 4g..; each weight + 8
/// scales  data[group][block][row] halves, in a stream of their own
/// </code>
/// Rows beyond the last are zero weights.
/// </summary>
internal sealed unsafe class PackedMatrix : IDisposable
{
    public const int RowsPerGroup = 16;
    public const int BlockColumns = 32;

    private readonly NativeBuffer data;
    private readonly NativeBuffer? scales;

    public PackedMatrix(WeightType type, int rows, int columns)
    {
        Type = type;
        Rows = rows;
        Columns = columns;
        Groups = (rows + RowsPerGroup - 1) / RowsPerGroup;
        GroupBytes = GroupDataBytes(type, columns);
        data = new NativeBuffer(Groups * GroupBytes);
        scales = IsBlocked(type) ? new NativeBuffer((long)Groups * GroupScales * sizeof(ushort)) : null;
    }

    public WeightType Type { get; }

    public int Rows { get; }

    public int Columns { get; }

    /// <summary>Of 16 rows; the last may be partly empty.</summary>
    public int Groups { get; }

    public int PaddedRows => Groups * RowsPerGroup;

    public int Blocks => Columns / BlockColumns;

    public long GroupBytes { get; }

    /// <summary>Scales per group, in halves.</summary>
    public int GroupScales => Blocks * RowsPerGroup;

    public byte* Group(int group) => data.Pointer + (group * GroupBytes);

    public ushort* Scales(int group) => (ushort*)scales!.Pointer + ((long)group * GroupScales);

    public static bool IsBlocked(WeightType type) => type is WeightType.Bits8 or WeightType.Bits4;

    /// <summary>Bytes that a matrix of these sizes takes, scales included.</summary>
    public static long BytesFor(WeightType type, long rows, int columns)
    {
        var groups = (rows + RowsPerGroup - 1) / RowsPerGroup;
        var scaleBytes = IsBlocked(type) ? columns / BlockColumns * RowsPerGroup * sizeof(ushort) : 0;
        return groups * (GroupDataBytes(type, columns) + scaleBytes);
    }

    public void Dispose()
    {
        data.Dispose();
        scales?.Dispose();
    }

    private static long GroupDataBytes(WeightType type, int columns) => type switch
    {
        WeightType.Single => (long)columns * RowsPerGroup * sizeof(float),
        WeightType.Half or WeightType.BrainFloat => (long)columns * RowsPerGroup * sizeof(ushort),
        WeightType.Bits8 => (long)columns * RowsPerGroup,
        WeightType.Bits4 => (long)columns * RowsPerGroup / 2,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "unknown weight type"),
    };
}
