using System.Globalization;
using Amalgam.ControlPlane.Ports;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Amalgam.Engines.Simulated;

/// <summary>
/// Nodes that do not exist, from a file in YAML (JSON is YAML too):
/// <code>
/// job_seconds: 60          # how long a job runs whose command does not say
/// speed: 1                 # simulated seconds per second
/// nodes:
///   - { chip: h100, count: 12, devices: 8, memory_mib: 81920, per_rack: 4 }
/// </code>
/// `memory_mib` may be left out for chips that the catalogue knows; `per_rack` 0 or left out = no racks.
/// </summary>
public sealed record SimulatedFleet(IReadOnlyList<NodeObservation> Nodes, double JobSeconds = 60, double Speed = 1)
{
    private const int NodesBound = 100_000;
    private static readonly string[] Fields = ["chip", "count", "devices", "memory_mib", "per_rack"];

    /// <param name="memoryMiBOfChip">What the catalogue knows of a chip; null = no such chip there.</param>
    /// <exception cref="EngineException">One line that names the place.</exception>
    public static SimulatedFleet Parse(string text, Func<string, long?> memoryMiBOfChip)
    {
        var yaml = new YamlStream();
        try
        {
            yaml.Load(new StringReader(text));
        }
        catch (YamlException e)
        {
            throw new EngineException($"the fleet file is no YAML: line {e.Start.Line}: {e.Message}", e);
        }

        if (yaml.Documents.Count != 1 || yaml.Documents[0].RootNode is not YamlMappingNode root || Child(root, "nodes") is not YamlSequenceNode entries)
            throw new EngineException("the fleet file needs a list `nodes:`, each with `chip`, `count` and `devices`");
        CheckFields(root, ["nodes", "job_seconds", "speed"]);
        var nodes = new List<NodeObservation>();
        foreach (var entry in entries)
        {
            if (entry is not YamlMappingNode map) throw Wrong(entry, "an entry of `nodes` is `{ chip: …, count: …, devices: … }`");
            CheckFields(map, Fields);
            Add(nodes, map, memoryMiBOfChip);
        }

        return new SimulatedFleet(nodes, Positive(root, "job_seconds", 60), Positive(root, "speed", 1));
    }

    private static void Add(List<NodeObservation> nodes, YamlMappingNode entry, Func<string, long?> memoryMiBOfChip)
    {
        var chip = (Child(entry, "chip") as YamlScalarNode)?.Value is { Length: > 0 } value ? value : throw Wrong(entry, "`chip` is missing");
        var (count, devices) = (Whole(entry, "count", null, 1, NodesBound), Whole(entry, "devices", null, 1, 1024));
        var memory = Whole(entry, "memory_mib", memoryMiBOfChip(chip), 1, 1L << 40);
        var perRack = Whole(entry, "per_rack", 0, 0, NodesBound);
        if (nodes.Count + count > NodesBound) throw Wrong(entry, $"a fleet has at most {NodesBound} nodes");
        var first = nodes.Count(node => node.ChipClass == chip);
        for (var i = first; i < first + count; i++)
        {
            var name = $"sim-{chip}-{i + 1:000}";
            nodes.Add(new NodeObservation(
                name, "simulated", name, chip, memory,
                [.. Enumerable.Range(0, (int)devices).Select(index => new DeviceObservation(index, $"{name}/{index}", true, null, []))],
                perRack == 0 ? null : $"sim-{chip}-rack-{(i / perRack) + 1}", Simulated: true));
        }
    }

    private static YamlNode? Child(YamlMappingNode map, string name) => map.Children.TryGetValue(new YamlScalarNode(name), out var node) ? node : null;

    private static void CheckFields(YamlMappingNode map, string[] known)
    {
        foreach (var key in map.Children.Keys)
            if (key is not YamlScalarNode { Value: { } name } || !known.Contains(name))
                throw Wrong(key, $"there is no field `{key}` here; known are {string.Join(", ", known)}");
    }

    private static long Whole(YamlMappingNode map, string field, long? otherwise, long least, long most)
    {
        if (Child(map, field) is not { } node) return otherwise ?? throw Wrong(map, $"`{field}` is missing");
        return node is YamlScalarNode scalar && long.TryParse(scalar.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number : throw Wrong(node, $"`{field}` is a whole number from {least} to {most}");
    }

    private static double Positive(YamlMappingNode map, string field, double otherwise)
    {
        if (Child(map, field) is not { } node) return otherwise;
        return node is YamlScalarNode scalar && double.TryParse(scalar.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number > 0 && number < 1e9
            ? number : throw Wrong(node, $"`{field}` is a positive number");
    }

    private static EngineException Wrong(YamlNode node, string what) => new($"fleet file, line {node.Start.Line}: {what}");
}
