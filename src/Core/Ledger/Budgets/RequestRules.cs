using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;

namespace Amalgam.Core.Ledger.Budgets;

/// <summary>What becomes of a request in the ledger, from its start to its one charge.</summary>
public static class RequestRules
{
    /// <summary>How long a request is waited for without a word. Streams speak at every mark, and at least once in half of this time.</summary>
    public const long LifetimeMs = 15 * 60_000;

    /// <summary>Outcome of a charge for what was delivered of an answer when the cloud died.</summary>
    public const string Torn = "Torn";

    /// <summary>The one charge of a request; null when it has it already. One that nobody knows was closed or never began, and is charged as far as budgets have room.</summary>
    public static TokensCharged? Settle(CloudState state, OpenRequest request, string leaseId, string chipClass, TokenUse use, string outcome, long nowMs)
    {
        if (state.IsCharged(request.ChargeId))
        {
            return null;
        }

        var reserved = state.Budgets.Held.Request(request.ChargeId)?.ReservedNano ?? 0;
        var room = state.Budgets.IsEmpty ? long.MaxValue : new BudgetDraft(state.Budgets, nowMs).Room(request.Unit);
        return TokenPricing.Charge(state, request, leaseId, chipClass, use, outcome, room > long.MaxValue - reserved ? long.MaxValue : room + reserved);
    }

    /// <summary>Requests of a process that is gone: all that are open when the cloud starts.</summary>
    public static List<JournalEvent> Recovered(CloudState state)
    {
        var events = Abandoned(state, [.. state.Budgets.Held.Requests]);
        if (events.Count > 0)
        {
            events.Add(new RequestsRecovered(events.Count(fact => fact is TokensCharged), events.Count(fact => fact is RequestClosed)));
        }

        return events;
    }

    public static List<JournalEvent> Expired(CloudState state, long nowMs) => Abandoned(state, state.Budgets.Held.Expired(nowMs));

    /// <summary>Charged at the last mark, which is never above what was delivered; nothing delivered on record is nothing to pay.</summary>
    private static List<JournalEvent> Abandoned(CloudState state, List<OpenRequest> requests)
    {
        var (events, rater) = (new List<JournalEvent>(), state.Rater());
        foreach (var request in requests)
        {
            var charge = request.Mark is not { } mark ? null : TokenPricing.Charge(
                state, request, mark.LeaseId, mark.ChipClass, new TokenUse(mark.InputTokens, mark.CachedInputTokens, mark.OutputTokens, true), Torn, RoomOf(state, request), rater);
            events.Add(charge ?? (JournalEvent)new RequestClosed(request.ChargeId, RequestClosing.Expired));
        }

        return events;
    }

    /// <summary>Several are settled in one decision, so that each has what it set aside and no more.</summary>
    private static long RoomOf(CloudState state, OpenRequest request) => state.Budgets.Binds(request.Unit, null) ? request.ReservedNano : long.MaxValue;
}
