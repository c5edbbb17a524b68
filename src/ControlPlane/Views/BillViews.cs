using Amalgam.Contracts;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Budgets;

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

        foreach (var slice in state.OpenLeases.Where(lease => state.Units.IsWithin(lease.Unit, top)).SelectMany(lease => LeaseMetering.Slices(state, lease, Math.Min(nowMs, toMs), nowMs)))
        {
            var key = new BillKey(slice.Unit, slice.WorkloadId, slice.Item, slice.ChipClass, Meter.DeviceHours, slice.PriceVersion, (int)(slice.FromMs / DayMs), state.Units.PathAt(slice.Unit, slice.FromMs));
            if (Within(key, fromMs, toMs))
            {
                Merge(lines, key, new BillAmount((slice.ToMs - slice.FromMs) * slice.MilliDevices, slice.AmountNano, 1, slice.FromMs, slice.ToMs), slice.AmountNano);
            }
        }

        return Compose(state, top, lines, fromMs, Math.Min(toMs, nowMs));
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
        var versions = state.Prices.All.ToDictionary(price => price.Version);
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
                .Select(line => Line(state, line.Key, line.Value.Amount, line.Value.Accruing, versions.GetValueOrDefault(line.Key.PriceVersion)))],
        };
    }

    private static BillLine Line(CloudState state, BillKey key, BillAmount amount, long accruing, Price? price) => new()
    {
        Unit = key.Unit,
        WorkloadId = key.WorkloadId,
        Workload = state.Workload(key.WorkloadId)?.Spec.Name ?? key.WorkloadId,
        ChipClass = key.ChipClass,
        Item = key.Item,
        Meter = WorkloadViews.Kebab(key.Meter.ToString()),
        Quantity = key.Meter == Meter.DeviceHours ? amount.Quantity / 3_600_000_000m : amount.Quantity,
        UnitPrice = price is null ? null : Nano.Format(UnitPrice(price, key.Meter)),
        PricedPer = key.Meter == Meter.DeviceHours ? "device-hour" : "million tokens",
        PriceVersion = key.PriceVersion,
        Amount = Nano.Format(amount.AmountNano),
        Count = amount.Count,
        Accruing = Nano.Format(accruing),
        First = WorkloadViews.Time(amount.FirstMs),
        Last = WorkloadViews.Time(amount.LastMs),
    };

    private static long UnitPrice(Price price, Meter meter) => meter switch
    {
        Meter.DeviceHours => price.DeviceHourNano,
        Meter.InputTokens => price.InputNano,
        Meter.CachedInputTokens => price.CachedInputNano,
        _ => price.OutputNano,
    };
}
