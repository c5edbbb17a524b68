namespace Amalgam.Runtime.Kernels;

/// <summary>
/// The unit of attention: up to four queries over the same head of the cache, either four tokens of one head (a prompt) or four heads of one
/// token (decoding with grouped heads), so that keys and values are read once for four.
/// <code>
/// keys    halves [position / 16][column][16 positions]   one vector is one column of 16 positions: scores need no sum across a vector
/// values  halves [position][column padded to 32]
/// </code>
/// </summary>
internal unsafe struct AttentionUnit
{
    public ushort* Keys;
    public ushort* Values;

    /// <summary>Columns of a head.</summary>
    public int Width;

    /// <summary>Halves from one position's values to the next: the width padded to 32.</summary>
    public int ValueStride;

    /// <summary>1 to 4.</summary>
    public int Queries;

    /// <summary>First query, already scaled by <see cref="QueryScale"/>; floats from one to the next in <see cref="QueryStride"/>.</summary>
    public float* Query;
    public long QueryStride;

    /// <summary>Where the first result goes; floats from one to the next in <see cref="OutputStride"/>.</summary>
    public float* Output;
    public long OutputStride;

    /// <summary>Positions that the first query sees; each further one sees <see cref="LengthStep"/> (0 or 1) more.</summary>
    public int Length;
    public int LengthStep;

    /// <summary>Floats of scratch that a unit over <paramref name="context"/> positions needs.</summary>
    public static int ScoreFloats(int context) => 4 * PaddedPositions(context);

    public static int PaddedPositions(int positions) => (positions + 31) / 32 * 32;

    /// <summary>1 / √width, and the 2^96 that half-precision keys are short of (see <see cref="HalfBits"/>).</summary>
    public static float QueryScale(int width) => (float)(HalfBits.InputScale / Math.Sqrt(width));
}
