using Amalgam.Core.Allocation;
using Amalgam.Core.Cloud;

namespace Amalgam.Core.Ledger.Sharing;

public enum ShareKind
{
    Used,

    /// <summary>Reserved by a contract and not used.</summary>
    ReservedIdle,

    /// <summary>A share of what nobody bought and nobody used.</summary>
    UnsoldIdle,

    /// <summary>Broken.</summary>
    Failed,
}

/// <summary>What one unit carries of one class on one day.</summary>
/// <param name="Path">Of the unit on that day; the house is the root.</param>
/// <param name="Quantity">Milli-device-milliseconds.</param>
/// <param name="AmountNano">At the day's list price.</param>
public readonly record struct PoolShare(string ChipClass, int Day, string Path, ShareKind Kind, long Quantity, long AmountNano);

/// <summary>
/// Every device-millisecond of the pool, and what it costs at the list price that held when the day began, divided among those who carry it. Shares of a class on a day add up to its cost
/// to the last nano-unit, and their quantities to the last device-millisecond.
/// </summary>
public static class PoolShares
{
    /// <param name="lines">What units used, by day: charged and accruing.</param>
    /// <param name="accruing">Spans of open leases that are not charged yet.</param>
    public static IReadOnlyList<PoolShare> Of(
        CloudState state, IReadOnlyDictionary<BillKey, BillAmount> lines, IReadOnlyList<(Workloads.Lease Lease, long FromMs, long ToMs)> accruing, long fromMs, long toMs, long nowMs)
    {
        var shares = new List<PoolShare>();
        var used = lines.Where(line => line.Key.Meter is Meter.DeviceHours or Meter.ReservedIdleDeviceHours).ToLookup(line => (line.Key.ChipClass, line.Key.Day));
        var spans = accruing.ToLookup(span => (span.Lease.ChipClass, (int)(span.FromMs / BillBook.DayMs)));
        foreach (var chipClass in state.Pool.Classes)
        {
            for (var day = (int)(fromMs / BillBook.DayMs); day * BillBook.DayMs < Math.Min(toMs, nowMs); day++)
            {
                shares.AddRange(OfDay(state, chipClass, day, used[(chipClass, day)], spans[(chipClass, day)], nowMs));
            }
        }

        return shares;
    }

    /// <summary>Of a day that is over, with everything that was used and reserved on it in the bill.</summary>
    public static IReadOnlyList<PoolShare> OfDay(CloudState state, string chipClass, int day)
    {
        ArgumentNullException.ThrowIfNull(state);
        var lines = state.Bill.OfDay(day).Where(line => line.Key.ChipClass == chipClass && (line.Key.Meter is Meter.DeviceHours or Meter.ReservedIdleDeviceHours));
        return OfDay(state, chipClass, day, lines, [], (day + 1) * BillBook.DayMs);
    }

    /// <summary>The list price that a day is valued at: of its begin, and before the first price that one.</summary>
    public static Price? ListPrice(CloudState state, string chipClass, int day)
    {
        ArgumentNullException.ThrowIfNull(state);
        return state.Prices.At(PriceKind.DeviceHour, chipClass, Math.Max(day * BillBook.DayMs, FirstPriceMs(state)));
    }

    /// <summary>What a quantity costs at a price per device-hour, rounded half up once.</summary>
    public static long Cost(Int128 quantity, long deviceHourNano) => checked((long)(((quantity * deviceHourNano) + 1_800_000_000) / 3_600_000_000));

