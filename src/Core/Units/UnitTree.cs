using System.Collections.Immutable;

namespace Amalgam.Core.Units;

/// <summary>The organisation. Units keep their order of creation, because ties go by it.</summary>
public sealed partial class UnitTree
{
    private readonly Dictionary<string, Unit> _units = new(StringComparer.Ordinal);
    private readonly List<string> _order = [];

    /// <summary>Grows with every change; whoever computed something from the tree asks whether it still holds.</summary>
    public int Revision { get; private set; }

    public IEnumerable<Unit> InOrder => _order.Select(name => _units[name]);

    public int Count => _units.Count;

    public Unit? Find(string name) => _units.GetValueOrDefault(name);

    public Unit Root => _units[_order[0]];

    /// <param name="atMs">Since when; a unit that gets another parent keeps its former place in what was before.</param>
    public void Set(Unit unit, long atMs = 0)
    {
        Revision++;
        if (!_units.TryGetValue(unit.Name, out var before))
        {
            _order.Add(unit.Name);
        }
        else if (before.Parent != unit.Parent)
        {
            Remember(unit.Name, before.Parent, atMs);
        }

        _units[unit.Name] = unit;
        _paths.Clear();
    }

    public void Remove(string name)
    {
        Revision++;
        _units.Remove(name);
        _order.Remove(name);
        _paths.Clear();
    }

    public bool HasChildren(string name) => _units.Values.Any(unit => unit.Parent == name);

    /// <summary>Is <paramref name="unit"/> the unit <paramref name="top"/> or below it?</summary>
    public bool IsWithin(string unit, string top)
    {
        for (var at = Find(unit); at is not null; at = at.Parent is null ? null : Find(at.Parent))
        {
            if (string.Equals(at.Name, top, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The unit's own facts and those that it inherits; the nearest one counts.</summary>
    public ImmutableSortedDictionary<string, string> Facts(string name)
    {
        var facts = ImmutableSortedDictionary<string, string>.Empty;
        for (var at = Find(name); at is not null; at = at.Parent is null ? null : Find(at.Parent))
        {
            facts = at.Facts.SetItems(facts);
        }

        return facts;
    }

    /// <summary>`group/department/project`, for people.</summary>
    public string Path(string name) => PathAt(name, long.MaxValue);

    /// <summary>Units below and including <paramref name="top"/>, parents before children.</summary>
    public IEnumerable<(Unit Unit, int Depth)> Subtree(string top)
    {
        if (Find(top) is not { } start)
        {
            yield break;
        }

        var children = InOrder.Where(unit => unit.Parent is not null).ToLookup(unit => unit.Parent!, StringComparer.Ordinal);
        var stack = new Stack<(Unit, int)>();
        stack.Push((start, 0));
        while (stack.TryPop(out var item))
        {
            yield return item;
            foreach (var child in children[item.Item1.Name].Reverse())
            {
                stack.Push((child, item.Item2 + 1));
            }
        }
    }
}
