namespace Amalgam.Core.Ledger.Contracts;

/// <summary>
/// A unit's agreement on one chip class for one period (half-open). Its devices are a firm guarantee while it is in force; its terms bind the price.
/// </summary>
public sealed record Contract
{
    /// <summary>`c7`</summary>
    public required string Id { get; init; }

    /// <summary>Customer, business unit, department or project; its whole subtree uses what is promised.</summary>
    public required string Unit { get; init; }

    public required string ChipClass { get; init; }

    public required long MilliDevices { get; init; }

    public required long FromMs { get; init; }

    public required long ToMs { get; init; }

    /// <summary>Null = the list price.</summary>
    public PriceTerms? Price { get; init; }

    /// <summary>No price change binds the unit on this class before this instant; null = not locked.</summary>
    public long? LockedUntilMs { get; init; }

    /// <summary>A price change binds no sooner than this long after it was announced.</summary>
    public long NoticeMs { get; init; }

    /// <summary>Paid for whether used or not: what is promised and not used is on the bill as reserved and idle.</summary>
    public bool Reserved { get; init; }

    public ServiceLevel? ServiceLevel { get; init; }

    /// <summary>Its devices were simulated when it was signed: nobody may take what it bills for real ones.</summary>
    [System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingDefault)]
    public bool Simulated { get; init; }

    /// <summary>Ended before its time at this instant; null = runs to <see cref="ToMs"/>.</summary>
    public long? EndedMs { get; init; }

    public long EndMs => Math.Min(ToMs, EndedMs ?? long.MaxValue);

    public bool InForce(long atMs) => FromMs <= atMs && atMs < EndMs;
}

public enum PriceTermsKind
{
    /// <summary><see cref="PriceTerms.DeviceHourNano"/>, whatever the list says.</summary>
    Fixed,

    /// <summary>The list price of the moment times <see cref="PriceTerms.ShareMillionths"/>.</summary>
    Discount,

    /// <summary>Follows the list price times <see cref="PriceTerms.ShareMillionths"/>, never leaving the band of <see cref="PriceTerms.BandMillionths"/> around <see cref="PriceTerms.DeviceHourNano"/>, the price at signing.</summary>
    Indexed,
}

/// <param name="DeviceHourNano">Nano-units per device-hour.</param>
/// <param name="ShareMillionths">Of the list price; 800 000 = 20 % off.</param>
/// <param name="BandMillionths">How far an indexed price may go from the price at signing; 100 000 = 10 % either way.</param>
public sealed record PriceTerms(PriceTermsKind Kind, long DeviceHourNano = 0, int ShareMillionths = 1_000_000, int BandMillionths = 0);

/// <summary>What is owed when the devices were asked for and not delivered.</summary>
/// <param name="DeliveredMillionths">Share of the asked device-time that must be delivered in each calendar month; 990 000 = 99 %.</param>
/// <param name="CreditMillionths">Of the contract price of every device-hour below it; 2 000 000 = twice the price.</param>
public sealed record ServiceLevel(int DeliveredMillionths, int CreditMillionths);
