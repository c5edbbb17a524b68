using Amalgam.Core.Ledger.Contracts;
using Amalgam.Core.Units;

namespace Amalgam.Core.Ledger.Pricing;

/// <summary>Works out all tariffs of one unit for one thing.</summary>
internal sealed class TariffSearch
{
    private readonly PriceKind _kind;
    private readonly List<string> _path = [];
    private readonly string _topLevel;
    private readonly List<IReadOnlyList<Price>> _scopes;
    private readonly List<Contract> _contracts = [];
    private readonly List<Commitment> _commitments = [];

    public TariffSearch(PriceBook prices, ContractBook contracts, CommitmentBook commitments, UnitTree units, string unit, PriceKind kind, string subject, string? onClass)
    {
        _kind = kind;
        for (var at = units.Find(unit); at is not null; at = at.Parent is null ? null : units.Find(at.Parent))
        {
            _path.Add(at.Name);
        }

        _topLevel = _path.Count > 1 ? _path[^2] : unit;
        var chip = kind == PriceKind.DeviceHour ? subject : onClass;
        foreach (var name in _path)
        {
            _contracts.AddRange(contracts.All.Where(contract => contract.Unit == name && contract.ChipClass == chip));
            _commitments.AddRange(kind == PriceKind.DeviceHour ? commitments.All.Where(commitment => commitment.Unit == name && commitment.ChipClass == chip) : []);
        }

        _scopes = [.. Scopes(units.Facts(unit).GetValueOrDefault("segment"), subject, onClass).Select(prices.Versions).Where(versions => versions.Count > 0)];
    }

    /// <summary>The tariff of an instant, with the whole span in which nothing changes. Only the boundaries around the instant are looked at: books grow for years.</summary>
    public Tariff Find(long atMs)
    {
        var tariff = Tariff(Last(atMs), Next(atMs));
        while (tariff.FromMs > long.MinValue && Tariff(Last(tariff.FromMs - 1), tariff.FromMs) is var before && before.IsLike(tariff))
        {
            tariff = tariff with { FromMs = before.FromMs };
        }

        while (tariff.ToMs < long.MaxValue && Tariff(tariff.ToMs, Next(tariff.ToMs)) is var after && after.IsLike(tariff))
        {
            tariff = tariff with { ToMs = after.ToMs };
        }

        return tariff;
    }

    /// <summary>The last instant up to this one at which anything may have changed.</summary>
    private long Last(long atMs)
    {
        var last = long.MinValue;
        foreach (var versions in _scopes)
        {
            last = PriceBook.IndexAt(versions, atMs) is >= 0 and var index ? Math.Max(last, versions[index].FromMs) : last;
        }

        return Boundaries().Where(boundary => boundary <= atMs).Append(last).Max();
    }

    /// <summary>The next instant at which anything may change.</summary>
    private long Next(long atMs)
    {
        var next = long.MaxValue;
        foreach (var versions in _scopes)
        {
            var index = PriceBook.IndexAt(versions, atMs) + 1;
            next = index < versions.Count ? Math.Min(next, versions[index].FromMs) : next;
        }

        return Boundaries().Where(boundary => boundary > atMs).Append(next).Min();
    }

    /// <summary>Begins, ends, locks and notices of contracts; begins and ends of commitments.</summary>
    private IEnumerable<long> Boundaries()
    {
        foreach (var contract in _contracts)
        {
            yield return contract.FromMs;
            yield return contract.EndMs;
            yield return contract.EndMs - PriceScope.ExpiringMs;
            yield return contract.LockedUntilMs ?? contract.FromMs;
            foreach (var price in _scopes.SelectMany(versions => versions))
            {
                yield return Announced(price) + contract.NoticeMs;
            }
        }

        foreach (var commitment in _commitments)
        {
            yield return commitment.FromMs;
            yield return commitment.EndMs;
        }
    }

    /// <summary>From the narrowest to the widest: nearest unit, segment, list; in each the unit's standing with contracts, then the subject on the class, the subject, `*`.</summary>
    private IEnumerable<PriceScope> Scopes(string? segment, string subject, string? onClass)
    {
        IEnumerable<(string? Unit, string? Segment)> whom = [.. _path.Select(name => ((string?)name, (string?)null)), .. segment is null ? [] : new[] { ((string?)null, (string?)segment) }, (null, null)];
        return from one in whom
               from state in (ContractState[])[ContractState.Expiring, ContractState.Any, ContractState.None, ContractState.All]
               from name in subject == "*" ? (string[])["*"] : [subject, "*"]
               from chip in _kind == PriceKind.DeviceHour || onClass is null ? (string?[])[null] : [onClass, null]
               select new PriceScope(_kind, name, chip, one.Unit, one.Segment, state);
    }

    private Tariff Tariff(long atMs, long toMs)
    {
        // The nearest unit's contract counts; of several of one unit the oldest.
        var contract = _contracts.Find(known => known.InForce(atMs));
        var free = Version(atMs, contract, bound: false);
        var price = contract is null ? free : Version(atMs, contract, bound: true);
        var tariff = new Tariff
        {
            Kind = _kind, FromMs = atMs, ToMs = toMs, Version = price?.Version ?? 0, Rates = price?.Rates ?? default, Tiers = price?.Tiers ?? [],
            Payer = price?.Unit ?? _topLevel, Rule = TariffRules.Of(price),
        };
        if (contract is not null)
        {
            tariff = _kind == PriceKind.DeviceHour ? ContractTerms.Apply(tariff, contract) : tariff;
            tariff = price == free || contract.Price?.Kind == PriceTermsKind.Fixed ? tariff : tariff with { ContractId = contract.Id, Rule = TariffRules.HeldBack(tariff.Rule, contract, free, atMs) };
        }

        return _commitments.Find(known => known.InForce(atMs)) is { } commitment ? ContractTerms.Apply(tariff, commitment) : tariff;
    }

    /// <summary>The version that holds for the unit at an instant: of the narrowest scope that has one.</summary>
    /// <param name="bound">Notice and lock of the contract hold changes back.</param>
    private Price? Version(long atMs, Contract? contract, bool bound)
    {
        foreach (var versions in _scopes)
        {
            if (!Matches(versions[0].Contracts, contract, atMs))
            {
                continue;
            }

            for (var at = PriceBook.IndexAt(versions, atMs); at >= 0; at--)
            {
                var price = versions[at];
                if (!(bound && IsHeldBack(price, contract!, atMs)))
                {
                    if (price.Withdrawn)
                    {
                        break;
                    }

                    return price;
                }
            }
        }

        return null;
    }

    private static bool Matches(ContractState state, Contract? contract, long atMs) => state switch
    {
        ContractState.None => contract is null,
        ContractState.Any => contract is not null,
        ContractState.Expiring => contract is not null && contract.EndMs - PriceScope.ExpiringMs <= atMs,
        _ => true,
    };

    /// <summary>What was in force when the contract began is what was agreed on; later versions wait for the notice and for the end of the lock.</summary>
    private static bool IsHeldBack(Price price, Contract contract, long atMs) =>
        price.FromMs > contract.FromMs && atMs < Math.Max(Announced(price) + contract.NoticeMs, contract.LockedUntilMs ?? long.MinValue);

    private static long Announced(Price price) => price.AnnouncedMs ?? price.FromMs;
}
