using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;

namespace Amalgam.Core.Units;

/// <summary>A reorganisation that is to come.</summary>
/// <param name="Id">`m3`</param>
/// <param name="AtMs">When it takes effect.</param>
/// <param name="By">The key that asked for it.</param>
public sealed record UnitMove(string Id, string Unit, string ToParent, long AtMs, string By);

/// <summary>Moves that wait for their date, earliest first; of two at one instant the one asked for first.</summary>
public sealed class MoveBook
{
    private readonly List<UnitMove> _pending = [];

    public IReadOnlyList<UnitMove> Pending => _pending;

    public int NextNumber { get; private set; } = 1;

    public UnitMove? Of(string unit) => _pending.Find(move => move.Unit == unit);

    /// <summary>The first move whose date has come.</summary>
    public UnitMove? Due(long nowMs) => _pending.Count > 0 && _pending[0].AtMs <= nowMs ? _pending[0] : null;

    /// <summary>The next date of any move after an instant; <see cref="long.MaxValue"/> if none waits.</summary>
    public long NextAfter(long atMs)
    {
        foreach (var move in _pending)
        {
            if (move.AtMs > atMs)
            {
                return move.AtMs;
            }
        }

        return long.MaxValue;
    }

    public void Apply(JournalRecord record, CloudState state)
    {
        switch (record.Event)
        {
            case UnitMoveScheduled { Move: var move }:
                _pending.Insert(_pending.FindLastIndex(other => other.AtMs <= move.AtMs) + 1, move);
                NextNumber++;
                break;
            case UnitMoved moved:
                state.Units.Set(state.Units.Find(moved.Unit)! with { Parent = moved.ToParent }, moved.AtMs);
                _pending.RemoveAll(move => move.Id == moved.MoveId);
                break;
            case UnitMoveCancelled cancelled:
                _pending.RemoveAll(move => move.Id == cancelled.MoveId);
                break;
        }
    }

    /// <summary>Why the unit cannot stand under that parent, one line; null when it can.</summary>
    public static Refusal? Check(CloudState state, string unit, string parent)
    {
        if (state.Units.Find(unit) is not { } moving || state.Units.Find(parent) is null)
        {
            return new Refusal(RefusalCodes.NotFound, $"there is no unit '{(state.Units.Find(unit) is null ? unit : parent)}' any more");
        }

        return moving.Parent is null ? new Refusal(RefusalCodes.Invalid, $"{unit} is the root and stays where it is")
            : state.Units.IsWithin(parent, unit) ? new Refusal(RefusalCodes.Invalid, $"{unit} cannot move under {parent}: that is {(parent == unit ? "itself" : "below itself")}")
            : moving.Parent == parent ? new Refusal(RefusalCodes.Conflict, $"{unit} stands under {parent} already")
            : state.OpenWorkloads.Any(workload => workload.Spec.Unit == parent)
                ? new Refusal(RefusalCodes.Conflict, $"{parent} has workloads of its own, and workloads live in units without units below them: stop them first")
            : null;
    }
}
