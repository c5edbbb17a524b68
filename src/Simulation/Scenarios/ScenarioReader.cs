using System.Collections.Immutable;
using Amalgam.Core.Allocation;

namespace Amalgam.Simulation.Scenarios;

/// <summary>Reads a scenario file and refuses by file, line and field what it does not understand. Nothing is half applied.</summary>
public static class ScenarioReader
{
    /// <exception cref="ScenarioException">The file cannot be run.</exception>
    public static Scenario Read(string file, ReadOnlySpan<byte> text)
    {
        var root = new Fields(file, "", LinedJson.Parse(file, text));
        var nodes = root.Objects("nodes").Select(ReadNode).ToImmutableArray();
        var chips = nodes.Select(node => node.ChipClass).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToImmutableArray();
        var units = root.Objects("units").Select(ReadUnit).ToImmutableArray();
        var scenario = new Scenario
        {
            Name = root.OptionalText("name") ?? file,
            Nodes = nodes,
            Units = units,
            Workloads = [.. root.Objects("workloads").Select(fields => WorkloadFields.Read(fields, chips, nodes, units))],
        };
        var names = scenario.Workloads.Select(workload => workload.State.Name).ToHashSet(StringComparer.Ordinal);
        scenario = scenario with
        {
            Events = [.. root.Objects("events").Select(fields => EventFields.Read(fields, scenario, names))],
            Expect = root.Object("expect") is { } expect ? ExpectFields.Read(expect, names, units) : new(),
            Notes = Notes(units, nodes),
        };
        scenario = ReadSettings(root.Object("settings"), scenario);
        root.NothingElse();
        if (SnapshotFaults.First(new AllocationSnapshot
            {
                NowMs = 0, Nodes = nodes, Units = units, Workloads = [.. scenario.Workloads.Select(workload => workload.State)],
            }) is { } fault)
        {
            throw new ScenarioException(file, root.Line, "", fault);
        }

        return scenario;
    }

    private static NodeState ReadNode(Fields fields)
    {
        var node = new NodeState
        {
            Name = fields.Text("name"),
            ChipClass = fields.Text("chip"),
            Devices = fields.Whole("devices", 0, 1_000) ?? 1,
            MemoryMiB = fields.Whole("memoryMiB", 0, int.MaxValue) ?? 0,
            Rack = fields.OptionalText("rack"),
        };
        fields.NothingElse();
        return node;
    }

    private static UnitState ReadUnit(Fields fields)
    {
        var unit = UnitFields.Change(fields)(new UnitState { Name = fields.Text("name") });
        fields.NothingElse();
        return unit;
    }

    private static Scenario ReadSettings(Fields? fields, Scenario scenario)
    {
        if (fields is null)
        {
            return scenario with { UntilMs = 60_000 };
        }

        var halfLife = ChipAmounts.None;
        if (fields.Object("halfLife") is { } halves)
        {
            halfLife = ChipAmounts.From(halves.Names.ToList().Select(chip => new KeyValuePair<string, long>(chip, halves.Time(chip) ?? 0)));
        }

        scenario = scenario with
        {
            CycleMs = Math.Max(1, fields.Time("cycle") ?? 1000),
            UntilMs = fields.Time("until") ?? 60_000,
            Settings = new AllocationSettings { LeaseTermMs = fields.Time("leaseTerm") ?? 360_000, HalfLifeMs = halfLife },
        };
        fields.NothingElse();
        return scenario.UntilMs / scenario.CycleMs <= 1_000_000
            ? scenario
            : throw fields.Fault("until", "more than a million cycles; lengthen the cycle or shorten the time");
    }

    private static ImmutableArray<string> Notes(ImmutableArray<UnitState> units, ImmutableArray<NodeState> nodes)
    {
        var stock = nodes.GroupBy(node => node.ChipClass, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Sum(node => node.Devices * 1000L), StringComparer.Ordinal);
        return [.. units.SelectMany(unit => unit.Guarantee.Entries.Concat(unit.Firm.Entries)
            .Where(entry => entry.Value > stock.GetValueOrDefault(entry.Key))
            .Select(entry => $"unit {unit.Name} is guaranteed more {entry.Key} than was ever in stock"))];
    }
}
