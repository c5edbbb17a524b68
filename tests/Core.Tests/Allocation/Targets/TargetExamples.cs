using Amalgam.Core.Allocation.Targets;
using Xunit;

namespace Core.Tests.Allocation.Targets;

public sealed class TargetExamples
{
    private static TargetProblem Problem(long[] devices, TargetUnit[] units, params TargetRow[] rows) =>
        new([.. devices.Select(d => d * 1000)], [.. units], [.. rows]);

    private static TargetRow Row(int unit, int devices, params double[] speeds) => new(unit, [.. speeds], devices * 1000L, devices);

    private static readonly TargetUnit Root = new(-1, 1);

    [Fact]
    public void One_class_is_filled_by_weight()
    {
        var solution = TargetSolver.Solve(Problem([12], [Root, new(0, 1), new(0, 2), new(0, 3)], Row(1, 20, 1), Row(2, 20, 1), Row(3, 20, 1)));
        Assert.Equal([2000, 4000, 6000], solution.TargetMilli.Skip(1).Select(t => t[0]));
    }

    [Fact]
    public void The_rest_comes_on_top_of_the_guarantee()
    {
        var solution = TargetSolver.Solve(Problem([16], [Root, new(0, 1, [10_000]), new(0, 1)], Row(1, 16, 1), Row(2, 16, 1)));
        Assert.Equal([13_000, 3000], solution.TargetMilli.Skip(1).Select(t => t[0]));
    }

    [Fact]
    public void A_familys_guarantee_serves_whichever_member_asks()
    {
        var units = new[] { Root, new TargetUnit(0, 1, [10_000]), new(1, 1), new(1, 1), new(0, 1), new(4, 1) };
        var solution = TargetSolver.Solve(Problem([16], units, Row(2, 16, 1), Row(5, 16, 1)));
        Assert.Equal([16_000, 13_000, 13_000, 0, 3000, 3000], solution.TargetMilli.Select(t => t[0]));
    }

    [Fact]
    public void Each_unit_runs_where_it_loses_least()
    {
        var solution = TargetSolver.Solve(Problem([8, 8], [Root, new(0, 1), new(0, 1)], Row(1, 8, 1, 0.5), Row(2, 8, 1, 0.9)));
        Assert.Equal([8000, 0], solution.TargetMilli[1].AsEnumerable());
        Assert.Equal([0, 8000], solution.TargetMilli[2].AsEnumerable());
        Assert.True(solution.Certificate.Gap < 0.001, $"gap {solution.Certificate.Gap}");
    }

    [Fact]
    public void Work_that_runs_as_well_elsewhere_leaves_the_scarce_class()
    {
        var solution = TargetSolver.Solve(Problem([8, 8], [Root, new(0, 1), new(0, 1)], Row(1, 8, 1, 0), Row(2, 8, 1, 1)));
        Assert.Equal([8000, 0], solution.TargetMilli[1].AsEnumerable());
        Assert.Equal([0, 8000], solution.TargetMilli[2].AsEnumerable());
    }

    [Fact]
    public void A_unit_that_cannot_gain_gets_what_it_needs()
    {
        var solution = TargetSolver.Solve(Problem(
            [8, 8], [Root, new(0, 1, [6000, 0]), new(0, 9)], Row(1, 6, 1, 0), Row(2, 16, 1, 0.6)));
        Assert.Equal([6000, 0], solution.TargetMilli[1].AsEnumerable());
        Assert.Equal([2000, 8000], solution.TargetMilli[2].AsEnumerable());
    }

    [Fact]
    public void Weight_zero_is_exactly_the_guaranteed_work_where_nothing_is_scarce_too()
    {
        var solution = TargetSolver.Solve(Problem([8, 8], [Root, new(0, 0, [2000, 0]), new(0, 1)], Row(1, 5, 1, 1), Row(2, 4, 1, 1)));
        Assert.InRange(solution.TargetMilli[1].Sum(), 1999, 2001);
        Assert.InRange(solution.TargetMilli[2].Sum(), 3999, 4001);
    }

    [Fact]
    public void A_limit_binds_and_the_others_take_the_rest()
    {
        var solution = TargetSolver.Solve(Problem(
            [8, 8], [Root, new(0, 1, LimitMilli: [2000, long.MaxValue]), new(0, 1)], Row(1, 16, 1, 0.5), Row(2, 16, 1, 0.5)));
        Assert.Equal(2000, solution.TargetMilli[1][0]);
        Assert.Equal(6000, solution.TargetMilli[2][0]);
    }

    [Fact]
    public void Firm_devices_are_not_traded_but_a_promise_of_work_is()
    {
        var promised = Problem([8, 8], [Root, new(0, 1, [4000, 0]), new(0, 1)], Row(1, 4, 1, 1), Row(2, 8, 1, 0));
        var firm = promised with { Units = promised.Units.SetItem(1, new(0, 1, [4000, 0], [4000, 0])) };
        Assert.Equal([0, 4000], TargetSolver.Solve(promised).TargetMilli[1].AsEnumerable());
        Assert.Equal([4000, 0], TargetSolver.Solve(firm).TargetMilli[1].AsEnumerable());
        Assert.Equal([4000, 0], TargetSolver.Solve(firm).TargetMilli[2].AsEnumerable());
    }

    [Fact]
    public void Guarantees_above_the_stock_shrink_pro_rata_and_say_so()
    {
        var solution = TargetSolver.Solve(Problem([6], [Root, new(0, 1, [6000]), new(0, 1, [3000], [3000])], Row(1, 6, 1), Row(2, 3, 1)));
        Assert.Equal([3000, 3000], solution.TargetMilli.Skip(1).Select(t => t[0]));
        Assert.Equal([3000, 0], solution.ShortfallMilli.Skip(1).Select(t => t[0]));
    }

    [Fact]
    public void A_family_spends_its_money_although_a_member_wants_little()
    {
        // Two classes that nobody tells apart are one class: level by level is the answer to compare with.
        var units = new[] { Root, new TargetUnit(0, 1), new(1, 1), new(1, 3), new(0, 1) };
        var solution = TargetSolver.Solve(Problem([40, 40], units, Row(2, 60, 1, 1), Row(3, 4, 1, 1), Row(4, 80, 1, 1)));
        Assert.InRange(solution.TargetMilli[1].Sum(), 39_800, 40_200);
        Assert.InRange(solution.TargetMilli[3].Sum(), 3990, 4000);
    }

    [Fact]
    public void Where_all_fits_on_the_fastest_classes_everybody_has_all_and_nothing_has_a_price()
    {
        var units = new[] { Root, new TargetUnit(0, 1), new(0, 3, [2000, 0, 0]), new(0, 1, LimitMilli: [long.MaxValue, 5000, long.MaxValue]) };
        var problem = Problem([10, 10, 10], units, Row(1, 6, 1, 0.5, 0.2), Row(2, 3, 1, 1, 0.1), Row(3, 5, 0.2, 1, 0.9), Row(3, 2, 0.1, 0.1, 1));
        var solution = TargetSolver.Solve(problem);
        Assert.Equal([6000, 3000, 7000], solution.TargetMilli.Skip(1).Select(t => t.Sum()));
        Assert.All(solution.Prices, price => Assert.Equal(0, price));
        Assert.Equal([6.0, 3.0, 7.0], solution.Work.Skip(1).Select(work => Math.Round(work, 3)));
        Assert.InRange(solution.Certificate.Gap, 0, 1e-9);
    }
}
