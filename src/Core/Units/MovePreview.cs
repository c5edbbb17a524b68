using System.Globalization;
using Amalgam.Core.Cloud;
using Amalgam.Core.Ledger.Pricing;

namespace Amalgam.Core.Units;

/// <summary>One thing that a move changes for one unit.</summary>
/// <param name="What">`place`, `share`, `limit h100`, `promised below h100`, `contract c3`, `fact segment`, …</param>
public sealed record MoveEffect(string Unit, string What, string Before, string After);

/// <summary>
/// What a move would change, unit by unit, computed on the present tree and on the same tree after the move. Nothing is left out silently: what is not in the list stays as it is.
/// </summary>
public static class MovePreview
{
    public static IReadOnlyList<MoveEffect> Of(CloudState state, string unit, string parent, long atMs)
    {
        var (before, after) = (state.Units, state.Units.With(unit, parent));
        var effects = new List<MoveEffect>();
        var below = before.Subtree(unit).Select(item => item.Unit.Name).ToList();
        foreach (var name in below)
        {
            Add(effects, name, "place", before.Path(name), after.Path(name));
        }

        foreach (var name in Siblings(before, after, unit))
        {
            Add(effects, name, "share of what nobody is guaranteed", Share(before, name), Share(after, name));
        }

        foreach (var name in Above(before, after, unit))
        {
            Promises(effects, before, after, name);
        }

        foreach (var name in below)
        {
            Limits(effects, before, after, name);
            Facts(effects, before, after, name);
            Contracts(effects, state, before, after, name, atMs);
            Budgets(effects, state, before, after, name);
            Prices(effects, state, after, name, atMs);
        }

        return effects;
    }

    private static void Add(List<MoveEffect> effects, string unit, string what, string before, string after)
    {
        if (before != after)
        {
            effects.Add(new MoveEffect(unit, what, before, after));
        }
    }

    /// <summary>The unit itself, those that it leaves and those that it joins.</summary>
    private static IEnumerable<string> Siblings(UnitTree before, UnitTree after, string unit) =>
        before.InOrder.Where(other => other.Name == unit || other.Parent == before.Find(unit)!.Parent || other.Parent == after.Find(unit)!.Parent).Select(other => other.Name);

    private static string Share(UnitTree tree, string name)
    {
        var unit = tree.Find(name)!;
        var sum = tree.InOrder.Where(other => other.Parent == unit.Parent).Sum(other => other.Weight);
        return sum == 0 ? "none" : string.Create(CultureInfo.InvariantCulture, $"{unit.Weight * 1000 / sum / 10m:0.0} % of {unit.Parent}");
    }

    private static IEnumerable<string> Above(UnitTree before, UnitTree after, string unit) =>
        before.Path(before.Find(unit)!.Parent!).Split('/').Union(after.Path(after.Find(unit)!.Parent!).Split('/'), StringComparer.Ordinal);

