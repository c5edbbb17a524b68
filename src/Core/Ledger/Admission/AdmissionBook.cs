using System.Collections.Immutable;
using Amalgam.Core.Allocation;
using Amalgam.Core.Journal;

namespace Amalgam.Core.Ledger.Admission;

/// <summary>The rules in order of adding, and the scarcity prices that they ask about as recorded last.</summary>
public sealed class AdmissionBook
{
    private ImmutableSortedDictionary<string, long> _scarcity = ImmutableSortedDictionary<string, long>.Empty;

    public ImmutableArray<AdmissionRule> Rules { get; private set; } = [];

    public AdmissionRule? Find(string name) => Rules.FirstOrDefault(rule => rule.Name == name);

    public long ScarcityMillionths(string chipClass) => _scarcity.GetValueOrDefault(chipClass);

    /// <summary>The next instant after <paramref name="afterMs"/> at which a rule begins or ends; <see cref="long.MaxValue"/> if none does.</summary>
    public long NextChange(long afterMs) =>
        Rules.SelectMany(rule => (long[])[rule.BeginMs, rule.ToMs ?? long.MaxValue]).Where(at => at > afterMs).DefaultIfEmpty(long.MaxValue).Min();

    /// <summary>A record only when a price moves to the other side of what some rule asks about: else every plan would leave one.</summary>
    public ScarcitySeen? News(ImmutableArray<ChipPrice> prices)
    {
        var asked = Rules.Where(rule => rule.Class.ScarcityPriceAboveMillionths is not null).Select(rule => rule.Class.ScarcityPriceAboveMillionths!.Value).ToList();
        var now = prices.ToImmutableSortedDictionary(price => price.ChipClass, price => price.Millionths, StringComparer.Ordinal);
        return asked.Count > 0 && now.Keys.Union(_scarcity.Keys, StringComparer.Ordinal).Any(chip => asked.Exists(bound => now.GetValueOrDefault(chip) > bound != ScarcityMillionths(chip) > bound))
            ? new ScarcitySeen(now)
            : null;
    }

    public void Apply(AdmissionEvent fact, long atMs)
    {
        switch (fact)
        {
            case RuleAdded added: Rules = Rules.Add(added.Rule with { AddedMs = atMs }); break;
            case RuleRemoved removed: Rules = Rules.RemoveAll(rule => rule.Name == removed.Name); break;
            case ScarcitySeen seen: _scarcity = seen.Millionths; break;
        }
    }
}
