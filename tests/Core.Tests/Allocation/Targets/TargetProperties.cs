using System.Collections.Immutable;
using Amalgam.Core.Allocation.Targets;
using Xunit;
using Xunit.Abstractions;

namespace Core.Tests.Allocation.Targets;

public sealed class TargetProperties(ITestOutputHelper output)
{
    private const int Seed = 20_261;

    private static TargetProblem RandomProblem(Random random, int classes, bool guarantees, bool families)
    {
        var capacity = Enumerable.Range(0, classes).Select(_ => 1000L * random.Next(4, 60)).ToImmutableArray();
        var leaves = random.Next(2, 7);
        var units = new List<TargetUnit> { new(-1, 1) };
        for (var f = 0; families && f < 2; f++)
        {
            units.Add(new TargetUnit(0, random.Next(1, 4)));
        }
        var rows = new List<TargetRow>();
        for (var i = 0; i < leaves; i++)
        {
            var guarantee = capacity.Select(k => guarantees ? random.Next(0, (int)(k / leaves)) / 1000 * 1000L : 0L).ToImmutableArray();
            units.Add(new TargetUnit(families ? random.Next(1, 3) : 0, random.Next(1, 4), guarantee));
            for (var r = random.Next(1, 5); r > 0; r--)
            {
                var speeds = Enumerable.Range(0, classes).Select(_ => random.Next(5) == 0 ? 0 : random.Next(1, 21) / 20.0).ToArray();
                speeds[random.Next(classes)] = 1;
                rows.Add(new TargetRow(units.Count - 1, [.. speeds], 1000L * random.Next(1, 40), random.Next(1, 9)));
            }
        }
        return new TargetProblem(capacity, [.. units], [.. rows]);
    }

