using Amalgam.Core.Ledger.Pricing;

namespace Amalgam.Core.Ledger;

/// <summary>All versions of all prices, by scope.</summary>
public sealed class PriceBook
{
    private readonly Dictionary<PriceScope, List<Price>> _versions = [];
    private readonly Dictionary<int, Price> _byVersion = [];
    private readonly List<string> _tokenClasses = [];

    public int LastVersion { get; private set; }

    /// <summary>Grows with every change; whoever computed something from the book asks whether it still holds.</summary>
    public int Revision => _byVersion.Count;

    public IEnumerable<Price> All => _byVersion.Values.OrderBy(price => price.Version);

    public IEnumerable<PriceScope> Scopes => _versions.Keys;

    /// <summary>Classes on which some model's tokens have a price of their own.</summary>
    public IReadOnlyList<string> TokenClasses => _tokenClasses;

    public Price? Find(int version) => _byVersion.GetValueOrDefault(version);

    /// <summary>Versions of one scope stay ordered by the instant they begin; of two that begin together the later version holds.</summary>
    public void Add(Price price)
    {
        if (!_versions.TryGetValue(price.Scope, out var list))
        {
            _versions[price.Scope] = list = [];
            if (price.OnClass is { } chip && !_tokenClasses.Contains(chip))
            {
                _tokenClasses.Add(chip);
            }
        }

        var at = list.FindLastIndex(other => other.FromMs <= price.FromMs) + 1;
        list.Insert(at, price);
        _byVersion[price.Version] = price;
        LastVersion = Math.Max(LastVersion, price.Version);
    }

    /// <summary>A book of its own with the same versions.</summary>
    public PriceBook Copy()
    {
        var copy = new PriceBook();
        foreach (var price in All)
        {
            copy.Add(price);
        }

        return copy;
    }

    /// <summary>Versions of one scope in the order in which they begin.</summary>
    public IReadOnlyList<Price> Versions(PriceScope scope) => _versions.TryGetValue(scope, out var list) ? list : [];

    /// <summary>The list price in force at an instant: the subject's own, else that of `*`; null when neither has begun. What a unit pays is said by <see cref="Tariffs"/>.</summary>
    public Price? At(PriceKind kind, string subject, long atMs) => At(new PriceScope(kind, subject), atMs) ?? At(new PriceScope(kind, "*"), atMs);

    /// <summary>The list price of a model's tokens on a chip class: what is paid by who is in no segment, has no price of its own and no contract.</summary>
    public Price? List(PriceKind kind, string subject, string? onClass, long atMs)
    {
        foreach (var name in (ReadOnlySpan<string>)[subject, "*"])
        {
            if ((onClass is null || kind == PriceKind.DeviceHour ? null : At(new PriceScope(kind, name, onClass), atMs)) is { } onThis)
            {
                return onThis;
            }

            if (At(new PriceScope(kind, name), atMs) is { } price)
            {
                return price;
            }
        }

        return null;
    }

    /// <summary>The version of exactly this scope in force at an instant; null when none has begun or it was withdrawn.</summary>
    public Price? At(PriceScope scope, long atMs) => Versions(scope) is var versions && IndexAt(versions, atMs) is >= 0 and var at && !versions[at].Withdrawn ? versions[at] : null;

    /// <summary>Place of the last version that has begun; -1 when none has.</summary>
    internal static int IndexAt(IReadOnlyList<Price> versions, long atMs)
    {
        var (low, high) = (0, versions.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = versions[middle].FromMs <= atMs ? (middle + 1, high) : (low, middle);
        }

        return low - 1;
    }
}
