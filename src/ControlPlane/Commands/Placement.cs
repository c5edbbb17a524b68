using System.Collections.Immutable;
using Amalgam.Core;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;

namespace Amalgam.ControlPlane.Commands;

/// <summary>Where a new workload may go: its unit and its chip classes.</summary>
internal static class Placement
{
    public const string DefaultUnit = "default";

    /// <summary>The unit asked for, else the key's own when it is a leaf, else `default`. Workloads live in leaves.</summary>
    public static Outcome<string> Unit(CloudState state, Caller caller, string? asked)
    {
        if (!caller.MayUse)
        {
            return new Refusal(RefusalCodes.Forbidden, $"the key {caller.KeyId} is an auditor's: it only reads");
        }

        var unit = asked ?? (state.Units.HasChildren(caller.Unit) ? DefaultUnit : caller.Unit);
        if (state.Units.Find(unit) is null || !Permission.Sees(state, caller, unit))
        {
            return asked is null
                ? new Refusal(RefusalCodes.Invalid, $"{caller.Unit} has units below it: say which one with --unit")
                : Permission.NoUnit(state, caller, unit);
        }

        return state.Units.HasChildren(unit)
            ? new Refusal(RefusalCodes.Invalid, $"workloads live in units without units below them, and {unit} has some: use one of {string.Join(", ", Leaves(state, unit))}")
            : unit;
    }

    public static Outcome<ImmutableArray<string>> Chips(IReadOnlyList<string>? asked, IReadOnlyCollection<string> known)
    {
        var chips = (asked ?? []).Where(chip => chip is not (null or "any")).Distinct(StringComparer.Ordinal).ToImmutableArray();
        var unknown = chips.FirstOrDefault(chip => !known.Contains(chip, StringComparer.Ordinal));
        return unknown is null
            ? chips
            : new Refusal(RefusalCodes.Invalid, $"there is no chip class '{Names.Clip(unknown)}' in this cloud: it has {string.Join(", ", known.Order(StringComparer.Ordinal))}");
    }

    private static IEnumerable<string> Leaves(CloudState state, string unit) =>
        state.Units.Subtree(unit).Select(item => item.Unit.Name).Where(name => !state.Units.HasChildren(name)).Take(12);
}
