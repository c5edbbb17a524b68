using System.Collections.Immutable;
using Amalgam.Core.Allocation;
using Amalgam.Core.Allocation.Laws;
using Amalgam.Core.Allocation.Placement;
using Amalgam.Simulation.Packing;
using Xunit;
using Xunit.Abstractions;

namespace Core.Tests.Allocation.Placement;

/// <summary>What the packing experiment measures is what the cloud does: arrival by arrival the whole cycle puts every task on the same devices.</summary>
public sealed class OnePlacementTests(ITestOutputHelper output)
{
    private const int Arrivals = 260;

    private static readonly string[] Models = ["a", "b", "c"];

    private readonly List<WorkloadState> _running = [];
    private readonly List<MemberLease> _leases = [];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_cycle_places_task_by_task_as_the_packing_experiment_does(int seed)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var shapes = Enumerable.Range(0, 30).Select(_ => new NodeShape(random.Next(3), 1 << random.Next(4), 32_000L << random.Next(3), 131_072L << random.Next(3))).ToArray();
        var kinds = Enumerable.Range(0, 14).Select(_ => RandomRequest(random)).ToArray();
        var mix = new RequestMix();
        Array.ForEach(kinds, kind => mix.Ask(kind));
        var cluster = new PackingCluster(shapes);
        var experiment = new AmalgamPacking(cluster, mix);
        var world = new AllocationSnapshot
        {
            NowMs = 0,
            Nodes = [.. shapes.Select((shape, n) => new NodeState
            {
                Name = $"n{n}", ChipClass = Models[shape.Chip], Devices = shape.Devices, CpuMilli = shape.CpuMilli, RamMiB = shape.RamMiB,
            })],
            Settings = AllocationSettings.Default with { Moves = false },
            Units = [new UnitState { Name = "cluster" }],
            Typical = new TypicalWork([.. mix.Kinds.Select(kind => Typical(kind.Request, (long)kind.Weight))]),
        };
        var refused = 0;
        for (var step = 0; step < Arrivals; step++)
        {
            var request = kinds[random.Next(kinds.Length)];
            var expected = experiment.Place(request);
            Assert.Equal(Text(expected is { } place ? $"n{place.Node}" : null, expected?.Devices), Arrive(world, step, request));
            if (expected is { } taken)
            {
                cluster.Take(taken, request);
            }
            refused += expected is null ? 1 : 0;
        }
        output.WriteLine($"{refused} of {Arrivals} found no place");
        Assert.InRange(refused, 1, Arrivals - 1);
    }

    private string Arrive(AllocationSnapshot world, int step, PlacementRequest request)
    {
        var arrived = Workload($"w{step}", request) with { SubmittedMs = step };
        var snapshot = world with { NowMs = step, Workloads = [.. _running, arrived], Leases = [.. _leases] };
        var plan = Allocator.Plan(snapshot);
        if (step % 20 == 0)
        {
            Assert.Empty(PlanChecker.Check(snapshot, plan));
        }
        if (plan.Decisions.IsEmpty)
        {
            return Text(null, null);
        }
        var start = Assert.IsType<StartDecision>(Assert.Single(plan.Decisions));
        var member = Assert.Single(start.Members);
        _running.Add(arrived);
        _leases.Add(new MemberLease { WorkloadId = arrived.Id, Node = member.Node, Devices = member.Devices, MilliPerDevice = member.MilliPerDevice, SinceMs = step });
        return Text(member.Node, member.Devices);
    }

    private static string Text(string? node, ImmutableArray<int>? devices) => node is null ? "nowhere" : $"{node}: {string.Join(' ', devices!.Value)}";

    private static WorkloadState Workload(string id, PlacementRequest request) => new()
    {
        Id = id, Name = id, Unit = "cluster", DevicesMilli = request.DeviceMilli, CpuMilli = request.CpuMilli, RamMiB = request.RamMiB, Speeds = Speeds(request),
    };

    private static TypicalRequest Typical(PlacementRequest request, long weight) =>
        new(request.DeviceMilli, request.CpuMilli, request.RamMiB, request.MemoryMiB, Speeds(request), weight);

    private static ImmutableArray<ClassSpeed> Speeds(PlacementRequest request) =>
        [.. Models.Select((model, chip) => new ClassSpeed(model, (int)(1_000_000 * request.SpeedOn(chip))))];

    private static PlacementRequest RandomRequest(Random random) => new(
        random.Next(5) switch { 0 => 0, 1 or 2 => random.Next(1, 20) * 50, _ => 1000 << random.Next(3) }, random.Next(1, 12) * 1000, random.Next(1, 48) * 1024,
        Speeds: [1, random.Next(3) == 0 ? 0 : 1, random.Next(3) == 0 ? 0 : 1]);
}
