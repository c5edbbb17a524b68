using Amalgam.ControlPlane.State;
using Amalgam.Contracts;
using Amalgam.Core;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger.Budgets;
using Amalgam.Core.Units;

namespace Amalgam.ControlPlane.Commands;

/// <summary>`unit move`: at once, or at a date. The move is one transaction: what was used up to it is charged to the old place, then the unit has its new parent.</summary>
public static class MoveUnit
{
    public static Decision<string> Decide(CloudState state, Caller caller, string name, MoveRequest request, long nowMs)
    {
        if (request.Cancel)
        {
            return Cancel(state, caller, name);
        }

        if (Check(state, caller, name, request) is { } refusal)
        {
            return refusal;
        }

        if (request.From is not { } from || from.ToUnixTimeMilliseconds() is var atMs && atMs == nowMs)
        {
            return State.Decide.Yes(name, Events(state, name, request.Parent!, nowMs, nowMs, null));
        }

        return atMs < nowMs
            ? new Refusal(RefusalCodes.Invalid, $"a move cannot take effect in the past ({from:u}): what was used since then is charged where the unit stood; leave --from out to move it now")
            : state.Moves.Of(name) is { } waiting
            ? new Refusal(RefusalCodes.Conflict, $"{name} moves under {waiting.ToParent} already, at {At(waiting.AtMs):u}: `amalgam unit move {name} --cancel` takes that back")
            : State.Decide.Yes(name, new UnitMoveScheduled(new UnitMove($"m{state.Moves.NextNumber}", name, request.Parent!, atMs, caller.KeyId)));
    }

    public static Refusal? Check(CloudState state, Caller caller, string name, MoveRequest request) =>
        request.Parent is not { } parent ? new Refusal(RefusalCodes.Invalid, "say under which unit: {\"parent\": \"NAME\"}")
        : Permission.Check(state, caller, Role.Owner, name) ?? Permission.Check(state, caller, Role.Owner, parent) ?? MoveBook.Check(state, name, parent);

    /// <summary>The next move whose date has come: carried out, or taken back because it cannot be any more. Null when none is due.</summary>
    public static Decision<string?> Due(CloudState state, long nowMs)
    {
        if (state.Moves.Due(nowMs) is not { } move)
        {
            return State.Decide.Yes<string?>(null);
        }

        return MoveBook.Check(state, move.Unit, move.ToParent) is { } refusal
            ? State.Decide.Yes<string?>($"{move.Unit} was not moved under {move.ToParent}: {refusal.Message}", new UnitMoveCancelled(move.Id, refusal.Message))
            : State.Decide.Yes<string?>($"{move.Unit} moved under {move.ToParent}", Events(state, move.Unit, move.ToParent, move.AtMs, nowMs, move.Id));
    }

    private static List<JournalEvent> Events(CloudState state, string name, string parent, long atMs, long nowMs, string? moveId)
    {
        var (draft, rater) = (new BudgetDraft(state.Budgets, nowMs), state.Rater());
        return
        [
            .. state.OpenLeases.Where(lease => state.Units.IsWithin(lease.Unit, name)).SelectMany(lease => LeaseMetering.Slices(state, lease, atMs, draft, rater)).Select(slice => new LeaseCharged(slice)),
            new UnitMoved(name, state.Units.Find(name)!.Parent!, parent, atMs, moveId),
        ];
    }

    private static Decision<string> Cancel(CloudState state, Caller caller, string name) =>
        Permission.Check(state, caller, Role.Owner, name) is { } refusal ? refusal
        : state.Moves.Of(name) is { } waiting ? State.Decide.Yes(name, new UnitMoveCancelled(waiting.Id, $"taken back with key {caller.KeyId}"))
        : new Refusal(RefusalCodes.NotFound, $"no move of {name} is waiting for its date (`amalgam unit moves`)");

    private static DateTimeOffset At(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms);
}
