using Amalgam.Core.Allocation;
using Amalgam.Core.Allocation.Laws;
using Xunit;
using Xunit.Abstractions;

namespace Core.Tests.Allocation;

public sealed class EqualSiblingTests(ITestOutputHelper output)
{
    private const int Clouds = 300;

    [Fact]
    public void Twins_in_another_order_begin_the_same_work_and_have_the_same_targets()
    {
        var begun = 0;
        for (var seed = 1; seed <= Clouds; seed++)
        {
            var cloud = Twins(new Random(seed));
            var plan = Allocator.Plan(cloud);
            begun += plan.Decisions.Length;
            var found = PlanReplay.Permuted(cloud, plan, Allocator.Plan).Select(violation => $"seed {seed}: {violation.Detail}").ToList();
            Assert.True(found.Count == 0, string.Join('\n', found));
        }

        output.WriteLine($"seeds 1 to {Clouds}, {begun} decisions");
        Assert.True(begun > Clouds);
    }

    // Two to five equal units, each with the same list of work, on one or two classes.
    private static AllocationSnapshot Twins(Random random)
    {
        string[] chips = random.Next(2) == 0 ? ["a"] : ["a", "b"];
        var guarantee = random.Next(2) == 0 ? ChipAmounts.None : ChipAmounts.Of(("a", 1000L * random.Next(4)));
        var units = Enumerable.Range(0, 2 + random.Next(4)).Select(u => new UnitState { Name = $"u{u}", Parent = "root", Weight = 1, Guarantee = guarantee }).ToList();
        var work = Enumerable.Range(0, 1 + random.Next(6)).Select(_ => new WorkloadState
        {
            Id = "", Name = "", Unit = "", Members = random.Next(3) == 0 ? 1 + random.Next(4) : 1, DevicesMilli = random.Next(5) == 0 ? 500 : 1000, Priority = random.Next(2),
            DeclaredMs = random.Next(2) == 0 ? null : 1000L * random.Next(5000), Speeds = [.. chips.Select((chip, c) => new ClassSpeed(chip, c == 0 ? 1_000_000 : 100_000 * (1 + random.Next(9))))],
        }).ToList();
        return new AllocationSnapshot
        {
            NowMs = 1000,
            Nodes = [.. chips.SelectMany((chip, c) => Enumerable.Range(0, 1 + random.Next(3)).Select(n => new NodeState { Name = $"{chip}{n}", ChipClass = chip, Devices = 1 + random.Next(8) }))],
            Units = [new UnitState { Name = "root" }, .. units],
            Workloads = [.. work.SelectMany((one, w) => units.Select(unit => one with { Id = $"{unit.Name}-{w}", Name = $"{unit.Name}-{w}", Unit = unit.Name }))],
        };
    }
}
