using Amalgam.Core.Ledger.Contracts;
using Amalgam.Core.Units;

namespace Amalgam.Core.Ledger.Pricing;

/// <summary>
/// The one answer to "what does this unit pay for this class or model at this instant": the narrowest scope of the price book, held back by the notice and the lock of the unit's
/// contract, then the contract's own terms, then commitments and tiers. Metering, quotes, budgets, previews and invoices all ask here.
/// </summary>
public sealed class Tariffs(PriceBook prices, ContractBook contracts, CommitmentBook commitments, UnitTree units)
{
    private readonly Dictionary<(string Unit, PriceKind Kind, string Subject, string? OnClass), Tariff[]> _timelines = [];
    private (int, int, int, int) _revision;

    /// <summary>Device-hours of a chip class.</summary>
    public Tariff Device(string unit, string chipClass, long atMs) => At(unit, PriceKind.DeviceHour, chipClass, null, atMs);

    /// <summary>Tokens of a served model, computed on a chip class; null = wherever.</summary>
    public Tariff Tokens(string unit, string model, string? chipClass, long atMs) => At(unit, PriceKind.Tokens, model, chipClass, atMs);

    public Tariff At(string unit, PriceKind kind, string subject, string? onClass, long atMs)
    {
        var timeline = Timeline(unit, kind, subject, onClass);
        var (low, high) = (0, timeline.Length - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            (low, high) = timeline[middle].FromMs <= atMs ? (middle, high) : (low, middle - 1);
        }

        return timeline[low];
    }

    /// <summary>All tariffs of a unit for one thing, from the begin of time to its end, without gaps.</summary>
    public IReadOnlyList<Tariff> All(string unit, PriceKind kind, string subject, string? onClass) => Timeline(unit, kind, subject, onClass);

    private Tariff[] Timeline(string unit, PriceKind kind, string subject, string? onClass)
    {
        var revision = (prices.Revision, contracts.Revision, commitments.Revision, units.Revision);
        if (revision != _revision)
        {
            _timelines.Clear();
            _revision = revision;
        }

        var key = (unit, kind, subject, onClass);
        if (!_timelines.TryGetValue(key, out var timeline))
        {
            _timelines[key] = timeline = new TariffSearch(prices, contracts, commitments, units, unit, kind, subject, onClass).Timeline();
        }

        return timeline;
    }
}
