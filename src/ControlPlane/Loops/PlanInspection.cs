using System.Diagnostics;
using Amalgam.Core.Allocation;
using Amalgam.Core.Allocation.Laws;
using Amalgam.Core.Cloud;

namespace Amalgam.ControlPlane.Loops;

/// <summary>
/// The full check of a plan: asked on the whole snapshot the allocator must decide the same, and all laws must hold. It looks at
/// everything, so it takes its time: at most a twentieth of it, which in a small cloud is after almost every plan.
/// </summary>
public sealed class PlanInspection
{
    private const int Share = 20;

    private long _dueTimestamp;

    public bool IsDue => Stopwatch.GetTimestamp() >= _dueTimestamp;

    /// <summary>How many plans were checked in full.</summary>
    public long Checked { get; private set; }

    /// <param name="snapshot">The whole cloud when the plan was made.</param>
    public IReadOnlyList<LawViolation> Check(AllocationSnapshot snapshot, AllocationPlan plan)
    {
        var begun = Stopwatch.GetTimestamp();
        var again = Allocator.Plan(snapshot);
        var violations = PlanChecker.Check(snapshot, again).ToList();
        var (made, whole) = (DecisionText.Of(plan), DecisionText.Of(again));
        if (!made.AsSpan().SequenceEqual(whole.AsSpan()))
        {
            var at = Enumerable.Range(0, Math.Max(made.Length, whole.Length)).First(i => made.ElementAtOrDefault(i) != whole.ElementAtOrDefault(i));
            violations.Insert(0, new LawViolation(Law.L12, $"on the whole snapshot decision {at + 1} is {whole.ElementAtOrDefault(at) ?? "none"}, not {made.ElementAtOrDefault(at) ?? "none"}"));
        }

        Checked++;
        var now = Stopwatch.GetTimestamp();
        _dueTimestamp = now + (Share * (now - begun));
        return violations;
    }
}
