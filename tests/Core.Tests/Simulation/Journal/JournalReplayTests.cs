using Amalgam.Core.Journal;
using Amalgam.Simulation.Journal;
using Xunit;
using Xunit.Abstractions;

namespace Core.Tests.Simulation.Journal;

public sealed class JournalReplayTests(ITestOutputHelper output)
{
    private static readonly string[] Units = ["lab", "shop", "guest"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Every_decision_of_a_random_cloud_comes_out_again_from_its_journal(int seed)
    {
        var cloud = RandomCloud(seed, steps: 150);
        var replay = JournalReplay.Run(cloud.Records);
        output.WriteLine($"seed {seed}: {replay.Records} records, {replay.Cycles} cycles, {replay.Decisions} decisions");
        Assert.Empty(replay.Differences);
        Assert.True(replay.Cycles > 20 && replay.Decisions >= replay.Cycles, $"only {replay.Decisions} decisions in {replay.Cycles} cycles: the cloud is too quiet to show anything");
    }

    [Fact]
    public void A_recorded_decision_that_the_allocator_would_not_take_is_named()
    {
        var records = RandomCloud(4, steps: 40).Records.ToList();
        var at = records.FindIndex(record => record.Event is PlanMade);
        var made = (PlanMade)records[at].Event;
        records[at] = records[at] with { Event = made with { Decisions = made.Decisions.SetItem(0, "evict w1 share") } };
        var difference = Assert.Single(JournalReplay.Run(records).Differences);
        Assert.Equal((at + 1L, "evict w1 share", made.Decisions[0]), (difference.Sequence, difference.Recorded, difference.Replayed));
    }

    [Fact]
    public void The_form_on_disk_of_what_plans_rest_on_stays_as_it_is()
    {
        var cloud = new RecordedCloud();
        cloud.Node("n1", "h100", 2, 1);
        cloud.Submit("root", 1, 1, false, ("h100", 1_000_000));
        cloud.Plan();
        var bodies = cloud.Records.Select(record => System.Text.Encoding.UTF8.GetString(JournalJson.Write(record))).ToList();
        Assert.Contains("""{"type":"nodes-seen","changed":[{"name":"n1","machine":"n1","chipClass":"h100","devices":2,"memoryMiB":1024,"cpuMilli":0,"ramMiB":0,"healthy":true,"unhealthyDevices":[1]}],"gone":[]}""", bodies[2], StringComparison.Ordinal);
        Assert.Contains("""{"type":"workloads-fitted","workloadIds":["w1"],"speeds":[{"chipClass":"h100","millionths":1000000}]}""", bodies[4], StringComparison.Ordinal);
        Assert.Contains("""{"type":"plan-made","historyBefore":{"asOfMs":0,"debts":[]},"decisions":["start w1 h100 0@n1:0"],"onlyChanged":true}""", bodies[5], StringComparison.Ordinal);
    }

    [Fact]
    public void Nodes_that_are_gone_or_changed_are_known_and_keep_their_order()
    {
        var cloud = new RecordedCloud();
        foreach (var name in (string[])["a", "b", "c"])
        {
            cloud.Node(name, "cpu", 2);
        }

        cloud.Node("b", "cpu", 4);
        cloud.Add(new NodesSeen([], ["a"]));
        cloud.Node("d", "cpu", 1);
        Assert.Equal([("b", 4), ("c", 2), ("d", 1)], cloud.State.Nodes.Select(node => (node.Name, node.Devices)));
    }

    /// <summary>Two classes, three units with guarantees, gangs, broken devices, changes of the rules.</summary>
    private static RecordedCloud RandomCloud(int seed, int steps)
    {
        var random = new Random(seed);
        var cloud = new RecordedCloud();
        cloud.Node("h1", "h100", 8);
        cloud.Node("h2", "h100", 8);
        cloud.Node("a1", "a100", 8);
        cloud.Unit("lab", 1, ("h100", 8));
        cloud.Unit("shop", 3, ("a100", 4));
        cloud.Unit("guest", 1);
        for (var step = 0; step < steps; step++)
        {
            cloud.Pass(random.Next(1, 600));
            var running = cloud.State.OpenLeases.Select(lease => lease.WorkloadId).Distinct().ToList();
            switch (random.Next(10))
            {
                case < 5:
                    cloud.Submit(
                        Units[random.Next(3)], 1 << random.Next(3), random.Next(1, 4), random.Next(2) == 0,
                        ("h100", 1_000_000), ("a100", random.Next(200_000, 1_000_000)));
                    break;
                case < 8 when running.Count > 0:
                    cloud.Finish(running[random.Next(running.Count)]);
                    break;
                case 8:
                    cloud.Node("h2", "h100", 8, [.. Enumerable.Range(0, 8).Where(_ => random.Next(4) == 0)]);
                    break;
                case 9:
                    cloud.Unit("shop", random.Next(1, 5), ("a100", random.Next(9)));
                    break;
            }

            cloud.Plan();
        }

        return cloud;
    }
}
