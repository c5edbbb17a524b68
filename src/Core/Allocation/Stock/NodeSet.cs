using System.Numerics;

namespace Amalgam.Core.Allocation.Stock;

/// <summary>A set of small integers that finds its next member fast: one bit each, and one bit per word above.</summary>
internal sealed class NodeSet(int capacity)
{
    private readonly ulong[] _words = new ulong[(capacity + 63) / 64];
    private readonly ulong[] _summary = new ulong[(((capacity + 63) / 64) + 63) / 64];

    public int Count { get; private set; }

    public void Add(int item)
    {
        var word = item >> 6;
        var bit = 1UL << (item & 63);
        if ((_words[word] & bit) == 0)
        {
            _words[word] |= bit;
            _summary[word >> 6] |= 1UL << (word & 63);
            Count++;
        }
    }

    public void Remove(int item)
    {
        var word = item >> 6;
        var bit = 1UL << (item & 63);
        if ((_words[word] & bit) != 0)
        {
            _words[word] &= ~bit;
            Count--;
            if (_words[word] == 0)
            {
                _summary[word >> 6] &= ~(1UL << (word & 63));
            }
        }
    }

    /// <summary>The least member that is at least <paramref name="from"/>, or -1.</summary>
    public int Next(int from)
    {
        var word = from >> 6;
        if (word >= _words.Length)
        {
            return -1;
        }

        var rest = _words[word] & (ulong.MaxValue << (from & 63));
        if (rest != 0)
        {
            return (word << 6) + BitOperations.TrailingZeroCount(rest);
        }

        word = NextWord(word + 1);
        return word < 0 ? -1 : (word << 6) + BitOperations.TrailingZeroCount(_words[word]);
    }

    private int NextWord(int from)
    {
        var group = from >> 6;
        if (group >= _summary.Length)
        {
            return -1;
        }

        var rest = _summary[group] & (ulong.MaxValue << (from & 63));
        while (rest == 0)
        {
            if (++group >= _summary.Length)
            {
                return -1;
            }

            rest = _summary[group];
        }

        return (group << 6) + BitOperations.TrailingZeroCount(rest);
    }
}