    private static List<PoolShare> OfDay(
        CloudState state, string chipClass, int day, IEnumerable<KeyValuePair<BillKey, BillAmount>> lines, IEnumerable<(Workloads.Lease Lease, long FromMs, long ToMs)> spans, long nowMs)
    {
        var house = state.Units.Root.Name;
        var (capacity, broken) = state.Pool.Capacity(chipClass, day, nowMs);
        var overlap = spans.Select(span => state.Pool.Overlap(span.Lease, span.FromMs, span.ToMs)).Aggregate(state.Pool.Charged(chipClass, day), (sum, one) => (sum.Failed + one.Failed, sum.Absent + one.Absent));
        List<(string Path, ShareKind Kind, long Quantity)> parts =
            [.. lines.Where(line => line.Key.Meter == Meter.DeviceHours).GroupBy(line => line.Key.Path, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => (group.Key, ShareKind.Used, group.Sum(line => line.Value.Quantity)))];
        // A device that was charged for was there, whatever was seen of it; one that broke under its lease is its user's until the lease ends.
        var total = capacity + overlap.Absent;
        var failed = Math.Max(0, broken - overlap.Failed);
        var idle = total - parts.Sum(part => part.Quantity) - failed;
        if (failed > 0)
        {
            parts.Add((house, ShareKind.Failed, failed));
        }

        // Reserved and idle is its holder's. Promised beyond what there is, the holders share what there is.
        var reserved = lines.Where(line => line.Key.Meter == Meter.ReservedIdleDeviceHours).GroupBy(line => line.Key.Path, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => (group.Key, Quantity: group.Sum(line => line.Value.Quantity))).ToList();
        var held = LargestRemainder.Split(Math.Clamp(idle, 0, reserved.Sum(holder => holder.Quantity)), reserved.ConvertAll(holder => holder.Quantity));
        parts.AddRange(reserved.Select((holder, at) => (holder.Key, ShareKind.ReservedIdle, held[at])));
        idle -= held.Sum();
        if (idle > 0)
        {
            parts.AddRange(Idle(state, chipClass, day, idle, parts, nowMs));
        }

        var quantities = parts.ConvertAll(part => part.Quantity);
        var cost = Cost(quantities.Aggregate((Int128)0, (sum, quantity) => sum + quantity), ListPrice(state, chipClass, day)?.DeviceHourNano ?? 0);
        var amounts = LargestRemainder.Split(cost, quantities);
        return [.. parts.Select((part, at) => new PoolShare(chipClass, day, part.Path, part.Kind, part.Quantity, amounts[at])).Where(share => share.Quantity > 0)];
    }

    private static long FirstPriceMs(CloudState state) => state.Prices.All.Select(price => price.FromMs).DefaultIfEmpty(0).Min();

    private static IEnumerable<(string Path, ShareKind Kind, long Quantity)> Idle(
        CloudState state, string chipClass, int day, long idle, List<(string Path, ShareKind Kind, long Quantity)> parts, long nowMs)
    {
        var (dayMs, house) = (day * BillBook.DayMs, state.Units.Root.Name);
        var spanMs = Math.Min(dayMs + BillBook.DayMs, nowMs) - dayMs;
        var used = parts.Where(part => part.Kind == ShareKind.Used).ToList();
        long UsedWithin(string unit) => used.Where(part => state.Units.IsPathWithin(part.Path, unit)).Sum(part => part.Quantity);
        var guaranteed = state.Pool.Guaranteed(state.Units, chipClass, dayMs).Select(unit => (Path: state.Units.PathAt(unit.Unit, dayMs), Quantity: unit.Milli * spanMs, unit.Unit)).ToList();
        var claims = state.Pool.PolicyAt(dayMs).Rule switch
        {
            IdleRule.Use => used.ConvertAll(part => (part.Path, part.Quantity)),
            IdleRule.Guarantee => guaranteed.ConvertAll(unit => (unit.Path, unit.Quantity)),
            IdleRule.Holder => guaranteed.ConvertAll(unit => (unit.Path, Quantity: Math.Max(0, unit.Quantity - UsedWithin(unit.Unit)))),
            _ => [],
        };
        var weights = claims.ConvertAll(claim => claim.Quantity);
        var asked = weights.Aggregate((Int128)0, (sum, weight) => sum + weight);
        var shared = state.Pool.PolicyAt(dayMs).Rule == IdleRule.Holder && asked < idle ? (long)asked : asked == 0 ? 0 : idle;
        var split = LargestRemainder.Split(shared, weights);
        for (var at = 0; at < split.Length; at++)
        {
            yield return (claims[at].Path, ShareKind.UnsoldIdle, split[at]);
        }

        if (idle > shared)
        {
            yield return (house, ShareKind.UnsoldIdle, idle - shared);
        }
    }
}
