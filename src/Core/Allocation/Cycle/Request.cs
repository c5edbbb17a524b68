namespace Amalgam.Core.Allocation.Cycle;

/// <summary>What a workload asks for in one step: its minimum to begin with, or one more member.</summary>
/// <param name="Only">Look at this many members of it; 0 = all.</param>
internal readonly record struct Request(Entry Entry, int Only = 0)
{
    public bool IsGrowth => Entry.Running;

    public int Members => Only > 0 ? Only : Entry.Running ? 1 : Entry.Shape.Minimum;

    public long Milli => Entry.Shape.Member.Milli * Members;

    public Shape Shape => Entry.Shape;
}