    /// <summary>What a unit's children are guaranteed, against what it is guaranteed itself: more is over-committed.</summary>
    private static void Promises(List<MoveEffect> effects, UnitTree before, UnitTree after, string name)
    {
        foreach (var chip in Classes(before, name).Union(Classes(after, name), StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            Add(effects, name, $"guaranteed below, {chip}", Promised(before, name, chip), Promised(after, name, chip));
        }
    }

    private static IEnumerable<string> Classes(UnitTree tree, string name) => tree.InOrder.Where(child => child.Parent == name).SelectMany(child => child.Guarantee.Keys);

    private static string Promised(UnitTree tree, string name, string chip)
    {
        var own = tree.Find(name)!.Guarantee.GetValueOrDefault(chip);
        var below = tree.InOrder.Where(child => child.Parent == name).Sum(child => child.Guarantee.GetValueOrDefault(chip));
        var over = own > 0 && below > own ? $", over-committed by {Devices(below - own)}" : "";
        return own == 0 ? $"{Devices(below)}, nothing of its own" : $"{Devices(below)} of {Devices(own)}{over}";
    }

    private static void Limits(List<MoveEffect> effects, UnitTree before, UnitTree after, string name)
    {
        var (old, now) = (Tightest(before, name), Tightest(after, name));
        foreach (var chip in old.Keys.Union(now.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            Add(effects, name, $"limit {chip}", old.GetValueOrDefault(chip, "none"), now.GetValueOrDefault(chip, "none"));
        }
    }

    private static Dictionary<string, string> Tightest(UnitTree tree, string name) => Chain(tree, name)
        .SelectMany(unit => unit.Limit.Select(limit => (limit.Key, limit.Value, unit.Name)))
        .GroupBy(limit => limit.Key, StringComparer.Ordinal)
        .ToDictionary(group => group.Key, group => group.MinBy(limit => limit.Value) is var tightest ? $"{Devices(tightest.Value)} by {tightest.Name}" : "", StringComparer.Ordinal);

    /// <summary>Admission rules and prices ask for facts.</summary>
    private static void Facts(List<MoveEffect> effects, UnitTree before, UnitTree after, string name)
    {
        var (old, now) = (before.Facts(name), after.Facts(name));
        foreach (var fact in old.Keys.Union(now.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            Add(effects, name, $"fact {fact}", old.GetValueOrDefault(fact, "none"), now.GetValueOrDefault(fact, "none"));
        }
    }

    /// <summary>Firm contracts of the units above: their devices and terms hold for the whole subtree, and for nobody outside.</summary>
    private static void Contracts(List<MoveEffect> effects, CloudState state, UnitTree before, UnitTree after, string name, long atMs)
    {
        foreach (var contract in state.Contracts.All.Where(contract => contract.InForce(atMs)))
        {
            var text = $"{Devices(contract.MilliDevices)} {contract.ChipClass} of {contract.Unit}{(contract.Price is null ? "" : ", at its price")}";
            Add(effects, name, $"contract {contract.Id}", before.IsWithin(name, contract.Unit) ? text : "not for it", after.IsWithin(name, contract.Unit) ? text : "not for it");
        }
    }

    /// <summary>Budgets of the units above: what is used after the move counts in the new ones; what was used before stays counted where it was.</summary>
    private static void Budgets(List<MoveEffect> effects, CloudState state, UnitTree before, UnitTree after, string name)
    {
        foreach (var budget in state.Budgets.All.Select(counter => counter.Budget))
        {
            var text = $"{(budget.Hard ? "hard " : "")}budget of {budget.Unit}";
            Add(effects, name, $"budget {budget.Id}", before.IsWithin(name, budget.Unit) ? text : "not for it", after.IsWithin(name, budget.Unit) ? text : "not for it");
        }
    }

    /// <summary>What a device-hour of each class costs the unit at the date of the move, here and there.</summary>
    private static void Prices(List<MoveEffect> effects, CloudState state, UnitTree after, string name, long atMs)
    {
        var moved = new Tariffs(state.Prices, state.Contracts, state.Commitments, after);
        foreach (var chip in state.Pool.Classes)
        {
            Add(effects, name, $"price of {chip}", Price(state.Tariffs.Device(name, chip, atMs)), Price(moved.Device(name, chip, atMs)));
        }
    }

    private static string Price(Tariff tariff) => tariff.IsCounted ? $"by quantity, {tariff.LineRule}" : $"{Ledger.Nano.Format(tariff.Rates.DeviceHour)}{(tariff.LineRule is { } rule ? $" ({rule})" : "")}";

    private static IEnumerable<Unit> Chain(UnitTree tree, string name)
    {
        for (var at = tree.Find(name); at is not null; at = at.Parent is null ? null : tree.Find(at.Parent))
        {
            yield return at;
        }
    }

    private static string Devices(long milli) => (milli / 1000m).ToString("0.###", CultureInfo.InvariantCulture);
}
