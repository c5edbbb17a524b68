using System.Collections.Immutable;
using System.Numerics;

namespace Amalgam.Core.Ledger.Contracts;

/// <summary>A month of a contract with what is owed for it.</summary>
/// <param name="ShareMillionths">Delivered of asked; null when nothing was asked, which owes nothing.</param>
/// <param name="DeviceHourNano">The contract's price that the credit is counted with.</param>
public sealed record ServiceMonthCredit(CalendarMonth Month, long Asked, long Delivered, long? ShareMillionths, long DeviceHourNano, long CreditNano);

/// <summary>What is owed for missing a service level: the one function that `contract show`, `contract risk` and invoices use.</summary>
public static class ServiceCredit
{
    private const long Million = 1_000_000;
    private static readonly BigInteger MilliDeviceMsPerDeviceHour = 1000L * 3_600_000L;

    /// <summary>
    /// Nano-units for one month: device-hours below the promised share x price x credit, rounded half up once.
    /// </summary>
    /// <param name="asked">Milli-device-milliseconds.</param>
    /// <param name="delivered">Milli-device-milliseconds, at most <paramref name="asked"/>.</param>
    /// <param name="deviceHourNano">Nano-units per device-hour.</param>
    public static long Nano(ServiceLevel level, long asked, long delivered, long deviceHourNano)
    {
        ArgumentNullException.ThrowIfNull(level);
        var below = ((BigInteger)asked * level.DeliveredMillionths) - ((BigInteger)delivered * Million);
        if (below <= 0)
        {
            return 0;
        }

        var divisor = MilliDeviceMsPerDeviceHour * Million * Million;
        return (long)(((2 * below * deviceHourNano * level.CreditMillionths) + divisor) / (2 * divisor));
    }

    /// <summary>Every month of a contract up to an instant; the present one as far as it has gone.</summary>
    /// <param name="deviceHourNano">The contract's price at an instant. Asked for the last instant of each month's measured span, so that a past month never changes.</param>
    public static ImmutableArray<ServiceMonthCredit> Of(Contract contract, ServiceRecord record, long toMs, Func<long, long> deviceHourNano)
    {
        ArgumentNullException.ThrowIfNull(contract);
        ArgumentNullException.ThrowIfNull(record);
        ArgumentNullException.ThrowIfNull(deviceHourNano);
        return [.. record.UpTo(contract, toMs).Months.Select(month =>
        {
            var price = deviceHourNano(Math.Min(Math.Min(month.Month.ToMs, contract.EndMs), toMs) - 1);
            return new ServiceMonthCredit(
                month.Month, month.Asked, month.Delivered, month.Asked == 0 ? null : (long)((Int128)month.Delivered * Million / month.Asked), price,
                contract.ServiceLevel is { } level ? Nano(level, month.Asked, month.Delivered, price) : 0);
        })];
    }
}
