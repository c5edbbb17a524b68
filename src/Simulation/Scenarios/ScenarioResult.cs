using Amalgam.Core.Allocation;
using Amalgam.Core.Allocation.Laws;

namespace Amalgam.Simulation.Scenarios;

/// <summary>How a scenario went.</summary>
public sealed class ScenarioResult
{
    internal ScenarioResult(
        Scenario scenario, LawBook laws, IReadOnlyList<ExpectationOutcome> expectations, ScenarioLog log, VirtualCloud cloud,
        AllocationPlan last)
    {
        (Scenario, Laws, Expectations, Log, Cloud, Last) = (scenario, laws, expectations, log, cloud, last);
    }

    public Scenario Scenario { get; }

    public LawBook Laws { get; }

    public IReadOnlyList<ExpectationOutcome> Expectations { get; }

    internal ScenarioLog Log { get; }

    internal VirtualCloud Cloud { get; }

    /// <summary>The plan of the last cycle.</summary>
    public AllocationPlan Last { get; }

    public bool Held => Laws.Held && Expectations.All(expectation => expectation.Held);

    /// <summary>What did not hold, one sentence each.</summary>
    public IEnumerable<string> Failures
    {
        get
        {
            foreach (var law in Enum.GetValues<Law>())
            {
                if (Laws.DetailOf(law) is { } detail)
                {
                    yield return $"law {law}: {detail}";
                }
            }

            foreach (var expectation in Expectations.Where(expectation => !expectation.Held))
            {
                yield return expectation.Detail.Length == 0 ? $"expected: {expectation.What}" : $"expected: {expectation.What}; {expectation.Detail}";
            }
        }
    }
}
