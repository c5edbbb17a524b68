using Amalgam.Core.Journal;
using Amalgam.Core.Ledger.Sharing;

namespace Amalgam.Core.Ledger.Pricing;

/// <summary>Takes a charge apart by unit price: where the month's quantity passed a tier or the end of a commitment, the price changed in the middle of it.</summary>
public sealed class PricedParts(PriceBook prices, Tariffs tariffs, CommitmentBook commitments)
{
    /// <summary>Nothing for a line at the list price of its version: that version says it all.</summary>
    /// <param name="path">Where the unit stood.</param>
    public IEnumerable<(BillKey Key, PricedPart Part)> Of(JournalEvent charge, long atMs, string path) => charge switch
    {
        LeaseCharged { Slice: { Rule: not null } slice } => Slice(slice, path),
        TokensCharged { Rule: not null } tokens => Tokens(tokens, atMs, path),
        ReservedIdleCharged idle => Idle(idle, path),
        CommitmentShortfallCharged unused => Unused(unused, path),
        IdleDevicesShared shared => IdleSharing.Parts(shared).Where(part => part.Quantity != 0).Select(part => (part.Key, Listed(shared, part.Quantity, part.AmountNano))),
        _ => [],
    };

    private IEnumerable<(BillKey Key, PricedPart Part)> Slice(LeaseSlice slice, string path)
    {
        var (key, quantity, amountNano) = BillBook.Part(slice, path);
        var (tariff, list) = (tariffs.Device(slice.Unit, slice.ChipClass, slice.FromMs), prices.List(PriceKind.DeviceHour, slice.ChipClass, null, slice.FromMs));
        if (tariff.Version != slice.PriceVersion || tariff.ContractId != slice.ContractId)
        {
            return [(key, new PricedPart(Plain(list, Meter.DeviceHours, slice.UnitNano ?? prices.Find(slice.PriceVersion)?.DeviceHourNano ?? 0), quantity, amountNano))];
        }

        var after = slice.Counted is [var count, ..] ? count.Quantity : quantity;
        return Split(tariff, list, Meter.DeviceHours, after - quantity, quantity, amountNano).Select(part => (key, part));
    }

    private IEnumerable<(BillKey Key, PricedPart Part)> Tokens(TokensCharged charge, long atMs, string path)
    {
        var pricedMs = charge.PricedAtMs ?? atMs;
        var (tariff, list) = (tariffs.Tokens(charge.Unit, charge.Model, charge.ChipClass, pricedMs), prices.List(PriceKind.Tokens, charge.Model, charge.ChipClass, pricedMs));
        foreach (var (key, quantity, amountNano) in BillBook.Parts(charge, atMs, path).Where(part => part.Quantity != 0))
        {
            if (tariff.Version != charge.PriceVersion || tariff.ContractId != charge.ContractId)
            {
                yield return (key, new PricedPart(Plain(list, key.Meter, prices.Find(charge.PriceVersion)?.Rates.Of(key.Meter) ?? 0), quantity, amountNano));
                continue;
            }

            var counter = tariff.IsCounted ? tariff.Counter(key.Meter, charge.Model, pricedMs) : null;
            var after = charge.Counted?.FirstOrDefault(count => count.Counter == counter)?.Quantity ?? quantity;
            foreach (var part in Split(tariff, list, key.Meter, after - quantity, quantity, amountNano))
            {
                yield return (key, part);
            }
        }
    }

    /// <summary>Reserved devices that stood idle cost the first price of the tariff.</summary>
    private IEnumerable<(BillKey Key, PricedPart Part)> Idle(ReservedIdleCharged idle, string path)
    {
        var (key, quantity, amountNano, _, _) = BillBook.Part(idle, path);
        var tariff = tariffs.Device(idle.Unit, idle.ChipClass, idle.FromMs);
        var list = prices.List(PriceKind.DeviceHour, idle.ChipClass, null, idle.FromMs);
        return quantity == 0 ? [] : [(key, new PricedPart(Plain(list, Meter.DeviceHours, (tariff.Agreed ?? tariff).Rates.DeviceHour), quantity, amountNano))];
    }

    /// <summary>Nobody would have bought at list what he did not use: the price of the commitment is the list price of its own unused part.</summary>
    private IEnumerable<(BillKey Key, PricedPart Part)> Unused(CommitmentShortfallCharged unused, string path)
    {
        var (key, quantity, amountNano, _, _) = BillBook.Part(unused, path);
        var nano = commitments.Find(unused.CommitmentId)?.DeviceHourNano ?? 0;
        return quantity == 0 ? [] : [(key, new PricedPart(new UnitPrices(0, nano, nano, 0, unused.CommitmentId), quantity, amountNano))];
    }

    private PricedPart Listed(IdleDevicesShared shared, long quantity, long amountNano)
    {
        var nano = prices.Find(shared.PriceVersion)?.DeviceHourNano ?? 0;
        return new PricedPart(new UnitPrices(shared.PriceVersion, nano, nano), quantity, amountNano);
    }

    private static List<PricedPart> Split(Tariff tariff, Price? list, Meter meter, long before, long quantity, long amountNano)
    {
        var (agreed, per, end) = (tariff.Agreed ?? tariff, Rating.PricedQuantity(meter), checked(before + quantity));
        var cuts = tariff.Tiers.Concat(agreed.Tiers).Select(tier => checked(tier.Above * per)).Where(at => before < at && at < end).Distinct().Order().Append(end).ToList();
        var (parts, weights, from) = (new List<PricedPart>(), new List<long>(), before);
        foreach (var to in cuts)
        {
            var (nano, above) = agreed.At(meter, from);
            var listNano = list is null ? 0 : list.Version == tariff.Version ? Listed(list, meter, from) : list.Rates.Of(meter);
            var commitment = tariff.CommitmentId is not null && from < checked(tariff.Tiers[0].Above * per) ? tariff.CommitmentId : null;
            parts.Add(new PricedPart(new UnitPrices(list?.Version ?? 0, listNano, nano, above, commitment), to - from, 0));
            weights.Add(checked((long)(tariff.Product(meter, from, to - from) / per)));
            from = to;
        }

        var amounts = weights.TrueForAll(weight => weight == 0) ? [amountNano, .. new long[parts.Count - 1]] : LargestRemainder.Split(amountNano, weights);
        return [.. parts.Select((part, at) => part with { AmountNano = amounts[at] })];
    }

    /// <summary>Of a list price with monthly quantities its own tiers are list price too.</summary>
    private static long Listed(Price list, Meter meter, long position)
    {
        var nano = list.Rates.Of(meter);
        foreach (var tier in (list.Tiers ?? []).Where(tier => checked(tier.Above * Rating.PricedQuantity(meter)) <= position))
        {
            nano = tier.Rates.Of(meter);
        }

        return nano;
    }

    private static UnitPrices Plain(Price? list, Meter meter, long agreedNano) => new(list?.Version ?? 0, list?.Rates.Of(meter) ?? 0, agreedNano);
}
