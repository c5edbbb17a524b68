using System.Collections.Immutable;
using Amalgam.Core.Allocation;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;

namespace Amalgam.Simulation.Journal;

/// <summary>A decision that the allocator took then and would not take now, or the other way round. Null = there is none on that side.</summary>
public sealed record ReplayDifference(long Sequence, long AtMs, string? Recorded, string? Replayed);

/// <param name="Cycles">Recorded cycles that decided something; each was planned again.</param>
/// <param name="Decisions">Recorded in them.</param>
public sealed record ReplayResult(long Records, long Cycles, long Decisions, ImmutableArray<ReplayDifference> Differences);

/// <summary>
/// Plans every recorded cycle again on the state that the records before it add up to, and compares decision for decision. No difference means that
/// what is simulated is what ran. A journal written by a version with another allocator may differ: that is what changed.
/// </summary>
public sealed class JournalReplay
{
    private readonly List<ReplayDifference> _differences = [];
    private long _records;
    private long _cycles;
    private long _decisions;

    public CloudState State { get; } = new();

    public ReplayResult Result => new(_records, _cycles, _decisions, [.. _differences]);

    public static ReplayResult Run(IEnumerable<JournalRecord> records)
    {
        ArgumentNullException.ThrowIfNull(records);
        var replay = new JournalReplay();
        foreach (var record in records)
        {
            replay.Add(record);
        }

        return replay.Result;
    }

    public void Add(JournalRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        if (record.Event is PlanMade made)
        {
            Compare(record, made);
        }

        State.Apply(record);
        _records++;
    }

    private void Compare(JournalRecord record, PlanMade made)
    {
        var replayed = DecisionText.Of(Allocator.Plan(AllocationInput.Of(State, State.HistoryBefore(made), record.AtMs)));
        _cycles++;
        _decisions += made.Decisions.Length;
        for (var i = 0; i < Math.Max(replayed.Length, made.Decisions.Length); i++)
        {
            var (then, now) = (i < made.Decisions.Length ? made.Decisions[i] : null, i < replayed.Length ? replayed[i] : null);
            if (then != now)
            {
                _differences.Add(new ReplayDifference(record.Sequence, record.AtMs, then, now));
            }
        }
    }
}
