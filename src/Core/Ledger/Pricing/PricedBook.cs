namespace Amalgam.Core.Ledger.Pricing;

/// <summary>What one device-hour, or one million tokens, of a charge costs before commitments, and what it would cost at list. Nano-units.</summary>
/// <param name="ListVersion">Of the price book; 0 = there is no list price.</param>
/// <param name="ListNano">What everybody pays who agreed on nothing.</param>
/// <param name="AgreedNano">By scope, contract and monthly quantity.</param>
/// <param name="Above">The monthly quantity beyond which that price holds.</param>
/// <param name="CommitmentId">Bought beforehand under this commitment.</param>
public readonly record struct UnitPrices(int ListVersion, long ListNano, long AgreedNano, long Above = 0, string? CommitmentId = null);

/// <param name="Quantity">Milli-device-milliseconds, or tokens.</param>
/// <param name="AmountNano">What was charged for it.</param>
public readonly record struct PricedPart(UnitPrices Prices, long Quantity, long AmountNano);

/// <summary>
/// The bill's lines by unit price, for those whose price is not simply that of their version: a contract, a commitment or a monthly quantity set it. The parts of a line add up to it.
/// </summary>
public sealed class PricedBook
{
    private const int Open = 0;

    private readonly Dictionary<(BillKey Key, int Invoice), Dictionary<UnitPrices, (long Quantity, long AmountNano)>> _parts = [];

    /// <summary>Of what stands on an invoice; 0 = on none yet. In no particular order.</summary>
    public IEnumerable<PricedPart> Of(BillKey key, int invoice) =>
        _parts.TryGetValue((key, invoice), out var parts) ? parts.Select(part => new PricedPart(part.Key, part.Value.Quantity, part.Value.AmountNano)) : [];

    public void Add(BillKey key, PricedPart part)
    {
        if (!_parts.TryGetValue((key, Open), out var parts))
        {
            _parts[(key, Open)] = parts = [];
        }

        var (quantity, amountNano) = parts.GetValueOrDefault(part.Prices);
        parts[part.Prices] = (checked(quantity + part.Quantity), checked(amountNano + part.AmountNano));
    }

    /// <summary>What of a line was open until now is on an invoice.</summary>
    public void Invoice(BillKey key, int number)
    {
        if (_parts.Remove((key, Open), out var parts))
        {
            _parts[(key, number)] = parts;
        }
    }
}
