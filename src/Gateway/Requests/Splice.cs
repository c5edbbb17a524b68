using System.Buffers;
using System.Runtime.CompilerServices;

namespace Amalgam.Gateway.Requests;

/// <summary>Bytes [Start, Start+Length) are replaced by <paramref name="With"/>; everything else passes as it came.</summary>
internal readonly record struct Splice(int Start, int Length, ReadOnlyMemory<byte> With);

/// <summary>Up to four splices in ascending order, without a heap allocation.</summary>
internal struct SpliceList
{
    private Slots _slots;

    public int Count { get; private set; }

    public readonly Splice this[int index] => _slots[index];

    /// <summary>Keeps the order by start; there are at most four.</summary>
    public void Add(Splice splice)
    {
        var at = Count++;
        for (; at > 0 && _slots[at - 1].Start > splice.Start; at--) _slots[at] = _slots[at - 1];
        _slots[at] = splice;
    }

    public readonly int LengthOf(int original)
    {
        for (var i = 0; i < Count; i++) original += _slots[i].With.Length - _slots[i].Length;
        return original;
    }

    public readonly void Write(IBufferWriter<byte> output, ReadOnlySpan<byte> original)
    {
        var from = 0;
        for (var i = 0; i < Count; i++)
        {
            output.Write(original[from.._slots[i].Start]);
            output.Write(_slots[i].With.Span);
            from = _slots[i].Start + _slots[i].Length;
        }
        output.Write(original[from..]);
    }

    [InlineArray(4)]
    private struct Slots
    {
        private Splice _first;
    }
}
