using System.Collections.Immutable;
using System.Globalization;
using Amalgam.Core.Allocation;
using Amalgam.Core.Cloud;
using Amalgam.Core.Ledger.Stock;

namespace Amalgam.Core.Ledger.Admission;

/// <summary>The rules as they stand at one instant, asked many times: what was answered once is kept. Lives no longer than the state it looks at stands still.</summary>
public sealed class AdmissionView
{
    private const long BreadthMs = 90L * 86_400_000;
    private const long Million = 1_000_000;

    private readonly CloudState _state;
    private readonly long _nowMs;
    private readonly ImmutableArray<AdmissionRule> _rules;
    private readonly Dictionary<(string Unit, string ChipClass), AdmissionRule?> _answers = [];
    private readonly Dictionary<string, long> _leasedShare = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ImmutableArray<ClassRefusal>> _kept = new(StringComparer.Ordinal);

    private AdmissionView(CloudState state, long nowMs, ImmutableArray<AdmissionRule> rules) => (_state, _nowMs, _rules) = (state, nowMs, rules);

    /// <summary>Null when no rule is in force: everybody may use everything, at no cost.</summary>
    public static AdmissionView? Of(CloudState state, long nowMs)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (state.Admission.Rules.IsEmpty)
        {
            return null;
        }

        var rules = state.Admission.Rules.RemoveAll(rule => !rule.InForce(nowMs));
        return rules.IsEmpty ? null : new(state, nowMs, rules);
    }

    /// <summary>The rule that keeps a unit from beginning to use a class; null when it may.</summary>
    public AdmissionRule? RefusedBy(string unit, string chipClass)
    {
        if (!_answers.TryGetValue((unit, chipClass), out var answer))
        {
            var speaking = _rules.Where(rule => Speaks(rule, unit, chipClass)).ToList();
            _answers[(unit, chipClass)] = answer = speaking.Exists(rule => rule.Allows) ? null : speaking.FirstOrDefault();
        }

        return answer;
    }

    internal ImmutableArray<ClassRefusal> Kept(string key, Func<ImmutableArray<ClassRefusal>> make)
    {
        if (!_kept.TryGetValue(key, out var refusals))
        {
            _kept[key] = refusals = make();
        }

        return refusals;
    }

    /// <summary>The nearest unit at or above that says since when it is a customer, else the one just below the root: its whole subtree is one customer.</summary>
    public static string Customer(CloudState state, string unit)
    {
        ArgumentNullException.ThrowIfNull(state);
        var top = unit;
        for (var at = state.Units.Find(unit); at?.Parent is not null; at = state.Units.Find(at.Parent))
        {
            if (at.Facts.ContainsKey("customer-since"))
            {
                return at.Name;
            }

            top = at.Name;
        }

        return top;
    }

    /// <summary>Kinds of use by the unit's customer in the last 90 days: serving models, jobs, tokens.</summary>
    public int Breadth(string unit)
    {
        var members = Members(unit);
        return Enum.GetValues<UseKind>().Count(kind => members.Any(member => _state.Use.LastUseMs(member, kind) >= _nowMs - BreadthMs || Runs(member, kind)));
    }

    /// <summary>The unit, or one above it, has a contract on the class in force.</summary>
    public bool HasContract(string unit, string chipClass)
    {
        for (var at = _state.Units.Find(unit); at is not null; at = at.Parent is null ? null : _state.Units.Find(at.Parent))
        {
            if (_state.Contracts.InForce(at.Name, chipClass, _nowMs).Any())
            {
                return true;
            }
        }

        return false;
    }

    public bool UsedBefore(string unit, string chipClass, long beforeMs) => Members(unit).Any(member => _state.Use.FirstUseMs(member, chipClass) < beforeMs);

    /// <summary>Leased of what is in service, in millionths.</summary>
    public long LeasedShareMillionths(string chipClass)
    {
        if (!_leasedShare.TryGetValue(chipClass, out var share))
        {
            var there = Math.Max(0, _state.Stock.Count(chipClass, _nowMs)?.InService ?? Supply.Reported(_state, chipClass)) * 1000;
            var leased = _state.OpenLeases.Where(lease => lease.ChipClass == chipClass).Sum(lease => lease.MilliDevices);
            _leasedShare[chipClass] = share = there == 0 ? Million : (long)((Int128)leased * Million / there);
        }

        return share;
    }

    private bool Speaks(AdmissionRule rule, string unit, string chipClass) => Concerns(rule.Class, chipClass) && Concerns(rule, unit, chipClass);

    private bool Concerns(ClassConditions asked, string chipClass) =>
        (asked.Names.IsEmpty || asked.Names.Contains(chipClass))
        && !asked.ExceptNames.Contains(chipClass)
        && (asked.Vendors.IsEmpty || asked.VendorClasses.Contains(chipClass))
        && (asked.Replenishable is not { } replenishable || replenishable == _state.Stock.IsReplenishable(chipClass))
        && ((asked.LeasedShareAboveMillionths is null && asked.ScarcityPriceAboveMillionths is null)
            || LeasedShareMillionths(chipClass) > (asked.LeasedShareAboveMillionths ?? long.MaxValue)
            || _state.Admission.ScarcityMillionths(chipClass) > (asked.ScarcityPriceAboveMillionths ?? long.MaxValue));

    private bool Concerns(AdmissionRule rule, string unit, string chipClass)
    {
        var asked = rule.Unit;
        var facts = asked.Facts.IsEmpty ? null : _state.Units.Facts(unit);
        return asked.Facts.All(condition => Holds(condition, facts!.GetValueOrDefault(condition.Fact)))
            && (asked.Contract is not { } contract || contract == HasContract(unit, chipClass))
            && (asked.UsesClass is not { } uses || uses == UsedBefore(unit, chipClass, rule.BeginMs))
            && (asked.BreadthBelow is not { } below || Breadth(unit) < below)
            && (asked.BreadthAtLeast is not { } least || Breadth(unit) >= least);
    }

    private static bool Holds(FactCondition condition, string? value) => condition.Test switch
    {
        FactTest.OneOf => value is not null && condition.Values.Contains(value),
        FactTest.NoneOf => value is null || !condition.Values.Contains(value),
        _ => Date(value) is { } date && Date(condition.Values[0]) is { } bound && (condition.Test == FactTest.Before ? date < bound : date >= bound),
    };

    private static DateOnly? Date(string? text) => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) ? date : null;

    private bool Runs(string unit, UseKind kind) => kind != UseKind.Tokens && _state.OpenLeases.Any(lease =>
        lease.Unit == unit && _state.Workload(lease.WorkloadId)?.Spec.IsService == (kind == UseKind.Serving));

    private IEnumerable<string> Members(string unit) => _state.Units.Subtree(Customer(_state, unit)).Select(item => item.Unit.Name);
}
