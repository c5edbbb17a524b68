using System.Collections.Immutable;
using Amalgam.Core.Ledger.Pricing;

namespace Amalgam.Core.Ledger;

/// <summary>One side of a booking; a booking's entries sum to zero.</summary>
public readonly record struct Entry(string Account, long AmountNano);

/// <summary>A rated span of one lease at one price.</summary>
public sealed record LeaseSlice(
    string LeaseId, string WorkloadId, string Unit, string ChipClass, long FromMs, long ToMs, long MilliDevices, int PriceVersion, long AmountNano, ImmutableArray<Entry> Entries,
    bool Simulated = false)
{
    /// <summary>The begin of the lease: amounts are rounded as totals from there. Null in journals that did not say.</summary>
    public long? LeaseFromMs { get; init; }

    /// <summary>The contract that set, discounted or held back the price.</summary>
    public string? ContractId { get; init; }

    /// <summary>Why this price, in words; null = it is the list price of <see cref="PriceVersion"/>.</summary>
    public string? Rule { get; init; }

    /// <summary>Nano-units per device-hour; null = see the price version; of counted lines that of the first tier.</summary>
    public long? UnitNano { get; init; }

    /// <summary>The month's quantity after this line, where the price depends on it.</summary>
    public IReadOnlyList<Counted>? Counted { get; init; }

    /// <summary>What a bill calls it: nobody may take simulated device-hours for real ones.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string Item => Items.Of(ChipClass, Simulated);
}

/// <summary>What a bill calls device-hours.</summary>
public static class Items
{
    public static string Of(string chipClass, bool simulated) => simulated ? $"{chipClass} (simulated)" : chipClass;
}

/// <summary>Usage times price. All arithmetic is exact in 128 bits and rounded once.</summary>
public static class Rating
{
    private const long MilliDeviceMsPerDeviceHour = 1000L * 3_600_000L;
    private const long Million = 1_000_000L;
    private const long DayMs = 86_400_000L;

    /// <summary>How much of a meter one price is for: milli-device-milliseconds of a device-hour, or a million tokens.</summary>
    public static long PricedQuantity(Meter meter) => meter.IsTokens() ? Million : MilliDeviceMsPerDeviceHour;

    /// <summary>
    /// What a span costs. The amount is the difference of two rounded-down totals, both counted from the begin of the lease under this price,
    /// so that cutting a span in any number of slices never changes the sum.
    /// </summary>
    public static long SpanNano(long originMs, long fromMs, long toMs, long milliDevices, long deviceHourNano) =>
        checked((long)(Total(toMs - originMs, milliDevices, deviceHourNano) - Total(fromMs - originMs, milliDevices, deviceHourNano)));

    /// <summary>Price of a number of tokens, rounded half up once per kind.</summary>
    public static long TokensNano(long tokens, long perMillionNano) =>
        checked((long)((((Int128)tokens * perMillionNano) + (Million / 2)) / Million));

    /// <summary>The unit owes what the house earns.</summary>
    public static ImmutableArray<Entry> Book(string unit, string income, long amountNano) =>
        [new Entry($"unit/{unit}", amountNano), new Entry(income, -amountNano)];

    private static Int128 Total(long ms, long milliDevices, long deviceHourNano) =>
        (Int128)ms * milliDevices * deviceHourNano / MilliDeviceMsPerDeviceHour;
}
