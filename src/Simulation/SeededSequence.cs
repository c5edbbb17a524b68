namespace Amalgam.Simulation;

/// <summary>
/// Random numbers that are the same on every machine and in every version of the runtime: xoshiro256** (D. Blackman, S. Vigna, 2018)
/// seeded by splitmix64.
/// </summary>
public sealed class SeededSequence
{
    private ulong _a, _b, _c, _d;

    public SeededSequence(long seed)
    {
        var state = (ulong)seed;
        _a = SplitMix(ref state);
        _b = SplitMix(ref state);
        _c = SplitMix(ref state);
        _d = SplitMix(ref state);
    }

    private static ulong SplitMix(ref ulong state)
    {
        state += 0x9E3779B97F4A7C15;
        var z = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    public ulong Next()
    {
        var result = ulong.RotateLeft(_b * 5, 7) * 9;
        var t = _b << 17;
        _c ^= _a;
        _d ^= _b;
        _b ^= _c;
        _a ^= _d;
        _c ^= t;
        _d = ulong.RotateLeft(_d, 45);
        return result;
    }

    /// <returns>Uniform in 0 up to, not including, <paramref name="below"/>.</returns>
    public int Next(int below) => (int)(((UInt128)Next() * (ulong)below) >> 64);

    /// <returns>Uniform in [0, 1).</returns>
    public double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));

    public void Shuffle<T>(T[] items)
    {
        ArgumentNullException.ThrowIfNull(items);
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = Next(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}
