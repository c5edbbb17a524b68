using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger.Pricing;
using Amalgam.Core.Ledger.Sharing;

namespace Amalgam.Core.Ledger.Invoices;

/// <summary>Works out again what is owed without being used: from the leases, contracts and prices before the record, not from the record.</summary>
internal static class StandingCheck
{
    public static string? Idle(CloudState state, ReservedIdleCharged idle)
    {
        if (state.Contracts.Find(idle.ContractId) is not { Reserved: true } contract)
        {
            return $"it charges idle devices of contract {idle.ContractId}, which reserved none before it";
        }

        // Up to where it goes nothing changes, so that one span is due: as many devices, at one price. Older releases did not cut it at midnight.
        var due = state.Reserved.Due(state.Contracts, state.Units, state.Tariffs, idle.ToMs).Where(due => due.ContractId == contract.Id).ToList();
        return due.Count > 0 && (due[0].FromMs, due[^1].ToMs, due[^1].Remainder, due.Sum(span => span.AmountNano)) == (idle.FromMs, idle.ToMs, idle.Remainder, idle.AmountNano)
            && due.TrueForAll(again => (again.Unit, again.ChipClass, again.MilliDevices, again.PriceVersion, again.Rule) == (idle.Unit, idle.ChipClass, idle.MilliDevices, idle.PriceVersion, idle.Rule))
            ? null
            : $"reserved devices of contract {idle.ContractId} stood idle for {Nano.Format(due.Sum(span => span.AmountNano))} up to there ({due.Select(span => span.MilliDevices).DefaultIfEmpty(0).Max() / 1000m} devices), "
                + $"and {Nano.Format(idle.AmountNano)} was charged ({idle.MilliDevices / 1000m} devices)";
    }

    public static string? Unused(CloudState state, CommitmentShortfallCharged unused)
    {
        if (state.Commitments.Find(unused.CommitmentId) is not { } commitment || !commitment.InForce(unused.FromMs))
        {
            return $"it charges commitment {unused.CommitmentId} for {Months.Name(unused.FromMs)}, in which it does not hold";
        }

        var again = Standing.Shortfall(state.Rater(), commitment, unused.FromMs);
        return (again.Unit, again.ChipClass, again.ToMs, again.Quantity, again.AmountNano, again.Rule) == (unused.Unit, unused.ChipClass, unused.ToMs, unused.Quantity, unused.AmountNano, unused.Rule)
            ? null
            : $"of commitment {unused.CommitmentId} {Nano.Format(again.AmountNano)} was not used in {Months.Name(unused.FromMs)}, and {Nano.Format(unused.AmountNano)} was charged";
    }

    public static string? Shared(CloudState state, IdleDevicesShared shared)
    {
        if (!state.Pool.PolicyAt(shared.Day * BillBook.DayMs).ChargeBack)
        {
            return $"it charges idle devices of {shared.ChipClass} on a day whose policy only shows them";
        }

        var again = IdleSharing.Of(state, shared.ChipClass, shared.Day);
        if ((again.Rule, again.PriceVersion) == (shared.Rule, shared.PriceVersion) && again.Shares.SequenceEqual(shared.Shares) && again.Entries.SequenceEqual(shared.Entries))
        {
            return null;
        }

        var wrong = shared.Shares.FirstOrDefault(share => !again.Shares.Contains(share));
        return wrong is null
            ? $"the idle devices of {shared.ChipClass} are not shared as the policy of that day says"
            : $"{wrong.Path} carries {Nano.Format(again.Shares.FirstOrDefault(share => share.Path == wrong.Path)?.AmountNano ?? 0)} of the idle {shared.ChipClass}, and {Nano.Format(wrong.AmountNano)} was charged";
    }
}
