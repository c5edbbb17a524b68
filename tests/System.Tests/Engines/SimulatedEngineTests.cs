using Amalgam.ControlPlane.Ports;
using Amalgam.Engines.Simulated;
using Xunit;

namespace Amalgam.SystemTests.Engines;

[EngineLacks(EngineAbility.ForeignLoad, "nobody but this cloud can use what does not exist")]
[EngineLacks(EngineAbility.LostAnswers, "nothing is started, so there is no moment between a start and its record")]
public sealed class SimulatedEngineTests : EngineConformance
{
    private const string Fleet = """
        job_seconds: 30
        nodes:
          - { chip: h100, count: 3, devices: 8, per_rack: 2 }
          - { chip: ascend-910b, count: 2, devices: 16, memory_mib: 65536 }
        """;

    protected override IEngine Open() => new SimulatedEngine(SimulatedFleet.Parse(Fleet, chip => chip == "h100" ? 81920 : null), Data);

    protected override IReadOnlyList<string> SaysHello(int exitCode) => ["simulate", "--seconds", "0.05", "--exit", $"{exitCode}", "hello"];

    protected override IReadOnlyList<string> RunsUntilStopped() => ["simulate", "--seconds", "100000", "ready"];

    protected override IReadOnlyList<string> IgnoresTheStop() => ["simulate", "--ignore-stop", "ready"];

    protected override int StoppedCode => 143;

    protected override async Task LoseAsync(string leaseId) =>
        ((SimulatedEngine)Engine).FailNode((await Engine.InventoryAsync(default)).Nodes[0].Name);

    [Fact]
    public async Task Everything_it_reports_says_simulated()
    {
        Assert.All((await Engine.InventoryAsync(default)).Nodes, node => Assert.True(node.Simulated));
        await StartAsync("a", RunsUntilStopped());
        Assert.Contains("simulated", (await FindAsync("a"))!.Detail, StringComparison.Ordinal);
        Assert.Contains("simulated", (await LinesAsync("a", follow: false))[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_fleet_file_gives_nodes_racks_and_the_catalogues_memory()
    {
        var nodes = (await Engine.InventoryAsync(default)).Nodes;
        Assert.Equal(["sim-h100-001", "sim-h100-002", "sim-h100-003", "sim-ascend-910b-001", "sim-ascend-910b-002"], nodes.Select(node => node.Name));
        Assert.Equal(["sim-h100-rack-1", "sim-h100-rack-1", "sim-h100-rack-2", null, null], nodes.Select(node => node.Rack));
        Assert.Equal([81920, 81920, 81920, 65536, 65536], nodes.Select(node => node.MemoryMiBPerDevice));
        Assert.Equal(56, nodes.Sum(node => node.Devices.Count));
    }

    [Fact]
    public async Task A_node_that_failed_is_unhealthy_until_it_is_repaired()
    {
        var engine = (SimulatedEngine)Engine;
        engine.FailNode("sim-h100-001");
        Assert.All((await Engine.InventoryAsync(default)).Nodes[0].Devices, device => Assert.False(device.Healthy));
        engine.RepairNode("sim-h100-001");
        Assert.All((await Engine.InventoryAsync(default)).Nodes[0].Devices, device => Assert.True(device.Healthy));
    }

    [Theory]
    [InlineData("nodes: 3", "needs a list")]
    [InlineData("nodes: [ { chip: h100 } ]", "`count` is missing")]
    [InlineData("nodes:\n  - { chip: h100, count: 0, devices: 8 }", "line 2: `count` is a whole number")]
    [InlineData("nodes: [ { chip: unknown, count: 1, devices: 8 } ]", "`memory_mib` is missing")]
    [InlineData("nodes: [ { chip: h100, count: 1, devices: 8, gpus: 2 } ]", "no field `gpus`")]
    [InlineData("nodes: [", "no YAML")]
    [InlineData("{ \"nodes\": [], \"speed\": -1 }", "`speed` is a positive number")]
    public void A_fleet_file_that_is_wrong_is_told_in_one_line(string text, string what)
    {
        var refused = Assert.Throws<EngineException>(() => SimulatedFleet.Parse(text, chip => chip == "h100" ? 81920 : null));
        Assert.Contains(what, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }
}
