using System.Collections.Immutable;
using Amalgam.Core.Allocation;

namespace Amalgam.Simulation.Scenarios;

internal static class EventFields
{
    public static ScenarioEvent Read(Fields fields, Scenario scenario, IReadOnlySet<string> workloads)
    {
        var at = fields.Time("at") ?? throw fields.Fault("at", "the field is missing");
        ScenarioEvent? found = null;
        if (fields.OptionalText("finish") is { } finished)
        {
            found = workloads.Contains(finished)
                ? new ScenarioEvent.Finish(at, finished)
                : throw fields.Fault("finish", $"there is no workload {finished}");
        }

        if (fields.OptionalText("lose") is { } lost)
        {
            found = new ScenarioEvent.Lose(at, Node(fields, "lose", lost, scenario));
        }

        if (fields.OptionalText("restore") is { } restored)
        {
            found = new ScenarioEvent.Restore(at, Node(fields, "restore", restored, scenario));
        }

        foreach (var kind in new[] { "setUnit", "moveUnit" })
        {
            if (fields.Object(kind) is { } change)
            {
                found = ReadUnitChange(at, change, scenario);
            }
        }

        fields.NothingElse();
        return found ?? throw fields.Fault("at", "the event says nothing; give one of finish, lose, restore, setUnit, moveUnit");
    }

    private static ScenarioEvent.SetUnit ReadUnitChange(long at, Fields change, Scenario scenario)
    {
        var set = new ScenarioEvent.SetUnit(at, change.Text("name"), UnitFields.Change(change));
        change.NothingElse();
        if (!HasUnit(scenario.Units, set.Unit))
        {
            throw change.Fault("name", $"there is no unit {set.Unit}");
        }

        var parent = set.Change(new UnitState { Name = set.Unit }).Parent;
        return parent is null || HasUnit(scenario.Units, parent) ? set : throw change.Fault("parent", $"there is no unit {parent}");
    }

    private static bool HasUnit(ImmutableArray<UnitState> units, string name) =>
        units.Any(unit => string.Equals(unit.Name, name, StringComparison.Ordinal));

    private static string Node(Fields fields, string field, string name, Scenario scenario) =>
        scenario.Nodes.Any(node => string.Equals(node.Name, name, StringComparison.Ordinal))
            ? name
            : throw fields.Fault(field, $"there is no node {name}");
}
