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

        if (fields.Object("refuse") is { } refusal)
        {
            found = ReadRefusal(at, refusal, scenario);
        }

        if (fields.Object("allow") is { } leave)
        {
            found = new ScenarioEvent.Allow(at, Unit(leave, scenario), leave.OptionalText("chip"));
            leave.NothingElse();
        }

        fields.NothingElse();
        return found ?? throw fields.Fault("at", "the event says nothing; give one of finish, lose, restore, setUnit, moveUnit, refuse, allow");
    }

    private static ScenarioEvent.Refuse ReadRefusal(long at, Fields fields, Scenario scenario)
    {
        var kind = fields.Text("kind") switch
        {
            "budget" => RefusalKind.Budget,
            "admission" => RefusalKind.Admission,
            var other => throw fields.Fault("kind", $"{other} is neither \"budget\" nor \"admission\""),
        };
        var (unit, chip) = (Unit(fields, scenario), fields.OptionalText("chip"));
        var change = kind == RefusalKind.Budget ? "Raise the budget." : "Ask for another class, or change the rule.";
        var refusal = new ClassRefusal(chip, kind, fields.OptionalText("detail") ?? $"{(kind == RefusalKind.Budget ? "No budget" : "No rule")} of {unit} allows it.", change);
        fields.NothingElse();
        return new ScenarioEvent.Refuse(at, unit, refusal);
    }

    private static string Unit(Fields fields, Scenario scenario)
    {
        var unit = fields.Text("unit");
        return HasUnit(scenario.Units, unit) ? unit : throw fields.Fault("unit", $"there is no unit {unit}");
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
