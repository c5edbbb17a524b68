using System.Runtime.InteropServices;

namespace Amalgam.Runtime.Tokenizing;

/// <summary>One piece of a word while it is being merged; a linked list by index, so that a merge costs nothing but two links.</summary>
internal struct Symbol
{
    /// <summary>The symbol's own number, or its start in the text; the merger decides.</summary>
    public int Value;

    /// <summary>Zero once it has been merged into its left neighbour.</summary>
    public int Length;
    public int Previous;
    public int Next;
}

/// <summary>The pieces of one word, reused from word to word so that a long prompt makes no garbage.</summary>
internal sealed class SymbolList
{
    private readonly List<Symbol> symbols = [];

    public Span<Symbol> All => CollectionsMarshal.AsSpan(symbols);

    public void Clear() => symbols.Clear();

    public void Add(int value, int length)
    {
        var index = symbols.Count;
        symbols.Add(new Symbol { Value = value, Length = length, Previous = index - 1, Next = -1 });
        if (index > 0)
        {
            All[index - 1].Next = index;
        }
    }

    /// <summary>Joins a piece with its right neighbour.</summary>
    public void Merge(int left, int value)
    {
        var all = All;
        var right = all[left].Next;
        all[left].Value = value;
        all[left].Length += all[right].Length;
        all[left].Next = all[right].Next;
        all[right].Length = 0;
        if (all[left].Next >= 0)
        {
            all[all[left].Next].Previous = left;
        }
    }
}