    private void ForRandomProblems(int count, bool guarantees, bool families, Action<TargetProblem, TargetSolution> check)
    {
        output.WriteLine($"seed {Seed}");
        for (var k = 0; k < count; k++)
        {
            var problem = RandomProblem(new Random(Seed + k), 1 + k % 4, guarantees, families);
            try
            {
                check(problem, TargetSolver.Solve(problem));
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                throw new Xunit.Sdk.XunitException($"seed {Seed + k}: {failure.Message}");
            }
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void The_certificate_says_one_percent_or_better(bool guarantees, bool families) =>
        ForRandomProblems(300, guarantees, families, (_, s) => Assert.True(s.Certificate.Gap <= 0.01, $"gap {s.Certificate.Gap}"));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Nobody_does_less_work_than_alone(bool families) =>
        ForRandomProblems(300, true, families, (problem, s) =>
        {
            for (var u = 0; u < problem.Units.Length; u++)
            {
                Assert.True(s.Work[u] >= 0.989 * s.WorkAlone[u] - 0.002, $"unit {u}: {s.Work[u]} < {s.WorkAlone[u]}");
            }
        });

    [Fact]
    public void No_class_is_given_out_twice_and_no_unit_holds_more_than_it_asks_for() =>
        ForRandomProblems(300, true, true, (problem, s) =>
        {
            for (var c = 0; c < problem.CapacityMilli.Length; c++)
            {
                Assert.True(s.TargetMilli[0][c] <= problem.CapacityMilli[c], $"class {c}");
            }
            foreach (var demand in problem.Rows.GroupBy(r => r.Unit))
            {
                Assert.True(s.TargetMilli[demand.Key].Sum() <= demand.Sum(r => r.DemandMilli) + 4, $"unit {demand.Key}");
            }
        });

    [Fact]
    public void Permuting_the_units_permutes_the_targets() =>
        ForRandomProblems(200, true, false, (problem, s) =>
        {
            var n = problem.Units.Length;
            var turned = problem with
            {
                Units = [problem.Units[0], .. problem.Units.Skip(1).Reverse()],
                Rows = [.. problem.Rows.Reverse().Select(r => r with { Unit = n - r.Unit })],
            };
            var other = TargetSolver.Solve(turned);
            for (var u = 1; u < n; u++)
            {
                for (var c = 0; c < problem.CapacityMilli.Length; c++)
                {
                    // Ties in the last thousandth go by order of creation.
                    Assert.InRange(other.TargetMilli[n - u][c] - s.TargetMilli[u][c], -1, 1);
                }
            }
        });

    [Fact]
    public void Equal_units_get_equal_targets() =>
        ForRandomProblems(100, true, false, (problem, _) =>
        {
            var twin = problem.Units.Length;
            var doubled = problem with
            {
                Units = problem.Units.Add(problem.Units[1]),
                Rows = problem.Rows.AddRange(problem.Rows.Where(r => r.Unit == 1).Select(r => r with { Unit = twin })),
            };
            var s = TargetSolver.Solve(doubled);
            for (var c = 0; c < problem.CapacityMilli.Length; c++)
            {
                Assert.InRange(s.TargetMilli[twin][c] - s.TargetMilli[1][c], -1, 1);
            }
        });

    [Fact]
    public void Several_classes_that_nobody_tells_apart_are_shared_level_by_level() =>
        ForRandomProblems(150, false, true, (problem, _) =>
        {
            var single = problem with
            {
                CapacityMilli = [problem.CapacityMilli.Sum()],
                Units = [.. problem.Units.Select(u => new TargetUnit(u.Parent, u.Weight))],
                Rows = [.. problem.Rows.Select(r => r with { Speeds = [1] })],
            };
            var several = single with
            {
                CapacityMilli = [single.CapacityMilli[0] / 2, single.CapacityMilli[0] - single.CapacityMilli[0] / 2],
                Rows = [.. single.Rows.Select(r => r with { Speeds = [1, 1] })],
            };
            var (exact, budgets) = (TargetSolver.Solve(single), TargetSolver.Solve(several));
            for (var u = 0; u < problem.Units.Length; u++)
            {
                Assert.True(
                    Math.Abs(exact.TargetMilli[u][0] - budgets.TargetMilli[u].Sum()) <= 0.01 * single.CapacityMilli[0],
                    $"unit {u}: level by level {exact.TargetMilli[u][0]}, budgets {budgets.TargetMilli[u].Sum()}");
            }
        });

    [Fact]
    public void Families_within_families_are_shared_level_by_level_too()
    {
        output.WriteLine($"seed {Seed}");
        for (var k = 0; k < 20; k++)
        {
            var (units, rows) = DeepTree(new Random(Seed + k));
            var exact = TargetSolver.Solve(new TargetProblem([2_000_000], units, [.. rows.Select(row => row with { Speeds = [1] })]));
            var budgets = TargetSolver.Solve(new TargetProblem([1_000_000, 1_000_000], units, rows));
            for (var u = 0; u < units.Length; u++)
            {
                Assert.True(
                    Math.Abs(exact.TargetMilli[u][0] - budgets.TargetMilli[u].Sum()) <= 4_000,
                    $"seed {Seed + k} unit {u}: level by level {exact.TargetMilli[u][0]}, budgets {budgets.TargetMilli[u].Sum()}");
            }
        }
    }

    /// <summary>Five levels, here and there one less; most leaves want more than they can get, some have all they want.</summary>
    private static (ImmutableArray<TargetUnit> Units, ImmutableArray<TargetRow> Rows) DeepTree(Random random)
    {
        var units = new List<TargetUnit> { new(-1, 1) };
        var rows = new List<TargetRow>();
        List<int> level = [0];
        for (var depth = 1; depth <= 5; depth++)
        {
            var next = new List<int>();
            foreach (var parent in level)
            {
                if (depth > 1 && random.Next(5) == 0)
                {
                    rows.Add(new TargetRow(parent, [1, 1], 1000L * random.Next(1, 100), 1));
                    continue;
                }

                for (var child = 0; child < 3; child++)
                {
                    next.Add(units.Count);
                    units.Add(new TargetUnit(parent, 1 + random.Next(3)));
                }
            }

            level = next;
        }

        rows.AddRange(level.Select(leaf => new TargetRow(leaf, [1, 1], 1000L * random.Next(1, 100), 1)));
        return ([.. units], [.. rows]);
    }
}
