using Amalgam.Core.Journal;

namespace Amalgam.Core.Ledger;

public enum Meter
{
    DeviceHours,
    InputTokens,
    CachedInputTokens,
    OutputTokens,

    /// <summary>Device-hours that a contract reserved and nobody of its unit used: sold, but idle.</summary>
    ReservedIdleDeviceHours,

    /// <summary>Device-hours of a month that were bought and not used.</summary>
    UnusedCommitmentDeviceHours,
}

public static class Meters
{
    public static bool IsTokens(this Meter meter) => meter is Meter.InputTokens or Meter.CachedInputTokens or Meter.OutputTokens;
}

/// <summary>One line of a bill: everything of one meter that one unit owes for one workload on one item, at one price version and for one reason, on one day (UTC).</summary>
/// <param name="WorkloadId">Of lines that no workload caused: the contract or commitment.</param>
/// <param name="Item">Chip class for device-hours, served model for tokens.</param>
/// <param name="ContractId">The contract that set, discounted or held back the price.</param>
/// <param name="Rule">In words; null = the list price of the version.</param>
public readonly record struct BillKey(
    string Unit, string WorkloadId, string Item, string ChipClass, Meter Meter, int PriceVersion, int Day, string? ContractId = null, string? Rule = null);

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
    private const long DayMs = 86_400_000;

    private readonly Dictionary<BillKey, BillAmount> _lines = [];

    public IEnumerable<KeyValuePair<BillKey, BillAmount>> Lines => _lines;

    public void Clear() => _lines.Clear();

    /// <summary>A record that is no charge changes nothing.</summary>
    public void Add(JournalRecord record)
    {
        switch (record.Event)
        {
            case LeaseCharged charged: Add(charged.Slice); break;
            case TokensCharged charged: Add(charged, record.AtMs); break;
            case ReservedIdleCharged idle: Add(idle); break;
            case CommitmentShortfallCharged unused: Add(unused); break;
        }
    }

    public void Add(LeaseSlice slice) =>
        Add(
            new BillKey(slice.Unit, slice.WorkloadId, slice.Item, slice.ChipClass, Meter.DeviceHours, slice.PriceVersion, (int)(slice.FromMs / DayMs), slice.ContractId, slice.Rule),
            checked((slice.ToMs - slice.FromMs) * slice.MilliDevices), slice.AmountNano, slice.FromMs, slice.ToMs);

    public void Add(TokensCharged charge, long atMs)
    {
        var key = new BillKey(charge.Unit, charge.WorkloadId, charge.Model, charge.ChipClass, Meter.InputTokens, charge.PriceVersion, (int)(atMs / DayMs), charge.ContractId, charge.Rule);
        Add(key, charge.InputTokens - charge.CachedInputTokens, charge.InputNano, atMs, atMs);
        Add(key with { Meter = Meter.CachedInputTokens }, charge.CachedInputTokens, charge.CachedInputNano, atMs, atMs);
        Add(key with { Meter = Meter.OutputTokens }, charge.OutputTokens, charge.OutputNano, atMs, atMs);
    }

    public void Add(ReservedIdleCharged idle) =>
        Add(
            new BillKey(idle.Unit, idle.ContractId, idle.ChipClass, idle.ChipClass, Meter.ReservedIdleDeviceHours, idle.PriceVersion, (int)(idle.FromMs / DayMs), idle.ContractId, idle.Rule),
            checked((idle.ToMs - idle.FromMs) * idle.MilliDevices), idle.AmountNano, idle.FromMs, idle.ToMs);

    public void Add(CommitmentShortfallCharged unused) =>
        Add(
            new BillKey(unused.Unit, unused.CommitmentId, unused.ChipClass, unused.ChipClass, Meter.UnusedCommitmentDeviceHours, 0, (int)((unused.ToMs - 1) / DayMs), null, unused.Rule),
            unused.Quantity, unused.AmountNano, unused.FromMs, unused.ToMs);

    private void Add(BillKey key, long quantity, long amountNano, long fromMs, long toMs)
    {
        if (quantity != 0 || amountNano != 0)
        {
            _lines[key] = _lines.GetValueOrDefault(key).Plus(quantity, amountNano, fromMs, toMs);
        }
    }
}
