using Amalgam.Core.Workloads;

namespace Amalgam.Core.Ledger.Pricing;

/// <summary>Devices held for a time, to be rated: a lease up to now, or a recorded slice once more.</summary>
/// <param name="LeaseFromMs">Amounts are rounded as totals from here, so that no cut changes the sum.</param>
public readonly record struct DeviceUse(string Unit, string ChipClass, long LeaseFromMs, long FromMs, long ToMs, long MilliDevices);

/// <summary>The part of a use that one tariff covers.</summary>
public readonly record struct RatedSpan(Tariff Tariff, long FromMs, long ToMs, long AmountNano, IReadOnlyList<Counted>? Counted);

/// <summary>Tokens of one request, to be rated.</summary>
/// <param name="Input">Without the cached ones.</param>
public readonly record struct TokensUsed(string Unit, string Model, string? ChipClass, long AtMs, long Input, long CachedInput, long Output);

public readonly record struct RatedTokens(Tariff Tariff, long InputNano, long CachedInputNano, long OutputNano, IReadOnlyList<Counted>? Counted)
{
    public long AmountNano => checked(InputNano + CachedInputNano + OutputNano);
}

/// <summary>
/// Rates usage at the tariffs of the units, one after the other: monthly quantities count on from what is booked and from what it has rated itself. Nothing is recorded here.
/// </summary>
public sealed class Rater(Tariffs tariffs, Counters counters)
{
    private readonly Dictionary<string, Count> _ahead = new(StringComparer.Ordinal);

    /// <summary>Slices of an open or ended lease up to <paramref name="toMs"/>, cut where the price changes for its unit and at midnight (UTC). Empty when nothing is left to charge.</summary>
    public IEnumerable<LeaseSlice> Slices(Lease lease, long toMs)
    {
        var use = new DeviceUse(lease.Unit, lease.ChipClass, lease.FromMs, lease.ChargedToMs, Math.Min(toMs, lease.ToMs ?? long.MaxValue), lease.MilliDevices);
        foreach (var span in Rate(use))
        {
            var tariff = span.Tariff;
            yield return new LeaseSlice(
                lease.Id, lease.WorkloadId, lease.Unit, lease.ChipClass, span.FromMs, span.ToMs, lease.MilliDevices, tariff.Version, span.AmountNano,
                Rating.Book(lease.Unit, $"income/{(lease.Simulated ? "simulated-" : "")}device-hours/{lease.ChipClass}", span.AmountNano), lease.Simulated)
            {
                LeaseFromMs = lease.FromMs, ContractId = tariff.ContractId, Rule = tariff.LineRule, UnitNano = tariff.Rates.DeviceHour, Counted = span.Counted,
            };
        }
    }

    /// <summary>Where a month's count stands, with what was rated here.</summary>
    public Count Of(string counter) => _ahead.TryGetValue(counter, out var ahead) ? ahead : counters.Of(counter);

    public IEnumerable<RatedSpan> Rate(DeviceUse use)
    {
        for (var from = use.FromMs; from < use.ToMs;)
        {
            var tariff = tariffs.Device(use.Unit, use.ChipClass, from);
            // At midnight (UTC) too, so that every slice lies in one day, one month and one period of every budget.
            var to = Math.Min(Math.Min(use.ToMs, tariff.ToMs), ((from / BillBook.DayMs) + 1) * BillBook.DayMs);
            yield return tariff.IsCounted
                ? Counted(tariff, use, from, to)
                : new RatedSpan(tariff, from, to, Rating.SpanNano(Math.Max(use.LeaseFromMs, tariff.FromMs), from, to, use.MilliDevices, tariff.Rates.DeviceHour), null);
            from = to;
        }
    }

    /// <summary>At the tariff in force when the request began.</summary>
    public RatedTokens Rate(TokensUsed use)
    {
        var tariff = tariffs.Tokens(use.Unit, use.Model, use.ChipClass, use.AtMs);
        if (!tariff.IsCounted)
        {
            return new RatedTokens(
                tariff, Rating.TokensNano(use.Input, tariff.Rates.Input), Rating.TokensNano(use.CachedInput, tariff.Rates.CachedInput), Rating.TokensNano(use.Output, tariff.Rates.Output), null);
        }

        List<Counted> counted = [];
        var input = Count(tariff, Meter.InputTokens, use.Model, use.AtMs, use.Input, counted);
        var cached = Count(tariff, Meter.CachedInputTokens, use.Model, use.AtMs, use.CachedInput, counted);
        var output = Count(tariff, Meter.OutputTokens, use.Model, use.AtMs, use.Output, counted);
        return new RatedTokens(tariff, input, cached, output, counted);
    }

    private RatedSpan Counted(Tariff tariff, DeviceUse use, long from, long to)
    {
        List<Counted> counted = [];
        var amount = Count(tariff, Meter.DeviceHours, use.ChipClass, from, checked((to - from) * use.MilliDevices), counted);
        return new RatedSpan(tariff, from, to, amount, counted);
    }

    /// <summary>Rounded down as a total of the month: what rounding leaves is carried to the next line.</summary>
    private long Count(Tariff tariff, Meter meter, string subject, long atMs, long quantity, List<Counted> counted)
    {
        if (quantity == 0)
        {
            return 0;
        }

        var counter = tariff.Counter(meter, subject, atMs);
        var before = Of(counter);
        var (amount, remainder) = Int128.DivRem(before.Remainder + tariff.Product(meter, before.Quantity, quantity), Rating.PricedQuantity(meter));
        var after = new Count(checked(before.Quantity + quantity), (long)remainder);
        _ahead[counter] = after;
        counted.Add(new Counted(counter, after.Quantity, after.Remainder));
        return checked((long)amount);
    }
}
