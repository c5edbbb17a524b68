using System.Globalization;
using System.Text.Json;
using Amalgam.Core.Allocation;
using Amalgam.Core.Cloud;
using Xunit;
using Xunit.Abstractions;

namespace Core.Tests.Allocation;

public sealed class AllocatorStateTests(ITestOutputHelper output)
{
    private const int StepsPerCloud = 40;

    /// <summary>Law L12 for the allocator with a memory. AMALGAM_SEED and AMALGAM_CLOUDS replay one cloud or run more.</summary>
    [Fact]
    public void What_it_plans_on_the_changes_is_what_the_allocator_plans_on_the_whole_snapshot()
    {
        var first = Number("AMALGAM_SEED", 1);
        var clouds = Number("AMALGAM_CLOUDS", 300);
        output.WriteLine($"seeds {first} to {first + clouds - 1}, {clouds * StepsPerCloud} steps");
        for (var seed = first; seed < first + clouds; seed++)
        {
            var difference = FirstDifference((ulong)seed, forgetsEnds: false);
            Assert.True(difference is null, difference);
        }
    }

    [Fact]
    public void A_memory_that_misses_the_end_of_leases_is_found_out() =>
        Assert.Contains(Enumerable.Range(1, 20), seed => FirstDifference((ulong)seed, forgetsEnds: true) is not null);

    [Fact]
    public void A_plan_by_itself_changes_nothing_so_that_the_same_plan_comes_out_again()
    {
        var cloud = new RandomCloud(7);
        for (var step = 0; step < StepsPerCloud; step++)
        {
            var state = AllocatorState.Of(cloud.Snapshot);
            var plan = state.Plan(cloud.Snapshot.NowMs, cloud.Snapshot.History);
            Assert.Equal(Text(plan), Text(state.Plan(cloud.Snapshot.NowMs, cloud.Snapshot.History)));
            cloud.Step(plan);
        }
    }

    [Fact]
    public void A_workload_of_a_unit_that_does_not_exist_is_refused_by_name_and_changes_nothing()
    {
        var cloud = new RandomCloud(3).Snapshot;
        var state = AllocatorState.Of(cloud);
        var refused = Assert.Throws<ArgumentException>(() => state.Put(
            new WorkloadState { Id = "w1", Name = "train", Unit = "nowhere", Speeds = [new ClassSpeed("chip-0", 1_000_000)] }, 1));
        Assert.Contains("its unit nowhere does not exist", refused.Message, StringComparison.Ordinal);
        Assert.Equal(Text(Allocator.Plan(cloud)), Text(state.Plan(cloud.NowMs, cloud.History)));
    }

    private static string? FirstDifference(ulong seed, bool forgetsEnds)
    {
        var cloud = new RandomCloud(seed);
        var told = new ToldState(cloud.Snapshot, forgetsEnds);
        for (var step = 0; step < StepsPerCloud; step++)
        {
            told.Tell(cloud.Snapshot);
            var plan = Allocator.Plan(cloud.Snapshot);
            var (whole, changes) = (Text(plan), Text(told.State.Plan(cloud.Snapshot.NowMs, cloud.Snapshot.History)));
            if (whole != changes)
            {
                return $"seed {seed} step {step}: on the snapshot\n{whole}\non the changes\n{changes}";
            }

            cloud.Step(plan);
        }

        return null;
    }

    private static string Text(AllocationPlan plan) => string.Join('\n', (string[])[
        .. DecisionText.Of(plan), .. plan.Pending.Select(pending => pending.ToString()), .. plan.Targets.Select(target => target.ToString()),
        .. plan.Prices.Select(price => price.ToString()), $"gap {plan.Gap:r} wake {plan.NextWakeMs} waiting {plan.Pending.Count}",
        .. plan.Shortfalls.Select(shortfall => shortfall.ToString()), JsonSerializer.Serialize(plan.History)]);

    private static int Number(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var number) ? number : otherwise;

    /// <summary>Is told what differs from one snapshot to the next, and nothing else.</summary>
    private sealed class ToldState(AllocationSnapshot first, bool forgetsEnds)
    {
        private readonly Dictionary<string, (string Text, List<long> Numbers)> _leases = new(StringComparer.Ordinal);
        private HashSet<string> _known = new(StringComparer.Ordinal);
        private long _number;

        public AllocatorState State { get; } = new(first.Settings);

        public void Tell(AllocationSnapshot snapshot)
        {
            State.SetNodes(snapshot.Nodes);
            State.SetUnits(snapshot.Units);
            var present = snapshot.Workloads.Select(workload => workload.Id).ToHashSet(StringComparer.Ordinal);
            foreach (var gone in _known.Except(present))
            {
                State.Remove(gone);
            }

            _known = present;
            foreach (var workload in snapshot.Workloads)
            {
                State.Put(workload, int.Parse(workload.Id.AsSpan(1), CultureInfo.InvariantCulture));
            }

            var held = snapshot.Leases.ToLookup(lease => lease.WorkloadId, StringComparer.Ordinal);
            foreach (var id in _leases.Keys.Union(held.Select(group => group.Key)).ToList())
            {
                Tell(id, [.. held[id]]);
            }
        }

        private void Tell(string id, List<MemberLease> leases)
        {
            var text = JsonSerializer.Serialize(leases);
            if (_leases.TryGetValue(id, out var before) && before.Text == text)
            {
                return;
            }

            if (!forgetsEnds || leases.Count > 0)
            {
                before.Numbers?.ForEach(State.LetGo);
            }

            _leases[id] = (text, [.. leases.Select(_ => _number++)]);
            for (var i = 0; i < leases.Count; i++)
            {
                State.Hold(_leases[id].Numbers[i], leases[i]);
            }
        }
    }
}
