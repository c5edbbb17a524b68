using Amalgam.Core.Ledger.Contracts;
using Amalgam.Core.Units;

namespace Amalgam.Core.Ledger.Pricing;

/// <summary>
/// The one answer to "what does this unit pay for this class or model at this instant": the narrowest scope of the price book, held back by the notice and the lock of the unit's
/// contract, then the contract's own terms, then commitments and tiers. Metering, quotes, budgets, previews and invoices all ask here.
/// </summary>
public sealed class Tariffs(PriceBook prices, ContractBook contracts, CommitmentBook commitments, UnitTree units)
{
    private readonly Dictionary<(string Unit, PriceKind Kind, string Subject, string? OnClass), Found> _found = [];
    private (int, int, int, int) _revision;

    /// <summary>Device-hours of a chip class.</summary>
    public Tariff Device(string unit, string chipClass, long atMs) => At(unit, PriceKind.DeviceHour, chipClass, null, atMs);

    /// <summary>Tokens of a served model, computed on a chip class; null = wherever.</summary>
    public Tariff Tokens(string unit, string model, string? chipClass, long atMs) => At(unit, PriceKind.Tokens, model, chipClass, atMs);

    public Tariff At(string unit, PriceKind kind, string subject, string? onClass, long atMs) => Of(unit, kind, subject, onClass).At(atMs);

    /// <summary>All tariffs of a unit for one thing, from the begin of time to its end, without gaps.</summary>
    public IReadOnlyList<Tariff> All(string unit, PriceKind kind, string subject, string? onClass)
    {
        var found = Of(unit, kind, subject, onClass);
        var all = new List<Tariff> { found.At(long.MinValue) };
        while (all[^1].ToMs < long.MaxValue)
        {
            all.Add(found.At(all[^1].ToMs));
        }

        return all;
    }

    private Found Of(string unit, PriceKind kind, string subject, string? onClass)
    {
        var revision = (prices.Revision, contracts.Revision, commitments.Revision, units.Revision);
        if (revision != _revision)
        {
            _found.Clear();
            _revision = revision;
        }

        var key = (unit, kind, subject, onClass);
        if (!_found.TryGetValue(key, out var found))
        {
            _found[key] = found = new Found(new TariffSearch(prices, contracts, commitments, units, unit, kind, subject, onClass));
        }

        return found;
    }

    /// <summary>Spans that were asked for, in order of time.</summary>
    private sealed class Found(TariffSearch search)
    {
        private readonly List<Tariff> _spans = [];
        private int _last;

        public Tariff At(long atMs)
        {
            // Usage comes in order of time, mostly.
            if (_last < _spans.Count && _spans[_last].FromMs <= atMs && atMs < _spans[_last].ToMs)
            {
                return _spans[_last];
            }

            var (low, high) = (0, _spans.Count);
            while (low < high)
            {
                var middle = (low + high) / 2;
                (low, high) = _spans[middle].FromMs <= atMs ? (middle + 1, high) : (low, middle);
            }

            _last = low - 1;
            if (_last < 0 || atMs >= _spans[_last].ToMs)
            {
                _last = low;
                _spans.Insert(low, search.Find(atMs));
            }

            return _spans[_last];
        }
    }
}
