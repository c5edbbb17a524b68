using Amalgam.ControlPlane.State;
using Amalgam.Contracts;
using Amalgam.Core;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Pricing;

namespace Amalgam.ControlPlane.Commands;

/// <summary>`price commit`: device-hours bought for every month of a period.</summary>
public static class MakeCommitment
{
    public static Decision<Commitment> Decide(CloudState state, Caller caller, CommitmentRequest request, long nowMs, IReadOnlyCollection<string> knownClasses)
    {
        if (Permission.Check(state, caller, Role.Owner, state.Units.Root.Name) is not null)
        {
            return new Refusal(RefusalCodes.Forbidden, $"commitments are made with an owner's key of {state.Units.Root.Name}");
        }

        var (from, to) = (PriceText.Month(request.From), PriceText.Month(request.To));
        if ((SetPrice.CheckScope(state, request.Unit, null) ?? from.Refusal ?? to.Refusal) is { } refusal)
        {
            return refusal;
        }

        if (!knownClasses.Contains(request.ChipClass, StringComparer.Ordinal))
        {
            return SetPrice.UnknownClass(request.ChipClass);
        }

        if (from.Value <= Months.Begin(nowMs))
        {
            return new Refusal(RefusalCodes.Invalid, $"a commitment begins with a month to come: {Months.Name(Months.End(nowMs))} or later");
        }

        if (to.Value <= from.Value)
        {
            return new Refusal(RefusalCodes.Invalid, $"the commitment ends before it begins: --to is the month after the last one, later than {request.From}");
        }

        if (request.DeviceHours is < 1 or > 100_000_000 || Nano.Parse(request.PerDeviceHour) is not ({ } nano and >= 0))
        {
            return new Refusal(RefusalCodes.Invalid, "a commitment is a number of device-hours a month (1 or more) at a price such as 1.80");
        }

        if (state.Commitments.All.FirstOrDefault(other => other.ChipClass == request.ChipClass && other.Unit == request.Unit && other.FromMs < to.Value && from.Value < other.EndMs) is { } overlapping)
        {
            return new Refusal(RefusalCodes.Conflict, $"it would overlap commitment {overlapping.Id} of {request.Unit} ({Months.Name(overlapping.FromMs)} to before {Months.Name(overlapping.EndMs)})");
        }

        var made = new Commitment
        {
            Id = $"q{state.Commitments.All.Count + 1}", Unit = request.Unit, ChipClass = request.ChipClass, DeviceHours = request.DeviceHours, DeviceHourNano = nano, FromMs = from.Value, ToMs = to.Value,
        };
        return State.Decide.Yes(made, new CommitmentMade(made));
    }
}
