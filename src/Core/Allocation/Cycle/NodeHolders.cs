using Amalgam.Core.Allocation.Stock;

namespace Amalgam.Core.Allocation.Cycle;

/// <summary>Who holds something on each node: kept up with every member that comes or goes, so that a lost node or a hole on one node need not look at all that runs.</summary>
internal sealed class NodeHolders(ClassStock[] stocks)
{
    private readonly List<Entry>?[][] _on = [.. stocks.Select(stock => new List<Entry>?[stock.Nodes.Length])];

    public void Add(Entry entry, in Slot slot) => (_on[slot.Chip][slot.Node] ??= []).Add(entry);

    public void Remove(Entry entry, in Slot slot) => _on[slot.Chip][slot.Node]!.Remove(entry);

    /// <summary>Each of them once, in order of creation.</summary>
    public IEnumerable<Entry> On(int chip, int node) => _on[chip][node] is { } here ? here.Distinct().OrderBy(entry => entry.Index) : [];
}
