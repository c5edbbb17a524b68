namespace Amalgam.Core.Ledger.Pricing;

/// <summary>A part of idle time that one tariff covers.</summary>
/// <param name="Remainder">What rounding down left, carried into the next part.</param>
public readonly record struct RatedIdle(Tariff Tariff, long FromMs, long ToMs, long AmountNano, long Remainder);

/// <summary>What reserved devices cost while nobody uses them.</summary>
public static class ReservedIdle
{
    /// <summary>Cut where the price changes, and at midnight (UTC), so that each part lies in one day and one month; what rounding leaves is carried on, so that no cut changes the sum.</summary>
    public static IEnumerable<RatedIdle> Rate(Tariffs tariffs, DeviceUse idle, long remainder)
    {
        for (var from = idle.FromMs; from < idle.ToMs;)
        {
            var tariff = tariffs.Device(idle.Unit, idle.ChipClass, from);
            var to = Math.Min(Math.Min(idle.ToMs, tariff.ToMs), ((from / BillBook.DayMs) + 1) * BillBook.DayMs);
            var (amount, left) = Int128.DivRem(remainder + ((Int128)(to - from) * idle.MilliDevices * tariff.Rates.DeviceHour), Rating.PricedQuantity(Meter.ReservedIdleDeviceHours));
            yield return new RatedIdle(tariff, from, to, checked((long)amount), (long)left);
            (from, remainder) = (to, (long)left);
        }
    }
}
