namespace Amalgam.Core.Ledger.Pricing;

/// <summary>What one unit pays for one chip class or model in one span of time, and why.</summary>
public sealed record Tariff
{
    public required PriceKind Kind { get; init; }

    public required long FromMs { get; init; }

    /// <summary>Exclusive.</summary>
    public required long ToMs { get; init; }

    /// <summary>Of the price book; 0 = the price is the contract's own, or there is none.</summary>
    public int Version { get; init; }

    /// <summary>The contract that sets, discounts or holds back the price.</summary>
    public string? ContractId { get; init; }

    public string? CommitmentId { get; init; }

    /// <summary>What would hold without the commitment; null where none does.</summary>
    public Tariff? Agreed { get; init; }

    public Rates Rates { get; init; }

    /// <summary>Beyond a monthly quantity, in rising order.</summary>
    public IReadOnlyList<PriceTier> Tiers { get; init; } = [];

    /// <summary>Whose monthly quantities count for the tiers.</summary>
    public required string Payer { get; init; }

    /// <summary>In words, for the line.</summary>
    public required string Rule { get; init; }

    /// <summary>For a line of the journal: null where it says no more than the price version.</summary>
    public string? LineRule => ContractId is null && CommitmentId is null && Rule == TariffRules.Of(Version) ? null : Rule;

    /// <summary>The amount depends on what else was used in the month.</summary>
    public bool IsCounted => Tiers.Count > 0;

    /// <summary>Does the same as another one, whenever?</summary>
    public bool IsLike(Tariff other) =>
        Version == other.Version && ContractId == other.ContractId && CommitmentId == other.CommitmentId && Rates == other.Rates && Payer == other.Payer && Rule == other.Rule
        && (Tiers.Count == 0 ? other.Tiers.Count == 0 : Tiers.SequenceEqual(other.Tiers));

    /// <summary>What one costs at a place of the month's count, and where (in device-hours or millions of tokens) that price begins.</summary>
    public (long Nano, long Above) At(Meter meter, long position)
    {
        var found = (Rates.Of(meter), 0L);
        foreach (var tier in Tiers.Where(tier => checked(tier.Above * Rating.PricedQuantity(meter)) <= position))
        {
            found = (tier.Rates.Of(meter), tier.Above);
        }

        return found;
    }

    /// <summary>
    /// Under which the month's quantity is counted. A new version begins a new count: so the sum of a month does not depend on the order in which what was used under two
    /// versions is recorded. A commitment is one quantity per month, whatever happens to prices.
    /// </summary>
    public string Counter(Meter meter, string subject, long atMs) =>
        CommitmentId is not null ? $"{CommitmentId}|{Months.Name(atMs)}" : $"{Payer}|{subject}|{meter}|{Version}{ContractId}|{Months.Name(atMs)}";

    /// <summary>Quantity times price, in units of nano / <see cref="Rating.PricedQuantity"/>, for what lies between two places of the month's count.</summary>
    public Int128 Product(Meter meter, long position, long quantity)
    {
        var per = Rating.PricedQuantity(meter);
        Int128 sum = 0;
        var rate = Rates.Of(meter);
        var from = position;
        var end = checked(position + quantity);
        foreach (var tier in Tiers)
        {
            var above = checked(tier.Above * per);
            if (above > from)
            {
                var to = Math.Min(end, above);
                sum += (Int128)(to - from) * rate;
                from = to;
            }

            if (from >= end)
            {
                return sum;
            }

            rate = tier.Rates.Of(meter);
        }

        return sum + ((Int128)(end - from) * rate);
    }
}

/// <summary>Quantity of one month so far, and what is left over of its amount after rounding down.</summary>
/// <param name="Remainder">In units of nano / <see cref="Rating.PricedQuantity"/>, below one nano-unit.</param>
public readonly record struct Count(long Quantity, long Remainder);

/// <summary>Stands on a line whose amount depends on the month's quantity: where the count stood after it.</summary>
public sealed record Counted(string Counter, long Quantity, long Remainder);

/// <summary>Monthly quantities of tiered prices and commitments.</summary>
public sealed class Counters
{
    private readonly Dictionary<string, Count> _counts = new(StringComparer.Ordinal);

    public Counters Copy()
    {
        var copy = new Counters();
        foreach (var (counter, count) in _counts)
        {
            copy._counts[counter] = count;
        }

        return copy;
    }

    public Count Of(string counter) => _counts.GetValueOrDefault(counter);

    public void Apply(IReadOnlyList<Counted>? counted)
    {
        foreach (var count in counted ?? [])
        {
            _counts[count.Counter] = new Count(count.Quantity, count.Remainder);
        }
    }
}
