using Amalgam.Core.Ledger.Pricing;

namespace Amalgam.Core.Ledger;

/// <summary>Money is an integer of nano-units (10⁻⁹) of the cloud's currency. No floating-point number enters the ledger.</summary>
public static class Nano
{
    public const long PerUnit = 1_000_000_000;

    /// <summary>`0.0412` from 41 200 000; up to nine decimals, at least two.</summary>
    public static string Format(Int128 nano)
    {
        var sign = nano < 0 ? "-" : "";
        var size = Int128.Abs(nano);
        var fraction = ((long)(size % PerUnit)).ToString("D9").TrimEnd('0').PadRight(2, '0');
        return $"{sign}{size / PerUnit}.{fraction}";
    }

    /// <summary>Exact: at most nine decimals, no exponent, no thousands separators; null when it is not an amount or does not fit.</summary>
    public static long? Parse(string text)
    {
        const System.Globalization.NumberStyles plain = System.Globalization.NumberStyles.AllowDecimalPoint | System.Globalization.NumberStyles.AllowLeadingSign;
        if (!decimal.TryParse(text, plain, System.Globalization.CultureInfo.InvariantCulture, out var amount) || Math.Abs(amount) > 9_000_000_000m)
        {
            return null;
        }

        var nano = amount * PerUnit;
        return nano == decimal.Truncate(nano) ? (long)nano : null;
    }
}

public enum PriceKind
{
    /// <summary>Per device-hour of a chip class.</summary>
    DeviceHour,

    /// <summary>Per million tokens of a model.</summary>
    Tokens,
}

/// <summary>
/// One version of one price. Valid from <see cref="FromMs"/> until the next version of the same <see cref="PriceScope"/> begins (half-open); never edited, only superseded.
/// </summary>
public sealed record Price
{
    /// <summary>Counts up over the whole book; stands on every rated line.</summary>
    public required int Version { get; init; }

    public required PriceKind Kind { get; init; }

    /// <summary>Chip class or served model; `*` = all that have no price of their own.</summary>
    public required string Subject { get; init; }

    public required long FromMs { get; init; }

    /// <summary>Nano-units per device-hour.</summary>
    public long DeviceHourNano { get; init; }

    /// <summary>Nano-units per million input tokens that were computed.</summary>
    public long InputNano { get; init; }

    /// <summary>Nano-units per million input tokens that were found in the cache.</summary>
    public long CachedInputNano { get; init; }

    /// <summary>Nano-units per million output tokens.</summary>
    public long OutputNano { get; init; }

    /// <summary>Of tokens: only when they are computed on this chip class.</summary>
    public string? OnClass { get; init; }

    /// <summary>Only for this unit and all below it.</summary>
    public string? Unit { get; init; }

    /// <summary>Only for units whose fact `segment` is this.</summary>
    public string? Segment { get; init; }

    /// <summary>Only while the unit's contracts on the class are so.</summary>
    public ContractState Contracts { get; init; }

    /// <summary>What lies beyond a monthly quantity, in rising order; null = one price for all.</summary>
    public IReadOnlyList<PriceTier>? Tiers { get; init; }

    /// <summary>When it became known: contracts with a notice count from here. Null in journals that had no notices: then from the record.</summary>
    public long? AnnouncedMs { get; init; }

    /// <summary>The price change that made it; null = set by itself.</summary>
    public string? ChangeId { get; init; }

    /// <summary>The version whose content it restores; 0 = none was there before, so none is there again.</summary>
    public int? Restores { get; init; }

    /// <summary>From here on this scope has no price of its own.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool Withdrawn => Restores == 0;

    [System.Text.Json.Serialization.JsonIgnore]
    public PriceScope Scope => new(Kind, Subject, OnClass, Unit, Segment, Contracts);

    [System.Text.Json.Serialization.JsonIgnore]
    public Rates Rates => new(DeviceHourNano, InputNano, CachedInputNano, OutputNano);
}
