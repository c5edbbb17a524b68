using Amalgam.Core.Allocation.Laws;

namespace Amalgam.Simulation.Scenarios;

/// <summary>The first violation of each law.</summary>
public sealed class LawBook
{
    private readonly SortedDictionary<Law, string> _broken = [];

    public bool Held => _broken.Count == 0;

    public string? DetailOf(Law law) => _broken.GetValueOrDefault(law);

    public void Add(LawViolation violation)
    {
        ArgumentNullException.ThrowIfNull(violation);
        _broken.TryAdd(violation.Law, violation.Detail);
    }

    public void Add(IEnumerable<LawViolation> violations)
    {
        ArgumentNullException.ThrowIfNull(violations);
        foreach (var violation in violations)
        {
            Add(violation);
        }
    }
}
