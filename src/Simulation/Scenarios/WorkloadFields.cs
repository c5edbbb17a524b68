using System.Collections.Immutable;
using Amalgam.Core.Allocation;

namespace Amalgam.Simulation.Scenarios;

internal static class WorkloadFields
{
    public static ScenarioWorkload Read(
        Fields fields, ImmutableArray<string> chips, ImmutableArray<NodeState> nodes, ImmutableArray<UnitState> units)
    {
        var name = fields.Text("name");
        var unit = fields.Text("unit");
        if (!units.Any(known => string.Equals(known.Name, unit, StringComparison.Ordinal)))
        {
            throw fields.Fault("unit", $"there is no unit {unit}; name one from \"units\"");
        }

        var running = fields.Object("running") is { } where ? ReadRunning(where, nodes, fields) : null;
        var state = new WorkloadState
        {
            Id = name,
            Name = name,
            Unit = unit,
            Kind = ReadKind(fields),
            Members = fields.Whole("members", 0, 1_000_000) ?? 1,
            ElasticMin = fields.Whole("elasticMin", 1, 1_000_000),
            DevicesMilli = ReadDevices(fields),
            MemoryMiB = fields.Whole("memoryMiB", 0, int.MaxValue) ?? 0,
            Speeds = ReadSpeeds(fields, chips),
            Priority = fields.Whole("priority", -1_000_000, 1_000_000) ?? 0,
            Preemptible = fields.Truth("preemptible") ?? true,
            Resumable = fields.Truth("resumable") ?? false,
            CheckpointEveryMs = fields.Time("checkpointEvery"),
            MaxWaitMs = fields.Time("maxWait"),
            Mixed = fields.Truth("mixed") ?? false,
            DeclaredMs = fields.Time("declared"),
            SubmittedMs = fields.Time("submitted") ?? running?.SinceMs ?? 0,
        };
        var work = fields.Time("work");
        fields.NothingElse();
        if (running is { On.Length: > 1 } && running.On.Length > state.Members)
        {
            throw fields.Fault("running", "name one node for all members, or one node for each member that runs");
        }

        return new ScenarioWorkload(state, work, running);
    }

    private static WorkloadKind ReadKind(Fields fields) => fields.OptionalText("kind") switch
    {
        null or "job" => WorkloadKind.Job,
        "service" => WorkloadKind.Service,
        var other => throw fields.Fault("kind", $"{other} is neither \"job\" nor \"service\""),
    };

    private static long ReadDevices(Fields fields)
    {
        if (!fields.Has("devices"))
        {
            _ = fields.Number("devices", 0, 0);
            return 1000;
        }

        var milli = fields.Milli("devices", 0.001m);
        return milli < 1000 || milli % 1000 == 0
            ? milli
            : throw fields.Fault("devices", "a member takes a part of one device or a whole number of devices");
    }

    private static ImmutableArray<ClassSpeed> ReadSpeeds(Fields fields, ImmutableArray<string> chips)
    {
        if (fields.Object("chips") is not { } speeds)
        {
            return [.. chips.Select(chip => new ClassSpeed(chip, 1_000_000))];
        }

        var read = speeds.Names.Order(StringComparer.Ordinal)
            .Select(chip => new ClassSpeed(chip, (int)Math.Round(speeds.Number(chip, 0, 1000)!.Value * 1_000_000))).ToImmutableArray();
        return read.Any(speed => speed.Millionths > 0)
            ? read
            : throw fields.Fault("chips", "the speed is 0 on every class; name one class on which it runs");
    }

    private static ScenarioRunning ReadRunning(Fields where, ImmutableArray<NodeState> nodes, Fields workload)
    {
        var running = new ScenarioRunning(where.Time("since", -10_000_000_000) ?? 0, [.. where.Texts("on")]);
        where.NothingElse();
        foreach (var name in running.On)
        {
            if (!nodes.Any(node => string.Equals(node.Name, name, StringComparison.Ordinal)))
            {
                throw workload.Fault("running", $"there is no node {name}");
            }
        }

        return running.On.Length > 0 ? running : throw workload.Fault("running", "say on which node: \"on\": [\"...\"]");
    }
}
