using System.Collections.Immutable;
using Amalgam.Core.Allocation;

namespace Amalgam.Simulation.Scenarios;

internal static class ExpectFields
{
    private static readonly ImmutableArray<string> Reasons =
        [.. Enum.GetValues<PendingReason>().Select(PendingReasons.Code)];

    public static ScenarioExpectations Read(Fields fields, IReadOnlySet<string> workloads, ImmutableArray<UnitState> units)
    {
        var expect = new ScenarioExpectations
        {
            Running = Names(fields, "running", workloads),
            Evicted = Names(fields, "evicted", workloads),
            NotEvicted = Names(fields, "notEvicted", workloads),
            Pending = Pending(fields, workloads),
            Allocated = PerUnit(fields, "allocated", units),
            AllocatedAtLeast = PerUnit(fields, "allocatedAtLeast", units),
            Targets = PerUnit(fields, "targets", units),
            Shortfall = PerUnit(fields, "shortfall", units),
        };
        fields.NothingElse();
        return expect;
    }

    private static ImmutableArray<string> Names(Fields fields, string field, IReadOnlySet<string> workloads)
    {
        var names = fields.Texts(field);
        foreach (var name in names)
        {
            if (!workloads.Contains(name))
            {
                throw fields.Fault(field, $"there is no workload {name}");
            }
        }

        return [.. names];
    }

    private static ImmutableArray<KeyValuePair<string, string>> Pending(Fields fields, IReadOnlySet<string> workloads)
    {
        if (fields.Object("pending") is not { } pending)
        {
            return [];
        }

        return [.. pending.Names.Select(name =>
        {
            var reason = pending.Text(name);
            return !workloads.Contains(name) ? throw pending.Fault(name, "there is no such workload")
                : Reasons.Contains(reason) ? new KeyValuePair<string, string>(name, reason)
                : throw pending.Fault(name, $"{reason} is no reason; the list is {string.Join(", ", Reasons)}");
        })];
    }

    private static ImmutableArray<KeyValuePair<string, ChipAmounts>> PerUnit(
        Fields fields, string field, ImmutableArray<UnitState> units)
    {
        if (fields.Object(field) is not { } perUnit)
        {
            return [];
        }

        return [.. perUnit.Names.Select(name => units.Any(unit => string.Equals(unit.Name, name, StringComparison.Ordinal))
            ? new KeyValuePair<string, ChipAmounts>(name, perUnit.Amounts(name)!)
            : throw perUnit.Fault(name, "there is no such unit"))];
    }
}
