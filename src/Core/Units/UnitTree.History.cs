namespace Amalgam.Core.Units;

/// <summary>Where units stood before they were moved: what was used then belongs to the old place for ever.</summary>
public sealed partial class UnitTree
{
    /// <summary>By unit, oldest first: until when it stood under which parent.</summary>
    private readonly Dictionary<string, List<(long UntilMs, string? Parent)>> _places = new(StringComparer.Ordinal);

    /// <summary>Paths of now, because every charge asks for one.</summary>
    private readonly Dictionary<string, string> _paths = new(StringComparer.Ordinal);

    private long _lastMoveMs = long.MinValue;

    /// <summary>The path as it was at an instant. A unit that is gone is a path of its own.</summary>
    public string PathAt(string name, long atMs)
    {
        if (atMs >= _lastMoveMs && _paths.TryGetValue(name, out var known))
        {
            return known;
        }

        var parts = new List<string>();
        for (var at = name; at is not null && parts.Count <= _units.Count; at = ParentAt(at, atMs))
        {
            parts.Insert(0, at);
        }

        var path = string.Join('/', parts);
        if (atMs >= _lastMoveMs)
        {
            _paths[name] = path;
        }

        return path;
    }

    /// <summary>Is the end of this path the unit <paramref name="top"/> or below it?</summary>
    public bool IsPathWithin(string path, string top) => top == Root.Name || Contains(path, top);

    /// <summary>Is the unit named one of the path's parts?</summary>
    public static bool Contains(string path, string unit)
    {
        for (var at = path.IndexOf(unit, StringComparison.Ordinal); at >= 0; at = path.IndexOf(unit, at + 1, StringComparison.Ordinal))
        {
            var end = at + unit.Length;
            if ((at == 0 || path[at - 1] == '/') && (end == path.Length || path[end] == '/'))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A copy in which the unit stands under another parent; it has no history.</summary>
    public UnitTree With(string name, string parent)
    {
        var copy = new UnitTree();
        foreach (var unit in InOrder)
        {
            copy.Set(unit.Name == name ? unit with { Parent = parent } : unit);
        }

        return copy;
    }

    private string? ParentAt(string name, long atMs)
    {
        if (_places.TryGetValue(name, out var places))
        {
            foreach (var (untilMs, parent) in places)
            {
                if (atMs < untilMs)
                {
                    return parent;
                }
            }
        }

        return Find(name)?.Parent;
    }

    private void Remember(string name, string? parent, long untilMs)
    {
        if (!_places.TryGetValue(name, out var places))
        {
            _places[name] = places = [];
        }

        places.Add((untilMs, parent));
        _lastMoveMs = Math.Max(_lastMoveMs, untilMs);
    }
}
