namespace Amalgam.Core.Ledger.Stock;

/// <summary>Whole numbers at random, the same for the same seed on every machine: splitmix64 (G. Steele, D. Lea, C. Flood, 2014).</summary>
internal sealed class SeededDraws(long seed)
{
    private ulong _state = (ulong)seed;

    /// <summary>From 0 to <paramref name="bound"/> - 1, as evenly as 64 bits allow.</summary>
    public long Below(long bound) => (long)Math.BigMul(Next(), (ulong)bound, out _);

    private ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        var z = (_state ^ (_state >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
