using System.Collections.Immutable;
using Amalgam.Core.Ledger.Stock;
using Xunit;

namespace Core.Tests.Ledger.Stock;

public sealed class StockForecastTests
{
    [Fact]
    public void The_same_seed_gives_the_same_answer_and_another_seed_another_course()
    {
        var cloud = Promising(60);
        var (one, same, other) = (Forecast(cloud, seed: 7, failure: 90_000, growth: 200_000), Forecast(cloud, seed: 7, failure: 90_000, growth: 200_000), Forecast(cloud, seed: 8, failure: 90_000, growth: 200_000));
        Assert.Equal(one.Course.AsEnumerable(), same.Course);
        Assert.NotEqual(one.Course.AsEnumerable(), other.Course);
    }

    [Fact]
    public void Without_failures_and_growth_only_dates_decide()
    {
        var cloud = Promising(60);
        cloud.Sign("b", 50, "2027-05-15", "2028-01-01", overcommit: true);
        var forecast = Forecast(cloud, failure: 0, growth: 0);
        Assert.Equal((6, 6, 6), (forecast.Early, forecast.Middle, forecast.Late));
        cloud.Receive("h100", 10, "2027-05-20");
        Assert.Null(Forecast(cloud, failure: 0, growth: 0).Late);
    }

    [Fact]
    public void What_is_exceeded_already_is_exceeded_in_month_zero()
    {
        var cloud = Promising(60);
        cloud.Sign("b", 50, "2026-12-01", "2028-01-01", overcommit: true);
        Assert.Equal(0, Forecast(cloud, failure: 90_000, growth: 0).Early);
    }

    [Fact]
    public void The_middle_of_the_runs_is_what_the_rates_say_and_the_range_is_in_order()
    {
        var forecast = Forecast(Promising(10), failure: 120_000, growth: 100_000);
        var year = forecast.Course[12];
        Assert.InRange(year.Devices.Middle, 100 - 13, 100 - 10);
        Assert.InRange(year.PromisedMilli.Middle, 10_000 + 950, 10_000 + 1_150);
        Assert.All(forecast.Course, month => Assert.True(month.Devices.Low <= month.Devices.Middle && month.Devices.Middle <= month.Devices.High && month.PromisedMilli.Low <= month.PromisedMilli.High));
        Assert.True(year.Devices.Low < year.Devices.High);
    }

    [Fact]
    public void More_failures_never_make_the_stock_last_longer()
    {
        var months = new[] { 0L, 50_000, 200_000, 600_000 }.Select(failure => Forecast(Promising(70), failure: failure, growth: 0, months: 60).Middle ?? int.MaxValue).ToList();
        Assert.Equal(months.OrderDescending(), months);
        Assert.True(months[^1] < months[0]);
    }

    private static SupplyCloud Promising(int devices)
    {
        var cloud = new SupplyCloud();
        cloud.Unit("a");
        cloud.Unit("b");
        Assert.Null(cloud.Receive("h100", 100));
        Assert.Null(cloud.Sign("a", devices, "2026-12-01", "2036-12-01"));
        return cloud;
    }

    private static ClassForecast Forecast(SupplyCloud cloud, long failure, long growth, long seed = 1, int months = 24)
    {
        var question = new ForecastQuestion(cloud.NowMs, months, seed, ImmutableSortedDictionary<string, long>.Empty, failure, growth);
        return StockForecast.Of(StockForecast.Inputs(cloud.State, question).Single(input => input.ChipClass == "h100"), question);
    }
}
