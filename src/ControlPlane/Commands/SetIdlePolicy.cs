using Amalgam.ControlPlane.State;
using Amalgam.Contracts;
using Amalgam.Core;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Sharing;

namespace Amalgam.ControlPlane.Commands;

/// <summary>`invoice idle-policy set`: who carries idle devices from a day on. Days that are over keep the rule that they had.</summary>
public static class SetIdlePolicy
{
    public static Decision<IdlePolicy> Decide(CloudState state, Caller caller, IdlePolicyRequest request, long nowMs)
    {
        if (IssueInvoice.Allowed(state, caller) is not null)
        {
            return new Refusal(RefusalCodes.Forbidden, $"the idle policy is set with an owner's key of {state.Units.Root.Name}");
        }

        if (!Enum.TryParse<IdleRule>(request.Rule, ignoreCase: true, out var rule) || !Enum.IsDefined(rule) || char.IsDigit(request.Rule[0]))
        {
            return new Refusal(RefusalCodes.Invalid, $"'{Names.Clip(request.Rule)}' is no rule for idle devices: house, guarantee, use or holder");
        }

        if (request.ChargeBack && rule == IdleRule.House)
        {
            return new Refusal(RefusalCodes.Invalid, "with the rule house nobody else carries idle devices, so there is nothing to charge back: give guarantee, use or holder");
        }

        var today = nowMs / BillBook.DayMs * BillBook.DayMs;
        var fromMs = request.From?.ToUnixTimeMilliseconds() ?? today;
        return fromMs % BillBook.DayMs != 0 ? new Refusal(RefusalCodes.Invalid, $"the idle policy changes at midnight (UTC): give a day, such as {request.From:yyyy-MM-dd}")
            : fromMs < today ? new Refusal(RefusalCodes.Invalid, $"{request.From:yyyy-MM-dd} is over: the rule of a day that is over stays as it was")
            : Set(new IdlePolicy(rule, fromMs, request.ChargeBack));
    }

    private static Decision<IdlePolicy> Set(IdlePolicy policy) => State.Decide.Yes(policy, new IdlePolicySet(policy));
}
