using System.Collections.Immutable;
using System.Globalization;
using Amalgam.ControlPlane.State;
using Amalgam.Contracts;
using Amalgam.Core;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Units;

namespace Amalgam.ControlPlane.Commands;

/// <summary>`unit add | set | remove`.</summary>
public static class ChangeUnits
{
    public static Decision<string> Add(CloudState state, Caller caller, UnitRequest request, IReadOnlyCollection<string> knownClasses)
    {
        var name = request.Name ?? "";
        var parent = request.Parent ?? caller.Unit;
        if (Names.Check("unit", name) is { } bad)
        {
            return bad;
        }

        if (Permission.Check(state, caller, Role.Owner, parent) is { } refusal)
        {
            return refusal;
        }

        if (state.Units.Find(name) is not null)
        {
            return new Refusal(RefusalCodes.Conflict, $"there is a unit '{name}' already: unit names are unique in the whole organisation");
        }

        if (state.OpenWorkloads.Any(workload => workload.Spec.Unit == parent))
        {
            return new Refusal(RefusalCodes.Conflict, $"{parent} has workloads of its own, and workloads live in units without units below them: stop them first");
        }

        return Change(new Unit { Name = name, Parent = parent }, request, knownClasses);
    }

    public static Decision<string> Set(CloudState state, Caller caller, string name, UnitRequest request, IReadOnlyCollection<string> knownClasses) =>
        Permission.Check(state, caller, Role.Owner, name) is { } refusal ? refusal
        : request.Parent is not null || request.Name is not null ? new Refusal(RefusalCodes.Invalid, "a unit's place is changed with `unit move`, its name not at all")
        : name == caller.Unit && state.Units.Find(name)!.Parent is not null ? new Refusal(RefusalCodes.Forbidden, $"the key belongs to {name} itself: what {name} gets is decided above it")
        : Change(state.Units.Find(name)!, request, knownClasses);

    public static Decision<string> Remove(CloudState state, Caller caller, string name)
    {
        if (Permission.Check(state, caller, Role.Owner, name) is { } refusal)
        {
            return refusal;
        }

        var problem = name == state.Units.Root.Name ? "is the root"
            : name == caller.Unit ? "is the unit of your own key"
            : state.Moves.Pending.Any(move => move.Unit == name || move.ToParent == name) ? "has a part in a move that waits for its date (`amalgam unit moves`)"
            : state.Units.HasChildren(name) ? "has units below it: remove or move those first"
            : state.OpenWorkloads.Any(workload => workload.Spec.Unit == name) ? "has workloads: stop them first"
            : state.Keys.Any(key => key.Unit == name && key.RevokedMs is null) ? "has keys: revoke them first (`amalgam key list`)"
            : null;
        return problem is null ? Decide.Yes(name, new UnitRemoved(name)) : new Refusal(RefusalCodes.Conflict, $"{name} cannot be removed: it {problem}");
    }

    private static Decision<string> Change(Unit unit, UnitRequest request, IReadOnlyCollection<string> knownClasses)
    {
        if (request.Weight is < 0 or > 1_000_000)
        {
            return new Refusal(RefusalCodes.Invalid, $"the weight must be between 0 and 1000000, not {request.Weight}");
        }

        var guarantee = Merge("guarantee", unit.Guarantee, request.Guarantee, knownClasses);
        var limit = Merge("limit", unit.Limit, request.Limit, knownClasses);
        var minRuntime = Amounts.Seconds("the minimum runtime", request.MinRuntimeSeconds);
        var maxWait = Amounts.Seconds("the longest wait", request.MaxWaitSeconds);
        var facts = Merge(unit.Facts, request.Facts);
        if ((guarantee.Refusal ?? limit.Refusal ?? minRuntime.Refusal ?? maxWait.Refusal ?? facts.Refusal) is { } refusal)
        {
            return refusal;
        }

        return Decide.Yes(unit.Name, new UnitSet(unit with
        {
            Weight = request.Weight ?? unit.Weight,
            Guarantee = guarantee.Value!,
            Limit = limit.Value!,
            MinRuntimeMs = minRuntime.Value ?? unit.MinRuntimeMs,
            MaxWaitMs = maxWait.Value ?? unit.MaxWaitMs,
            Facts = facts.Value!,
        }));
    }

    /// <summary>Classes may be promised before the first device is there, if the catalogue knows them.</summary>
    private static Outcome<ImmutableSortedDictionary<string, long>> Merge(
        string what, ImmutableSortedDictionary<string, long> old, IReadOnlyDictionary<string, decimal?>? changes, IReadOnlyCollection<string> knownClasses)
    {
        foreach (var (chip, amount) in changes ?? new Dictionary<string, decimal?>())
        {
            if (!knownClasses.Contains(chip, StringComparer.Ordinal))
            {
                return new Refusal(RefusalCodes.Invalid, $"{what}: neither this cloud nor the catalogue has a chip class '{Names.Clip(chip)}' (`amalgam chips`)");
            }

            if (amount is < 0 or > 10_000_000 || (amount is { } given && decimal.Truncate(given * 1000) != given * 1000))
            {
                return new Refusal(RefusalCodes.Invalid, $"{what} of {chip}: give devices between 0 and 10000000 with at most three decimals, not {amount}");
            }

            old = amount is null ? old.Remove(chip) : old.SetItem(chip, (long)(amount.Value * 1000));
        }

        return old;
    }

    private static Outcome<ImmutableSortedDictionary<string, string>> Merge(ImmutableSortedDictionary<string, string> old, IReadOnlyDictionary<string, string?>? changes)
    {
        foreach (var (name, value) in changes ?? new Dictionary<string, string?>())
        {
            if (Names.Check("fact", name) is { } bad)
            {
                return bad;
            }

            if (value is { } text && (text.Length is 0 or > 100 || text.Any(char.IsControl)))
            {
                return new Refusal(RefusalCodes.Invalid, $"the fact {name} wants one line of at most 100 letters, not '{Names.Clip(text)}'");
            }

            if (name == "customer-since" && value is not null && !DateOnly.TryParseExact(value, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _))
            {
                return new Refusal(RefusalCodes.Invalid, $"customer-since wants a date such as 2024-03-01, not '{Names.Clip(value)}'");
            }

            old = value is null ? old.Remove(name) : old.SetItem(name, value);
        }

        return old.Count <= 50 ? old : new Refusal(RefusalCodes.Invalid, "a unit has at most 50 facts of its own");
    }
}
