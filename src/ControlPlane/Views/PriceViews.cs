using Amalgam.Contracts;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Pricing;
using Amalgam.Core.Units;

namespace Amalgam.ControlPlane.Views;

/// <summary>The price book as the API shows it.</summary>
public static class PriceViews
{
    public static List<PriceView> All(CloudState state, long nowMs) => [.. state.Prices.All.Select(price => Of(state.Prices, price, nowMs))];

    public static PriceView Of(PriceBook book, Price price, long nowMs)
    {
        var device = price.Kind == PriceKind.DeviceHour;
        return new PriceView
        {
            Version = price.Version,
            Kind = device ? "device-hour" : "tokens",
            Subject = price.Subject,
            OnClass = price.OnClass,
            Unit = price.Unit,
            Segment = price.Segment,
            Contracts = price.Contracts.ToString().ToLowerInvariant(),
            From = WorkloadViews.Time(price.FromMs),
            Announced = price.AnnouncedMs is { } announced ? WorkloadViews.Time(announced) : null,
            State = State(book, price, nowMs),
            PerDeviceHour = device ? Nano.Format(price.DeviceHourNano) : null,
            PerMillionInput = device ? null : Nano.Format(price.InputNano),
            PerMillionCachedInput = device ? null : Nano.Format(price.CachedInputNano),
            PerMillionOutput = device ? null : Nano.Format(price.OutputNano),
            Tiers = [.. (price.Tiers ?? []).Select(tier => device
                ? $"{tier.Above}={Nano.Format(tier.DeviceHourNano)}"
                : $"{tier.Above}={Nano.Format(tier.InputNano)}/{Nano.Format(tier.CachedInputNano)}/{Nano.Format(tier.OutputNano)}")],
            ChangeId = price.ChangeId,
            Restores = price.Restores,
        };
    }

    public static PriceChangeView Of(CloudState state, PriceChanged changed, long nowMs) => new()
    {
        ChangeId = changed.ChangeId, What = changed.Why, Undoes = changed.Undoes, Versions = [.. changed.Prices.Select(price => Of(state.Prices, price, nowMs))],
    };

    public static CommitmentView Of(CloudState state, Commitment commitment, long nowMs) => new()
    {
        Id = commitment.Id, Unit = commitment.Unit, ChipClass = commitment.ChipClass, DeviceHours = commitment.DeviceHours, PerDeviceHour = Nano.Format(commitment.DeviceHourNano),
        From = Months.Name(commitment.FromMs), To = Months.Name(commitment.EndMs),
        UsedThisMonth = commitment.InForce(nowMs) ? state.Counters.Of(commitment.Counter(nowMs)).Quantity / (decimal)Rating.PricedQuantity(Meter.DeviceHours) : 0,
    };

    public static PriceChangePreviewView Of(PricingBooks after, string currency, PriceChange change, IReadOnlyList<Price> versions, UsagePeriod period, IReadOnlyList<CustomerChange> rows, IReadOnlyList<BudgetOutlook> hits, long nowMs) => new()
    {
        Currency = currency,
        What = change.Words,
        From = WorkloadViews.Time(change.FromMs),
        UsageFrom = WorkloadViews.Time(period.FromMs),
        UsageTo = WorkloadViews.Time(period.ToMs),
        Method = $"old and new: the recorded usage once more, {Days(period.ShiftMs)} later, beginning when the change does; forecast: the period after, by linear trend over the two halves of that usage, for each customer; a customer with usage in one half alone repeats it",
        Records = rows.Sum(row => row.Records),
        Old = Format(rows, row => row.OldNano),
        New = Format(rows, row => row.NewNano),
        Difference = Format(rows, row => row.DifferenceNano),
        ForecastOld = Format(rows, row => row.ForecastOldNano),
        ForecastNew = Format(rows, row => row.ForecastNewNano),
        ForecastDifference = Format(rows, row => row.ForecastNewNano - row.ForecastOldNano),
        Losers = rows.Count(row => row.DifferenceNano > 0),
        Winners = rows.Count(row => row.DifferenceNano < 0),
        Unchanged = rows.Count(row => row.DifferenceNano == 0),
        Versions = [.. versions.Select(price => Of(after.Prices, price, nowMs))],
        Customers = [.. rows.Select(row => Row(row, hits, after.Units))],
    };

    private static PriceChangeRow Row(CustomerChange row, IReadOnlyList<BudgetOutlook> hits, UnitTree units) => new()
    {
        Customer = row.Customer, Item = row.Item, Records = row.Records, Old = Nano.Format(row.OldNano), New = Nano.Format(row.NewNano), Difference = Nano.Format(row.DifferenceNano),
        ForecastOld = Nano.Format(row.ForecastOldNano), ForecastNew = Nano.Format(row.ForecastNewNano), ForecastDifference = Nano.Format(row.ForecastNewNano - row.ForecastOldNano),
        Effective = row.EffectiveMs is { } effective ? WorkloadViews.Time(effective) : null, LockedUntil = row.LockedUntilMs is { } locked ? WorkloadViews.Time(locked) : null, ContractId = row.ContractId,
        BudgetsHit = [.. hits.Where(hit => row.DifferenceNano > 0 && (units.IsWithin(row.Customer, hit.Unit) || units.IsWithin(hit.Unit, row.Customer))).Select(hit => $"{hit.Id}({hit.Unit}{(hit.Hard ? ", hard" : "")})")],
    };

    private static string Format(IEnumerable<CustomerChange> rows, Func<CustomerChange, Int128> amount) => Nano.Format(rows.Aggregate((Int128)0, (sum, row) => sum + amount(row)));

    private static string Days(long ms) => $"{ms / 86_400_000m:0.##} days";

    private static string State(PriceBook book, Price price, long nowMs)
    {
        var versions = book.Versions(price.Scope);
        var next = versions.SkipWhile(version => version.Version != price.Version).Skip(1).FirstOrDefault();
        return price.FromMs > nowMs ? next?.FromMs == price.FromMs ? "superseded" : "scheduled"
            : next is not null && next.FromMs <= nowMs ? "superseded"
            : price.Withdrawn ? "withdrawn" : "in-force";
    }
}
