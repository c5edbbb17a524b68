using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;

namespace Amalgam.Core.Ledger.Pricing;

/// <summary>What is owed without being used: reserved and idle, bought for a month and not used.</summary>
public static class Standing
{
    /// <summary>Everything that is due since it was last charged; in order, to be recorded in one change.</summary>
    /// <param name="rater">Has rated all open leases up to <paramref name="nowMs"/>: what of a month was used is known then. Idle days are shared once the journal has all of that, one turn later.</param>
    public static IEnumerable<PricingEvent> Due(CloudState state, Rater rater, long nowMs)
    {
        foreach (var idle in state.Reserved.Due(state.Contracts, state.Units, state.Tariffs, nowMs))
        {
            yield return idle;
        }

        foreach (var shared in state.Idle.Due(state, nowMs))
        {
            yield return shared;
        }

        foreach (var commitment in state.Commitments.All)
        {
            for (var from = state.Commitments.SettledToMs(commitment); from < commitment.EndMs && Months.End(from) <= nowMs; from = Months.End(from))
            {
                yield return Shortfall(rater, commitment, from);
            }
        }
    }

    /// <summary>What of a month that is over was bought and not used.</summary>
    public static CommitmentShortfallCharged Shortfall(Rater rater, Commitment commitment, long fromMs)
    {
        var bought = checked(commitment.DeviceHours * Rating.PricedQuantity(Meter.DeviceHours));
        var used = Math.Min(bought, rater.Of(commitment.Counter(fromMs)).Quantity);
        var owed = checked((long)((Int128)(bought - used) * commitment.DeviceHourNano / Rating.PricedQuantity(Meter.DeviceHours)));
        var hours = Nano.Format(checked((long)((Int128)used * Nano.PerUnit / Rating.PricedQuantity(Meter.DeviceHours))));
        return new CommitmentShortfallCharged(
            commitment.Id, commitment.Unit, commitment.ChipClass, fromMs, Months.End(fromMs), bought - used, owed,
            $"commitment {commitment.Id}: {hours} of {commitment.DeviceHours} device-hours of {Months.Name(fromMs)} were used",
            Rating.Book(commitment.Unit, $"income/commitments/{commitment.ChipClass}", owed));
    }
}
