using Amalgam.Core.Journal;

namespace Amalgam.Core.Ledger;

public enum Meter
{
    DeviceHours,
    InputTokens,
    CachedInputTokens,
    OutputTokens,
}

/// <summary>One line of a bill: everything of one meter that one unit owes for one workload on one item, at one price version, on one day (UTC).</summary>
/// <param name="Item">Chip class for device-hours, served model for tokens.</param>
/// <param name="Path">Where the unit stood when it used it.</param>
public readonly record struct BillKey(string Unit, string WorkloadId, string Item, string ChipClass, Meter Meter, int PriceVersion, int Day, string Path = "");

/// <param name="Quantity">Milli-device-milliseconds, or tokens.</param>
/// <param name="Count">Slices or requests.</param>
public readonly record struct BillAmount(long Quantity, long AmountNano, long Count, long FirstMs, long LastMs)
{
    public BillAmount Plus(long quantity, long amountNano, long fromMs, long toMs) =>
        Count == 0
            ? new(quantity, amountNano, 1, fromMs, toMs)
            : new(checked(Quantity + quantity), checked(AmountNano + amountNano), Count + 1, Math.Min(FirstMs, fromMs), Math.Max(LastMs, toMs));
}

/// <summary>What is owed so far, summed from the charges of the journal.</summary>
public sealed class BillBook
{
    public const long DayMs = 86_400_000;

    private readonly Dictionary<BillKey, BillAmount> _lines = [];

    public IEnumerable<KeyValuePair<BillKey, BillAmount>> Lines => _lines;

    public BillAmount this[BillKey key] => _lines.GetValueOrDefault(key);

    /// <param name="path">Of the unit when it used it.</param>
    public void Add(LeaseSlice slice, string path = "")
    {
        var (key, quantity, amountNano) = Part(slice, path);
        Add(key, quantity, amountNano, slice.FromMs, slice.ToMs);
    }

    public void Add(TokensCharged charge, long atMs, string path = "")
    {
        foreach (var (key, quantity, amountNano) in Parts(charge, atMs, path))
        {
            Add(key, quantity, amountNano, atMs, atMs);
        }
    }

    /// <summary>The line that a slice is added to, and what is added.</summary>
    public static (BillKey Key, long Quantity, long AmountNano) Part(LeaseSlice slice, string path) =>
        (new BillKey(slice.Unit, slice.WorkloadId, slice.Item, slice.ChipClass, Meter.DeviceHours, slice.PriceVersion, (int)(slice.FromMs / DayMs), path),
            checked((slice.ToMs - slice.FromMs) * slice.MilliDevices), slice.AmountNano);

    /// <summary>The lines that a request is added to, and what is added to each.</summary>
    public static (BillKey Key, long Quantity, long AmountNano)[] Parts(TokensCharged charge, long atMs, string path)
    {
        var key = new BillKey(charge.Unit, charge.WorkloadId, charge.Model, charge.ChipClass, Meter.InputTokens, charge.PriceVersion, (int)(atMs / DayMs), path);
        return
        [
            (key, charge.InputTokens - charge.CachedInputTokens, charge.InputNano),
            (key with { Meter = Meter.CachedInputTokens }, charge.CachedInputTokens, charge.CachedInputNano),
            (key with { Meter = Meter.OutputTokens }, charge.OutputTokens, charge.OutputNano),
        ];
    }

    private void Add(BillKey key, long quantity, long amountNano, long fromMs, long toMs)
    {
        if (quantity != 0 || amountNano != 0)
        {
            _lines[key] = _lines.GetValueOrDefault(key).Plus(quantity, amountNano, fromMs, toMs);
        }
    }
}
