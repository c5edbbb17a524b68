using System.Runtime.InteropServices;

namespace Amalgam.Runtime.Serving.Batching;

/// <summary>Which tokens lie in each slot of the model's cache, so that a prompt that begins like an earlier one need not be computed again.</summary>
internal sealed class SlotCache
{
    /// <summary>A prompt takes a slot for its contents only if they are at least this part of it; else the one unused longest, and contents worth more survive.</summary>
    private const double LeastShare = 0.1;

    private readonly List<int>[] contents;
    private readonly long[] lastUsed;
    private readonly bool[] busy;
    private long uses;

    public SlotCache(int slots)
    {
        contents = [.. Enumerable.Range(0, slots).Select(_ => new List<int>())];
        lastUsed = new long[slots];
        busy = new bool[slots];
    }

    public int Busy { get; private set; }

    public bool HasFree => Busy < busy.Length;

    /// <summary>Tokens that lie in the cache, whether their sequences still run or not.</summary>
    public long Held => contents.Sum(tokens => (long)tokens.Count);

    /// <summary>Takes the best free slot for a prompt; says how many of its tokens need not be computed. There must be a free one.</summary>
    public (int Slot, int Reused) Take(List<int> prompt, int mostReusable)
    {
        var (oldest, best, shared) = (-1, -1, 0);
        for (var slot = 0; slot < busy.Length; slot++)
        {
            if (busy[slot])
            {
                continue;
            }

            oldest = oldest < 0 || lastUsed[slot] < lastUsed[oldest] ? slot : oldest;
            var common = Math.Min(mostReusable, CommonBeginning(contents[slot], prompt));
            (best, shared) = common > shared ? (slot, common) : (best, shared);
        }

        var chosen = shared >= prompt.Count * LeastShare && best >= 0 ? best : oldest;
        var reused = chosen == best ? shared : Math.Min(mostReusable, CommonBeginning(contents[chosen], prompt));
        contents[chosen].RemoveRange(reused, contents[chosen].Count - reused);
        lastUsed[chosen] = ++uses;
        busy[chosen] = true;
        Busy++;
        return (chosen, reused);
    }

    public void Append(int slot, ReadOnlySpan<int> tokens) => contents[slot].AddRange(tokens);

    public void Free(int slot)
    {
        busy[slot] = false;
        Busy--;
    }

    /// <summary>After a failed pass nobody knows what lies there.</summary>
    public void Forget() => Array.ForEach(contents, tokens => tokens.Clear());

    private static int CommonBeginning(List<int> one, List<int> other) =>
        CollectionsMarshal.AsSpan(one).CommonPrefixLength(CollectionsMarshal.AsSpan(other));
}
