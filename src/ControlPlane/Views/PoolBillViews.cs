using Amalgam.Contracts;
using Amalgam.Core.Cloud;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Budgets;
using Amalgam.Core.Ledger.Sharing;
using Amalgam.Core.Workloads;

namespace Amalgam.ControlPlane.Views;

/// <summary>`bill --pool`: the show-back of the whole pool.</summary>
public static class PoolBillViews
{
    public static PoolBillView Of(CloudState state, IReadOnlyDictionary<BillKey, BillAmount> lines, long fromMs, long toMs, long nowMs)
    {
        var shares = PoolShares.Of(state, lines, Accruing(state, nowMs), fromMs, toMs, nowMs);
        return new PoolBillView
        {
            Currency = state.Currency, From = WorkloadViews.Time(fromMs), To = WorkloadViews.Time(Math.Min(toMs, nowMs)), Total = Nano.Format(shares.Sum(share => share.AmountNano)),
            Classes = [.. shares.GroupBy(share => share.ChipClass, StringComparer.Ordinal).Select(group => new PoolClassView(
                group.Key, Hours(group), Hours(group, ShareKind.Used), Hours(group, ShareKind.ReservedIdle), Hours(group, ShareKind.UnsoldIdle), Hours(group, ShareKind.Failed),
                Nano.Format(group.Sum(share => share.AmountNano))))],
            Units = [.. shares.GroupBy(share => (share.Path, share.ChipClass)).OrderBy(group => group.Key.Path, StringComparer.Ordinal).ThenBy(group => group.Key.ChipClass, StringComparer.Ordinal).Select(group => new PoolUnitView(
                group.Key.Path, group.Key.ChipClass, Amount(group, ShareKind.Used), Amount(group, ShareKind.ReservedIdle), Amount(group, ShareKind.UnsoldIdle), Amount(group, ShareKind.Failed),
                Nano.Format(group.Sum(share => share.AmountNano))))],
        };
    }

    /// <summary>Spans of open leases that the journal does not have yet, cut as they will be.</summary>
    public static List<(Lease Lease, long FromMs, long ToMs)> Accruing(CloudState state, long nowMs)
    {
        var (draft, rater) = (new BudgetDraft(state.Budgets, nowMs), state.Rater());
        return [.. state.OpenLeases.SelectMany(lease => LeaseMetering.Slices(state, lease, nowMs, draft, rater).Select(slice => (lease, slice.FromMs, slice.ToMs)))];
    }

    private static decimal Hours(IEnumerable<PoolShare> shares, ShareKind? kind = null) =>
        decimal.Round(shares.Where(share => kind is null || share.Kind == kind).Aggregate((Int128)0, (sum, share) => sum + share.Quantity) is var quantity ? (decimal)quantity / 3_600_000_000m : 0, 12);

    private static string Amount(IEnumerable<PoolShare> shares, ShareKind kind) => Nano.Format(shares.Where(share => share.Kind == kind).Sum(share => share.AmountNano));
}
