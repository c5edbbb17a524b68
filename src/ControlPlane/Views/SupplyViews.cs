using System.Globalization;
using Amalgam.ControlPlane.Commands;
using Amalgam.ControlPlane.State;
using Amalgam.Contracts;
using Amalgam.Core.Cloud;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Contracts;
using Amalgam.Core.Ledger.Stock;

namespace Amalgam.ControlPlane.Views;

/// <summary>Contracts and stock as the API shows them.</summary>
public static class SupplyViews
{
    private const decimal MilliDeviceMsPerDeviceHour = 1000m * 3_600_000m;

    public static ContractView Of(CloudState state, Contract contract, long nowMs)
    {
        var record = state.Contracts.Service(contract.Id);
        var months = ServiceCredit.Of(contract, record, nowMs, atMs => ContractPrice.DeviceHourNano(contract, state, atMs));
        var rate = contract.InForce(nowMs) ? record.Rate : default;
        return new ContractView
        {
            Id = contract.Id,
            Unit = contract.Unit,
            ChipClass = contract.ChipClass,
            Devices = contract.MilliDevices / 1000m,
            From = WorkloadViews.Time(contract.FromMs),
            To = WorkloadViews.Time(contract.EndMs),
            State = contract.InForce(nowMs) ? "in-force" : nowMs < contract.FromMs && contract.FromMs < contract.EndMs ? "to-come" : "ended",
            Price = Terms(contract.Price),
            PricePerDeviceHour = Nano.Format(ContractPrice.DeviceHourNano(contract, state, contract.InForce(nowMs) || contract.EndMs <= contract.FromMs ? nowMs : Math.Clamp(nowMs, contract.FromMs, contract.EndMs - 1))),
            Reserved = contract.Reserved,
            NoticeSeconds = contract.NoticeMs / 1000.0,
            LockedUntil = contract.LockedUntilMs is { } locked ? WorkloadViews.Time(locked) : null,
            ServiceLevel = contract.ServiceLevel is { } level ? new ServiceTerms(level.DeliveredMillionths / 10_000m, level.CreditMillionths / 10_000m) : null,
            OvercommitDevices = state.Contracts.OvercommitMilli(contract.Id) / 1000m,
            AskedNow = rate.AskedMilli / 1000m,
            HeldNow = rate.HeldMilli / 1000m,
            Months = [.. months.Select(month => new ContractMonthView(
                month.Month.ToString(), Hours(month.Asked), Hours(month.Delivered), month.ShareMillionths / 10_000m, Nano.Format(month.CreditNano)))],
            CreditDue = Nano.Format(months.Sum(month => month.CreditNano)),
            Currency = state.Currency,
        };
    }

    public static List<StockView> Stock(CloudState state, Pool pool, long nowMs) => [.. Supply.Classes(state).Select(chipClass =>
    {
        var reported = Supply.Reported(state, chipClass);
        var book = state.Stock.Count(chipClass, nowMs);
        var count = book ?? new StockCount(reported, reported, 0, 0, 0);
        return new StockView
        {
            ChipClass = chipClass,
            Simulated = pool.Nodes.Any(node => node.Simulated && node.ChipClass == chipClass),
            Source = book is null ? "engines" : "lots",
            Received = count.Received,
            InService = count.InService,
            Spare = count.Spare,
            Failed = count.Failed,
            Retired = count.Retired,
            Reported = reported,
            Leased = Supply.Leased(state, chipClass),
            HeldBack = Math.Max(0, reported - count.InService),
            Contracted = Promises.FirmMilli(state, chipClass, nowMs) / 1000m,
            Promised = Promises.AllMilli(state, chipClass, nowMs) / 1000m,
            Replenishable = state.Stock.IsReplenishable(chipClass),
            Lots = [.. state.Stock.Lots.Where(lot => lot.ChipClass == chipClass)
                .Select(lot => new LotView(lot.Id, lot.Devices, WorkloadViews.Time(lot.ReceivedMs), lot.ReceivedMs > nowMs, ChangeStock.Name(lot.Arrives), lot.Note))],
        };
    })];

    public static string Terms(PriceTerms? terms) => terms switch
    {
        null => "list price",
        { Kind: PriceTermsKind.Fixed } => $"fixed {Nano.Format(terms.DeviceHourNano)}",
        { Kind: PriceTermsKind.Discount } => $"list less {Percent(1_000_000 - terms.ShareMillionths)}",
        _ => $"list less {Percent(1_000_000 - terms.ShareMillionths)}, within {Percent(terms.BandMillionths)} of {Nano.Format(terms.DeviceHourNano)}",
    };

    private static string Percent(int millionths) => $"{(millionths / 10_000m).ToString("0.####", CultureInfo.InvariantCulture)} %";

    private static decimal Hours(long milliDeviceMs) => Math.Round(milliDeviceMs / MilliDeviceMsPerDeviceHour, 6);
}
