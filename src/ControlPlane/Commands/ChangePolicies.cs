using System.Collections.Immutable;
using Amalgam.ControlPlane.Ports;
using Amalgam.ControlPlane.State;
using Amalgam.Contracts;
using Amalgam.Core;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger.Admission;

namespace Amalgam.ControlPlane.Commands;

/// <summary>`policy add | remove`: a file is applied whole or not at all.</summary>
public static class ChangePolicies
{
    private const int MostRules = 200;

    public static Decision<ImmutableArray<string>> Add(CloudState state, Caller caller, PolicyRequest request, ICatalogue catalogue)
    {
        if (MayDecide(state, caller) is { } refusal)
        {
            return refusal;
        }

        var read = PolicyFile.Read(request.File, request.Text, Words(state, catalogue));
        if (read.Refusal is { } wrong)
        {
            return wrong;
        }

        var rules = read.Value;
        if (rules.GroupBy(rule => rule.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1 || state.Admission.Find(group.Key) is not null) is { } twice)
        {
            return new Refusal(RefusalCodes.Conflict, $"there is a rule {twice.Key} already: remove it first (`amalgam policy remove {twice.Key}`), or give the new one another name");
        }

        return state.Admission.Rules.Length + rules.Length > MostRules
            ? new Refusal(RefusalCodes.Conflict, $"a cloud has at most {MostRules} rules: remove some first")
            : Decide.Yes(rules.Select(rule => rule.Name).ToImmutableArray(), [.. rules.Select(rule => new RuleAdded(rule))]);
    }

    public static Decision<string> Remove(CloudState state, Caller caller, string name) =>
        MayDecide(state, caller) is { } refusal ? refusal
        : state.Admission.Find(name) is null ? new Refusal(RefusalCodes.NotFound, $"there is no rule '{Names.Clip(name)}': `amalgam policy list` shows them")
        : Decide.Yes(name, new RuleRemoved(name));

    public static PolicyWords Words(CloudState state, ICatalogue catalogue)
    {
        var facts = state.Units.InOrder.SelectMany(unit => unit.Facts.Keys).Concat(["segment", "region", "customer-since"]).ToHashSet(StringComparer.Ordinal);
        var classes = catalogue.Chips.Select(chip => chip.ChipClass).Concat(state.Nodes.Select(node => node.ChipClass)).ToHashSet(StringComparer.Ordinal);
        return new(facts, classes, catalogue.Chips.ToLookup(chip => chip.Vendor, chip => chip.ChipClass, StringComparer.OrdinalIgnoreCase));
    }

    private static Refusal? MayDecide(CloudState state, Caller caller) =>
        Permission.Check(state, caller, Role.Owner, state.Units.Root.Name) is null ? null : new Refusal(RefusalCodes.Forbidden, $"rules are decided with an owner's key of {state.Units.Root.Name}");
}
