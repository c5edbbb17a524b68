using Amalgam.Runtime.Kernels;

namespace Amalgam.Runtime.Model;

/// <summary>
/// How many groups of 16 rows a member takes at a time: many where weights are only streamed through (one token), few where the same weights
/// meet many tokens or where there are too few rows to share evenly. Always even, so that a chunk covers whole blocks of 32.
/// </summary>
internal static class RowChunks
{
    private const int DecodeGroups = 8;
    private const int FewTokensGroups = 4;
    private const int PromptGroups = 2;
    private const int FewTokens = 16;

    public static int Groups(int tokens, int groups, int members)
    {
        int most = tokens == 1 ? DecodeGroups : tokens < FewTokens ? FewTokensGroups : PromptGroups;
        return Math.Clamp(groups / (4 * members) & ~1, 2, most);
    }

    /// <summary>Floats that the results of one chunk take, for the largest batch.</summary>
    public static long LargestFloats(int maxBatch) =>
        PackedMatrix.RowsPerGroup * Math.Max(Math.Max(DecodeGroups, FewTokensGroups * (FewTokens - 1)), (long)PromptGroups * maxBatch);
}
