using Amalgam.ControlPlane.State;
using Amalgam.Contracts;
using Amalgam.Core;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger.Pricing;

namespace Amalgam.ControlPlane.Commands;

/// <summary>`price commit-end`: a commitment ends with a month that has not begun; what was bought until then stays owed.</summary>
public static class EndCommitment
{
    public static Decision<Commitment> Decide(CloudState state, Caller caller, string id, CommitmentEndRequest request, long nowMs)
    {
        if (state.Commitments.Find(id) is not { } commitment || !Permission.Sees(state, caller, commitment.Unit))
        {
            return new Refusal(RefusalCodes.NotFound, $"there is no commitment '{Names.Clip(id)}': `amalgam price commitments` shows them");
        }

        if (Permission.Check(state, caller, Role.Owner, state.Units.Root.Name) is not null)
        {
            return new Refusal(RefusalCodes.Forbidden, $"commitments are ended with an owner's key of {state.Units.Root.Name}");
        }

        var from = PriceText.Month(request.From);
        if (from.Refusal is { } refusal)
        {
            return refusal;
        }

        if (string.IsNullOrWhiteSpace(request.Why) || request.Why.Length > 200 || request.Why.Any(char.IsControl))
        {
            return new Refusal(RefusalCodes.Invalid, "say why the commitment ends, in one line of at most 200 letters (--why)");
        }

        return from.Value <= Months.Begin(nowMs) ? new Refusal(RefusalCodes.Invalid, $"a month that has begun stays bought: {id} can end with {Months.Name(Months.End(nowMs))} or later")
            : from.Value >= commitment.EndMs ? new Refusal(RefusalCodes.Conflict, $"{id} ends before {Months.Name(commitment.EndMs)} already: an earlier end is needed")
            : State.Decide.Yes(commitment with { EndedMs = from.Value }, new CommitmentEnded(id, from.Value, request.Why));
    }
}
