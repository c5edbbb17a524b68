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

    /// <summary>A share of the device-hours that nobody bought and nobody used, by the policy of the house.</summary>
    IdleShareDeviceHours,
}

public static class Meters
{
    public static bool IsTokens(this Meter meter) => meter is Meter.InputTokens or Meter.CachedInputTokens or Meter.OutputTokens;

    /// <summary>Owed without use, as was agreed with a contract, a commitment or the house: no budget can refuse it, so none counts it.</summary>
    public static bool IsStanding(this Meter meter) => meter is Meter.ReservedIdleDeviceHours or Meter.UnusedCommitmentDeviceHours or Meter.IdleShareDeviceHours;
}

/// <summary>One line of a bill: everything of one meter that one unit owes for one workload on one item, at one price version and for one reason, on one day (UTC).</summary>
/// <param name="WorkloadId">Of lines that no workload caused: the contract or commitment.</param>
/// <param name="Item">Chip class for device-hours, served model for tokens.</param>
/// <param name="Path">Where the unit stood when it used it.</param>
/// <param name="ContractId">The contract that set, discounted or held back the price.</param>
/// <param name="Rule">In words; null = the list price of the version.</param>
public readonly record struct BillKey(
    string Unit, string WorkloadId, string Item, string ChipClass, Meter Meter, int PriceVersion, int Day, string Path = "", string? ContractId = null, string? Rule = null);

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
    private readonly Dictionary<int, List<BillKey>> _byDay = [];

    public IEnumerable<KeyValuePair<BillKey, BillAmount>> Lines => _lines;

    public IEnumerable<KeyValuePair<BillKey, BillAmount>> OfDay(int day) => _byDay.TryGetValue(day, out var keys) ? keys.Select(key => KeyValuePair.Create(key, _lines[key])) : [];

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
        (new BillKey(slice.Unit, slice.WorkloadId, slice.Item, slice.ChipClass, Meter.DeviceHours, slice.PriceVersion, (int)(slice.FromMs / DayMs), path, slice.ContractId, slice.Rule),
            checked((slice.ToMs - slice.FromMs) * slice.MilliDevices), slice.AmountNano);

    /// <summary>The lines that a request is added to, and what is added to each.</summary>
    public static (BillKey Key, long Quantity, long AmountNano)[] Parts(TokensCharged charge, long atMs, string path)
    {
        var key = new BillKey(charge.Unit, charge.WorkloadId, charge.Model, charge.ChipClass, Meter.InputTokens, charge.PriceVersion, (int)(atMs / DayMs), path, charge.ContractId, charge.Rule);
        return
        [
            (key, charge.InputTokens - charge.CachedInputTokens, charge.InputNano),
            (key with { Meter = Meter.CachedInputTokens }, charge.CachedInputTokens, charge.CachedInputNano),
            (key with { Meter = Meter.OutputTokens }, charge.OutputTokens, charge.OutputNano),
        ];
    }

    /// <summary>A record that is no charge changes nothing.</summary>
    public void Add(JournalRecord record, string path = "")
    {
        foreach (var (key, quantity, amountNano, fromMs, toMs) in Parts(record, path))
        {
            Add(key, quantity, amountNano, fromMs, toMs);
        }
    }

    /// <summary>The lines that a record is added to, and what is added to each; none for a record that is no charge.</summary>
    public static IEnumerable<(BillKey Key, long Quantity, long AmountNano, long FromMs, long ToMs)> Parts(JournalRecord record, string path)
    {
        switch (record.Event)
        {
            case LeaseCharged { Slice: var slice }:
                var part = Part(slice, path);
                return [(part.Key, part.Quantity, part.AmountNano, slice.FromMs, slice.ToMs)];
            case TokensCharged charge:
                return Parts(charge, record.AtMs, path).Select(one => (one.Key, one.Quantity, one.AmountNano, record.AtMs, record.AtMs));
            case ReservedIdleCharged idle:
                return [Part(idle, path)];
            case CommitmentShortfallCharged unused:
                return [Part(unused, path)];
            case IdleDevicesShared shared:
                return Sharing.IdleSharing.Parts(shared);
            default:
                return [];
        }
    }

    public void Add(PricingEvent charge, string path)
    {
        if (charge is IdleDevicesShared shared)
        {
            foreach (var (key, quantity, amountNano, fromMs, toMs) in Sharing.IdleSharing.Parts(shared))
            {
                Add(key, quantity, amountNano, fromMs, toMs);
            }
        }
        else if (charge is ReservedIdleCharged or CommitmentShortfallCharged)
        {
            var (key, quantity, amountNano, fromMs, toMs) = charge is ReservedIdleCharged idle ? Part(idle, path) : Part((CommitmentShortfallCharged)charge, path);
            Add(key, quantity, amountNano, fromMs, toMs);
        }
    }

    internal static (BillKey Key, long Quantity, long AmountNano, long FromMs, long ToMs) Part(ReservedIdleCharged idle, string path) =>
        (new BillKey(
            idle.Unit, idle.ContractId, Items.Of(idle.ChipClass, idle.Simulated), idle.ChipClass, Meter.ReservedIdleDeviceHours, idle.PriceVersion, (int)(idle.FromMs / DayMs), path, idle.ContractId, idle.Rule),
            checked((idle.ToMs - idle.FromMs) * idle.MilliDevices), idle.AmountNano, idle.FromMs, idle.ToMs);

    internal static (BillKey Key, long Quantity, long AmountNano, long FromMs, long ToMs) Part(CommitmentShortfallCharged unused, string path) =>
        (new BillKey(
            unused.Unit, unused.CommitmentId, unused.ChipClass, unused.ChipClass, Meter.UnusedCommitmentDeviceHours, 0, (int)((unused.ToMs - 1) / DayMs), path, null, unused.Rule),
            unused.Quantity, unused.AmountNano, unused.FromMs, unused.ToMs);

    private void Add(BillKey key, long quantity, long amountNano, long fromMs, long toMs)
    {
        if (quantity != 0 || amountNano != 0)
        {
            if (!_lines.TryGetValue(key, out var before))
            {
                (_byDay.TryGetValue(key.Day, out var keys) ? keys : _byDay[key.Day] = []).Add(key);
            }

            _lines[key] = before.Plus(quantity, amountNano, fromMs, toMs);
        }
    }
}
