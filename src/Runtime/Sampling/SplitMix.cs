namespace Amalgam.Runtime.Sampling;

/// <summary>SplitMix64 (Steele, Lea, Flood 2014): eight bytes of state and the same numbers on every machine and version, which <see cref="Random"/> does not promise.</summary>
public struct SplitMix(ulong seed)
{
    private ulong state = seed;

    public ulong NextUInt64()
    {
        state += 0x9E3779B97F4A7C15;
        var z = state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>From 0 up to, not including, 1, in steps of 2^-53.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));
}
