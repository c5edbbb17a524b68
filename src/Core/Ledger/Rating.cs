using System.Collections.Immutable;
using Amalgam.Core.Workloads;

namespace Amalgam.Core.Ledger;

/// <summary>One side of a booking; a booking's entries sum to zero.</summary>
public readonly record struct Entry(string Account, long AmountNano);

/// <summary>A rated span of one lease at one price version.</summary>
public sealed record LeaseSlice(
    string LeaseId, string WorkloadId, string Unit, string ChipClass, long FromMs, long ToMs, long MilliDevices, int PriceVersion, long AmountNano, ImmutableArray<Entry> Entries,
    bool Simulated = false)
{
    /// <summary>What a bill calls it: nobody may take simulated device-hours for real ones.</summary>
    public string Item => Simulated ? $"{ChipClass} (simulated)" : ChipClass;
}

/// <summary>Usage times price. All arithmetic is exact in 128 bits and rounded once.</summary>
public static class Rating
{
    private const long MilliDeviceMsPerDeviceHour = 1000L * 3_600_000L;
    private const long Million = 1_000_000L;
    private const long DayMs = 86_400_000L;

    /// <summary>
    /// What a span costs. The amount is the difference of two rounded-down totals, both counted from the begin of the lease under this price,
    /// so that cutting a span in any number of slices never changes the sum.
    /// </summary>
    public static long SpanNano(long originMs, long fromMs, long toMs, long milliDevices, long deviceHourNano) =>
        checked((long)(Total(toMs - originMs, milliDevices, deviceHourNano) - Total(fromMs - originMs, milliDevices, deviceHourNano)));

    /// <summary>Slices of an open or ended lease up to <paramref name="toMs"/>, cut where the price changes and at midnight (UTC), so that every slice lies in one day and one month. Empty when nothing is left to charge or there is no price.</summary>
    public static IEnumerable<LeaseSlice> Slices(Lease lease, long toMs, PriceBook prices)
    {
        var end = Math.Min(toMs, lease.ToMs ?? long.MaxValue);
        for (var from = lease.ChargedToMs; from < end;)
        {
            var price = prices.At(PriceKind.DeviceHour, lease.ChipClass, from);
            var to = Math.Min(Math.Min(end, ((from / DayMs) + 1) * DayMs), prices.NextChange(PriceKind.DeviceHour, lease.ChipClass, from));
            var origin = Math.Max(lease.FromMs, price?.FromMs ?? 0);
            var amount = price is null ? 0 : SpanNano(origin, from, to, lease.MilliDevices, price.DeviceHourNano);
            yield return new LeaseSlice(
                lease.Id, lease.WorkloadId, lease.Unit, lease.ChipClass, from, to, lease.MilliDevices, price?.Version ?? 0, amount,
                Book(lease.Unit, $"income/{(lease.Simulated ? "simulated-" : "")}device-hours/{lease.ChipClass}", amount), lease.Simulated);
            from = to;
        }
    }

    /// <summary>Price of a number of tokens, rounded half up once per kind.</summary>
    public static long TokensNano(long tokens, long perMillionNano) =>
        checked((long)((((Int128)tokens * perMillionNano) + (Million / 2)) / Million));

    /// <summary>The unit owes what the house earns.</summary>
    public static ImmutableArray<Entry> Book(string unit, string income, long amountNano) =>
        [new Entry($"unit/{unit}", amountNano), new Entry(income, -amountNano)];

    private static Int128 Total(long ms, long milliDevices, long deviceHourNano) =>
        (Int128)ms * milliDevices * deviceHourNano / MilliDeviceMsPerDeviceHour;
}
