using Amalgam.Core.Allocation.Stock;

namespace Amalgam.Core.Allocation.Cycle;

/// <summary>
/// What shapes of all units have in common that ask for the same devices: how many members each class could hold, were it empty,
/// counted up to the minimum; and whether the minimum may fit on what is free now.
/// </summary>
internal sealed class Form
{
    public Form(ClassStock[] stocks, in MemberShape member, int minimum, int number)
    {
        Bit = 1UL << (number % 64);
        (Member, Minimum) = (member, minimum);
        (Now, Ever) = (new long[stocks.Length], new long[stocks.Length]);
        (Fits, FitsOne) = (new bool[stocks.Length], new bool[stocks.Length]);
        for (var c = 0; c < stocks.Length; c++)
        {
            Now[c] = Reach.Copies(stocks[c], member, healthyOnly: true, minimum);
            Ever[c] = Reach.Copies(stocks[c], member, healthyOnly: false, minimum);
        }
    }

    /// <summary>When <see cref="Fits"/> and <see cref="FitsOne"/> were counted, in changes of the state.</summary>
    public long CountedAt { get; set; } = -1;

    /// <summary>By class: whether the minimum may fit on what is free.</summary>
    public bool[] Fits { get; }

    /// <summary>By class: the same for one member.</summary>
    public bool[] FitsOne { get; }

    /// <summary>One of 64; two forms may have the same.</summary>
    public ulong Bit { get; }

    public MemberShape Member { get; }

    public int Minimum { get; }

    /// <summary>By class: members that its healthy nodes could hold.</summary>
    public long[] Now { get; }

    /// <summary>By class: members that all its nodes could hold.</summary>
    public long[] Ever { get; }
}
