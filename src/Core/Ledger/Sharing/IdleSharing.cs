using System.Collections.Immutable;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;

namespace Amalgam.Core.Ledger.Sharing;

/// <summary>Makes charges of the shares that units carry of idle devices.</summary>
public static class IdleSharing
{
    /// <summary>Of what the bill calls these lines: no workload caused them.</summary>
    public const string WorkloadId = "idle-policy";

    /// <summary>Everything that is used and reserved on the day is in the bill already.</summary>
    public static IdleDevicesShared Of(CloudState state, string chipClass, int day)
    {
        ArgumentNullException.ThrowIfNull(state);
        var house = state.Units.Root.Name;
        ImmutableArray<IdleShare> shares =
        [
            .. PoolShares.OfDay(state, chipClass, day).Where(share => share.Kind == ShareKind.UnsoldIdle).GroupBy(share => share.Path, StringComparer.Ordinal)
                .OrderBy(group => group.Key, StringComparer.Ordinal)
                .Select(group => new IdleShare(group.Key.Split('/')[^1], group.Key, group.Sum(share => share.Quantity), group.Sum(share => share.AmountNano))),
        ];
        var owed = shares.Where(share => share.Path != house && share.AmountNano != 0).ToList();
        ImmutableArray<Entry> entries = owed.Count == 0 ? [] :
        [
            .. owed.Select(share => new Entry($"unit/{share.Unit}", share.AmountNano)), new Entry($"income/idle-shares/{chipClass}", -owed.Sum(share => share.AmountNano)),
        ];
        return new IdleDevicesShared(
            chipClass, day, state.Pool.PolicyAt(day * BillBook.DayMs).Rule, PoolShares.ListPrice(state, chipClass, day)?.Version ?? 0, shares, entries, state.IsSimulated(chipClass));
    }

    /// <summary>The lines that a record is added to; none for the share of the house, which stands at the root.</summary>
    public static IEnumerable<(BillKey Key, long Quantity, long AmountNano, long FromMs, long ToMs)> Parts(IdleDevicesShared shared)
    {
        ArgumentNullException.ThrowIfNull(shared);
        var (fromMs, item) = (shared.Day * BillBook.DayMs, Items.Of(shared.ChipClass, shared.Simulated));
        foreach (var share in shared.Shares.Where(share => share.Path.Contains('/', StringComparison.Ordinal)))
        {
            var key = new BillKey(
                share.Unit, WorkloadId, item, shared.ChipClass, Meter.IdleShareDeviceHours, shared.PriceVersion, shared.Day, share.Path, null, $"idle devices of the pool, shared by {Word(shared.Rule)}");
            yield return (key, share.Quantity, share.AmountNano, fromMs, fromMs + BillBook.DayMs);
        }
    }

    private static string Word(IdleRule rule) => rule switch { IdleRule.Guarantee => "guarantee", IdleRule.Use => "use", IdleRule.Holder => "who was guaranteed them", _ => "nobody" };
}
