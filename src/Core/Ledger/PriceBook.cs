namespace Amalgam.Core.Ledger;

/// <summary>All versions of all list prices.</summary>
public sealed class PriceBook
{
    private readonly Dictionary<(PriceKind, string), List<Price>> _versions = [];

    public int LastVersion { get; private set; }

    public IEnumerable<Price> All => _versions.Values.SelectMany(list => list).OrderBy(price => price.Version);

    /// <summary>Versions of one subject stay ordered by the instant they begin; of two that begin together the later version holds.</summary>
    public void Add(Price price)
    {
        var key = (price.Kind, price.Subject);
        if (!_versions.TryGetValue(key, out var list))
        {
            _versions[key] = list = [];
        }

        var at = list.FindLastIndex(other => other.FromMs <= price.FromMs) + 1;
        list.Insert(at, price);
        LastVersion = Math.Max(LastVersion, price.Version);
    }

    /// <summary>The price in force at an instant: the subject's own, else that of `*`; null when neither has begun.</summary>
    public Price? At(PriceKind kind, string subject, long atMs) => Latest((kind, subject), atMs) ?? Latest((kind, "*"), atMs);

    /// <summary>The next instant after <paramref name="afterMs"/> at which the price of the subject may change; <see cref="long.MaxValue"/> if none is known.</summary>
    public long NextChange(PriceKind kind, string subject, long afterMs)
    {
        var next = long.MaxValue;
        foreach (var name in (ReadOnlySpan<string>)[subject, "*"])
        {
            if (_versions.TryGetValue((kind, name), out var list))
            {
                foreach (var price in list)
                {
                    next = price.FromMs > afterMs ? Math.Min(next, price.FromMs) : next;
                }
            }
        }

        return next;
    }

    private Price? Latest((PriceKind, string) key, long atMs)
    {
        if (!_versions.TryGetValue(key, out var list))
        {
            return null;
        }

        for (var at = list.Count - 1; at >= 0; at--)
        {
            if (list[at].FromMs <= atMs)
            {
                return list[at];
            }
        }

        return null;
    }
}
