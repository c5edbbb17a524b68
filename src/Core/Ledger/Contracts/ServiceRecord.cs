using System.Collections.Immutable;

namespace Amalgam.Core.Ledger.Contracts;

/// <summary>What a contract's unit asks for within the contract and what of it is held, in milli-devices.</summary>
public readonly record struct ServiceRate(long AskedMilli, long HeldMilli);

/// <summary>One calendar month of one contract. Amounts are milli-device-milliseconds.</summary>
public readonly record struct ServiceMonth(CalendarMonth Month, long Asked, long Delivered);

/// <summary>
/// What was asked and delivered under one contract, added up from the recorded changes. Immutable: the same changes give the same months.
/// </summary>
/// <param name="SinceMs">From when <paramref name="Rate"/> holds; what lies before is in <paramref name="Months"/>.</param>
public sealed record ServiceRecord(ImmutableArray<ServiceMonth> Months, ServiceRate Rate, long SinceMs)
{
    public static ServiceRecord Empty { get; } = new([], default, 0);

    /// <summary>From <paramref name="atMs"/> on this is asked and held. A change that is not later than the last one takes its place.</summary>
    public ServiceRecord Changed(Contract contract, ServiceRate rate, long atMs)
    {
        ArgumentNullException.ThrowIfNull(contract);
        return UpTo(contract, atMs) with { Rate = rate };
    }

    /// <summary>The same with everything up to an instant added up, cut at the ends of months and of the contract.</summary>
    public ServiceRecord UpTo(Contract contract, long toMs)
    {
        ArgumentNullException.ThrowIfNull(contract);
        var (from, to) = (Math.Max(SinceMs, contract.FromMs), Math.Min(toMs, contract.EndMs));
        var months = Months.ToBuilder();
        for (var at = from; at < to && Rate.AskedMilli > 0;)
        {
            var month = CalendarMonth.Of(at);
            var until = Math.Min(to, month.ToMs);
            Add(months, month, checked(Rate.AskedMilli * (until - at)), checked(Rate.HeldMilli * (until - at)));
            at = until;
        }

        return this with { Months = months.ToImmutable(), SinceMs = Math.Max(SinceMs, toMs) };
    }

    private static void Add(ImmutableArray<ServiceMonth>.Builder months, CalendarMonth month, long asked, long delivered)
    {
        if (months.Count > 0 && months[^1].Month == month)
        {
            months[^1] = months[^1] with { Asked = checked(months[^1].Asked + asked), Delivered = checked(months[^1].Delivered + delivered) };
        }
        else
        {
            months.Add(new(month, asked, delivered));
        }
    }
}
