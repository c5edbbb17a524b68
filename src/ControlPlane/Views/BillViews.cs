using Amalgam.Contracts;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Budgets;
using Amalgam.Core.Ledger.Pricing;

namespace Amalgam.ControlPlane.Views;

/// <summary>`bill`: what the journal holds, plus what accrues on open leases at this moment.</summary>
public static class BillViews
{
    private const long DayMs = 86_400_000;

    /// <summary>Lines of whole UTC days from <paramref name="fromMs"/> to before <paramref name="toMs"/>, of units in the caller's subtree.</summary>
    public static BillView Of(CloudState state, Caller caller, string? unit, long fromMs, long toMs, long nowMs)
    {
        var top = unit ?? caller.Unit;
        var lines = new Dictionary<BillKey, (BillAmount Amount, long Accruing)>();
        foreach (var (key, amount) in state.Bill.Lines.Where(line => Within(line.Key, fromMs, toMs) && state.Units.IsPathWithin(line.Key.Path, top)))
        {
            Merge(lines, key, amount, 0);
        }

        foreach (var (key, amount) in Accruing(state, Math.Min(nowMs, toMs), nowMs).Lines.Where(line => Within(line.Key, fromMs, toMs) && state.Units.IsPathWithin(line.Key.Path, top)))
        {
            Merge(lines, key, amount, amount.AmountNano);
        }

        return Compose(state, top, lines, fromMs, Math.Min(toMs, nowMs));
    }

    /// <summary>What would be charged now. All open leases are rated, those of others too: a tiered price depends on what is rated before.</summary>
    /// <param name="priced">Gets the same by unit price.</param>
    internal static BillBook Accruing(CloudState state, long toMs, long nowMs, PricedBook? priced = null)
    {
        var (book, rater, draft) = (new BillBook(), state.Rater(), new BudgetDraft(state.Budgets, nowMs));
        foreach (var slice in state.OpenLeases.SelectMany(lease => LeaseMetering.Slices(state, lease, toMs, draft, rater)))
        {
            var path = state.Units.PathAt(slice.Unit, slice.FromMs);
            book.Add(slice, path);
            TakeApart(state, new LeaseCharged(slice), slice.FromMs, path, priced);
        }

        foreach (var idle in state.Reserved.Due(state.Contracts, state.Units, state.Tariffs, toMs))
        {
            var path = state.Units.PathAt(idle.Unit, idle.FromMs);
            book.Add(idle, path);
            TakeApart(state, idle, idle.FromMs, path, priced);
        }

        return book;
    }

    private static void TakeApart(CloudState state, JournalEvent charge, long atMs, string path, PricedBook? priced)
    {
        foreach (var (key, part) in priced is null ? [] : state.PricedParts.Of(charge, atMs, path))
        {
            priced!.Add(key, part);
        }
    }

    private static bool Within(BillKey key, long fromMs, long toMs) => key.Day * DayMs >= fromMs - (fromMs % DayMs) && key.Day * DayMs < toMs;

    /// <summary>Days are merged: a bill has one line per unit, workload, item, meter and price version.</summary>
    private static void Merge(Dictionary<BillKey, (BillAmount Amount, long Accruing)> lines, BillKey key, BillAmount amount, long accruing)
    {
        key = key with { Day = 0 };
        var before = lines.GetValueOrDefault(key);
        var sum = before.Amount.Count == 0
            ? amount
            : new BillAmount(
                before.Amount.Quantity + amount.Quantity, before.Amount.AmountNano + amount.AmountNano, before.Amount.Count + amount.Count,
                Math.Min(before.Amount.FirstMs, amount.FirstMs), Math.Max(before.Amount.LastMs, amount.LastMs));
        lines[key] = (sum, before.Accruing + accruing);
    }

    private static BillView Compose(CloudState state, string top, Dictionary<BillKey, (BillAmount Amount, long Accruing)> lines, long fromMs, long toMs)
    {
        var own = lines.GroupBy(line => line.Key.Unit, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Sum(line => line.Value.Amount.AmountNano), StringComparer.Ordinal);
        return new BillView
        {
            Currency = state.Currency,
            Total = Nano.Format(own.Values.Sum()),
            From = WorkloadViews.Time(fromMs),
            To = WorkloadViews.Time(toMs),
            Units = [.. state.Units.Subtree(top).Select(item => new BillUnit(
                item.Unit.Name, state.Units.Path(item.Unit.Name), Nano.Format(own.GetValueOrDefault(item.Unit.Name)),
                Nano.Format(own.Where(other => state.Units.IsWithin(other.Key, item.Unit.Name)).Sum(other => other.Value))))],
            Lines = [.. lines
                .OrderBy(line => line.Key.Unit, StringComparer.Ordinal).ThenBy(line => line.Value.Amount.FirstMs).ThenBy(line => line.Key.WorkloadId, StringComparer.Ordinal)
                .ThenBy(line => line.Key.Meter).ThenBy(line => line.Key.PriceVersion)
                .Select(line => Line(state, line.Key, line.Value.Amount, line.Value.Accruing))],
        };
    }

    private static BillLine Line(CloudState state, BillKey key, BillAmount amount, long accruing) => new()
    {
        Id = BillLines.Id(key),
        Unit = key.Unit,
        WorkloadId = key.WorkloadId,
        Workload = state.Workload(key.WorkloadId)?.Spec.Name ?? key.WorkloadId,
        ChipClass = key.ChipClass,
        Item = key.Item,
        Meter = WorkloadViews.Kebab(key.Meter.ToString()),
        Quantity = BillLines.Quantity(key.Meter, amount.Quantity),
        UnitPrice = UnitPrice(state, key, amount),
        PricedPer = key.Meter.IsTokens() ? "million tokens" : "device-hour",
        PriceVersion = key.PriceVersion,
        ContractId = key.ContractId,
        Rule = key.Rule ?? (key.PriceVersion == 0 ? "no price" : $"list price {key.PriceVersion}"),
        Amount = Nano.Format(amount.AmountNano),
        Count = amount.Count,
        Accruing = Nano.Format(accruing),
        First = WorkloadViews.Time(amount.FirstMs),
        Last = WorkloadViews.Time(amount.LastMs),
    };

    /// <summary>Of the price book where the line is rated by it alone; else what the line really came to for one.</summary>
    private static string? UnitPrice(CloudState state, BillKey key, BillAmount amount)
    {
        if (state.Prices.Find(key.PriceVersion) is { Tiers: null } price && key.ContractId is null && key.Meter is not (Meter.ReservedIdleDeviceHours or Meter.UnusedCommitmentDeviceHours))
        {
            return Nano.Format(price.Rates.Of(key.Meter));
        }

        // Rounded half up to a thousandth: what was asked for is exact, what it comes to for one need not be.
        return amount.Quantity == 0 || (key.PriceVersion == 0 && key.Rule is null)
            ? null
            : Nano.Format(((((Int128)amount.AmountNano * Rating.PricedQuantity(key.Meter) / amount.Quantity) + 500_000) / 1_000_000) * 1_000_000);
    }
}
