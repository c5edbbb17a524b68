using System.Collections.Immutable;

namespace Amalgam.Core.Allocation;

/// <summary>
/// Amounts by chip class, in milli-devices, sorted by class name so that nothing ever depends on hash order. A class that is
/// not named reads as 0; <see cref="Find"/> tells "0" from "not named", which matters for limits.
/// </summary>
public sealed class ChipAmounts : IEquatable<ChipAmounts>
{
    public static ChipAmounts None { get; } = new([]);

    private readonly ImmutableArray<KeyValuePair<string, long>> _entries;

    private ChipAmounts(ImmutableArray<KeyValuePair<string, long>> entries) => _entries = entries;

    public ImmutableArray<KeyValuePair<string, long>> Entries => _entries;

    public bool IsEmpty => _entries.IsEmpty;

    public long this[string chipClass] => Find(chipClass) ?? 0;

    public static ChipAmounts Of(params ReadOnlySpan<(string ChipClass, long Milli)> amounts)
    {
        var pairs = new List<KeyValuePair<string, long>>(amounts.Length);
        foreach (var (chipClass, milli) in amounts)
        {
            pairs.Add(new(chipClass, milli));
        }

        return From(pairs);
    }

    /// <summary>The last amount wins where a class is named twice.</summary>
    public static ChipAmounts From(IEnumerable<KeyValuePair<string, long>> amounts)
    {
        var sorted = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var (chipClass, milli) in amounts)
        {
            sorted[chipClass] = milli;
        }

        return sorted.Count == 0 ? None : new([.. sorted]);
    }

    public long? Find(string chipClass)
    {
        foreach (var entry in _entries)
        {
            if (string.Equals(entry.Key, chipClass, StringComparison.Ordinal))
            {
                return entry.Value;
            }
        }

        return null;
    }

    public bool Equals(ChipAmounts? other) => other is not null && (_entries == other._entries || _entries.AsSpan().SequenceEqual(other._entries.AsSpan()));

    public override bool Equals(object? obj) => Equals(obj as ChipAmounts);

    public override int GetHashCode() => _entries.Aggregate(0, (hash, entry) => HashCode.Combine(hash, string.GetHashCode(entry.Key, StringComparison.Ordinal), entry.Value));

    public override string ToString() => string.Join(", ", _entries.Select(entry => $"{entry.Key} {entry.Value}m"));
}
