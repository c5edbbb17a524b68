using System.Collections.Immutable;
using Amalgam.ControlPlane.Commands;
using Amalgam.ControlPlane.Ports;
using Amalgam.ControlPlane.State;
using Amalgam.Contracts;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Contracts;
using Amalgam.Core.Ledger.Stock;

namespace Amalgam.ControlPlane.Views;

/// <summary>What is at risk and how long the stock lasts, as the API shows it.</summary>
public static class RiskViews
{
    public static RiskView Of(CloudState state, Caller caller, RiskQuestion question, ICatalogue catalogue, Pool pool)
    {
        var classes = Supply.Classes(state).ToList();
        var report = ContractRisk.Of(state, question, chipClass => ExpectedSpeeds.Of(state, chipClass, classes, catalogue));
        var seen = report.Broken.Where(broken => Permission.Sees(state, caller, broken.Contract.Unit)).ToList();
        return new RiskView
        {
            From = WorkloadViews.Time(question.NowMs),
            To = WorkloadViews.Time(question.NowMs).AddMonths(question.Months),
            Currency = state.Currency,
            Classes = [.. report.Classes.Select(chip => new ClassRiskView(
                chip.ChipClass, chip.NowMilli / 1000m, chip.AfterLossMilli / 1000m, chip.EndMilli / 1000m, chip.PromisedMilli / 1000m, chip.ShortFromMs is { } at ? WorkloadViews.Time(at) : null, IsSimulated(pool, chip.ChipClass)))],
            Broken = [.. seen.Select(Of)],
            CreditOwed = Nano.Format(seen.Sum(broken => broken.CreditNano)),
        };
    }

    public static ForecastView Of(ForecastQuestion question, ImmutableArray<ForecastInput> inputs, Pool pool) => new()
    {
        From = WorkloadViews.Time(question.NowMs),
        Months = question.Months,
        Seed = question.Seed,
        GrowthPercentPerYear = question.GrowthPerYear / 10_000m,
        Classes = [.. inputs.Select(input => Of(StockForecast.Of(input, question), pool))],
    };

    private static BrokenPromiseView Of(BrokenPromise broken) => new(
        broken.Contract.Id, broken.Contract.Unit, broken.Contract.ChipClass, broken.Contract.MilliDevices / 1000m, WorkloadViews.Time(broken.FromMs), broken.ShortMilli / 1000m, Nano.Format(broken.CreditNano),
        [.. broken.Moves.Select(move => new SavingMoveView(
            move.ChipClass, move.MilliDevices / 1000m, move.NeededMilli / 1000m, move.SpeedMillionths / 1e6, Nano.Format(move.HourNano), Nano.Format(move.HourThereNano), Nano.Format(move.HourThereNano - move.HourNano)))],
        broken.UncoveredMilli / 1000m);

    private static ClassForecastView Of(ClassForecast forecast, Pool pool) => new()
    {
        ChipClass = forecast.ChipClass,
        Simulated = IsSimulated(pool, forecast.ChipClass),
        Devices = forecast.Devices,
        Promised = forecast.PromisedMilli / 1000m,
        FailurePercentPerYear = forecast.FailurePerYear / 10_000m,
        Replenishable = forecast.Replenishable,
        Early = forecast.Early,
        Middle = forecast.Middle,
        Late = forecast.Late,
        Runs = forecast.Runs,
        Course = [.. forecast.Course.Select(month => new ForecastMonthView(month.Month, WorkloadViews.Time(month.AtMs), Range(month.Devices, 1), Range(month.PromisedMilli, 1000)))],
    };

    private static bool IsSimulated(Pool pool, string chipClass) => pool.Nodes.Any(node => node.Simulated && node.ChipClass == chipClass);

    private static RangeView Range(ForecastRange range, decimal per) => new(range.Low / per, range.Middle / per, range.High / per);
}
