using Amalgam.Core.Units;

namespace Amalgam.Core.Journal;

/// <summary>Recorded for the organisation's moves.</summary>
public abstract record UnitMoveEvent : JournalEvent;

public sealed record UnitMoveScheduled(UnitMove Move) : UnitMoveEvent;

/// <summary>The unit has its new parent. All leases below it were charged up to <paramref name="AtMs"/> before, so that history stays where it was.</summary>
/// <param name="AtMs">The instant of the move; of a scheduled one its date, which may lie before the record when the cloud was down.</param>
/// <param name="MoveId">Null for a move at once.</param>
public sealed record UnitMoved(string Unit, string FromParent, string ToParent, long AtMs, string? MoveId) : UnitMoveEvent;

/// <summary>A scheduled move that will not be: a person took it back, or it could not be done at its date.</summary>
public sealed record UnitMoveCancelled(string MoveId, string Why) : UnitMoveEvent;
