namespace Amalgam.Core.Ledger.Pricing;

/// <summary>How a unit stands with contracts on a chip class.</summary>
public enum ContractState
{
    /// <summary>No condition.</summary>
    All,

    /// <summary>No contract in force.</summary>
    None,

    /// <summary>A contract in force.</summary>
    Any,

    /// <summary>A contract in force that ends within <see cref="PriceScope.ExpiringMs"/>.</summary>
    Expiring,
}

/// <summary>What a price is for. Prices of one scope supersede each other; of several scopes that cover a unit the narrowest counts.</summary>
public readonly record struct PriceScope(PriceKind Kind, string Subject, string? OnClass = null, string? Unit = null, string? Segment = null, ContractState Contracts = ContractState.All)
{
    /// <summary>A contract counts as expiring for its last 90 days.</summary>
    public const long ExpiringMs = 90L * 86_400_000;

    /// <summary>`h100 for segment gold`, for people.</summary>
    public override string ToString()
    {
        var on = OnClass is null ? "" : $" on {OnClass}";
        var whom = Unit is not null ? $" for {Unit}" : Segment is not null ? $" for segment {Segment}" : "";
        var state = Contracts switch
        {
            ContractState.None => " without contract",
            ContractState.Any => " with a contract",
            ContractState.Expiring => " with an expiring contract",
            _ => "",
        };
        return $"{Subject}{on}{whom}{state}";
    }
}

/// <summary>Nano-units per device-hour or per million tokens.</summary>
public readonly record struct Rates(long DeviceHour, long Input = 0, long CachedInput = 0, long Output = 0)
{
    public long Of(Meter meter) => meter switch
    {
        Meter.InputTokens => Input,
        Meter.CachedInputTokens => CachedInput,
        Meter.OutputTokens => Output,
        _ => DeviceHour,
    };

    /// <summary>Each times a number of millionths, rounded half up to the nano-unit.</summary>
    public Rates Times(long millionths) => new(Times(DeviceHour, millionths), Times(Input, millionths), Times(CachedInput, millionths), Times(Output, millionths));

    public static long Times(long nano, long millionths) => checked((long)((((Int128)nano * millionths) + 500_000) / 1_000_000));
}

/// <summary>The price beyond a quantity in one calendar month (UTC) of one payer.</summary>
/// <param name="Above">Device-hours, or millions of tokens of each kind.</param>
public sealed record PriceTier(long Above, long DeviceHourNano = 0, long InputNano = 0, long CachedInputNano = 0, long OutputNano = 0)
{
    [System.Text.Json.Serialization.JsonIgnore]
    public Rates Rates => new(DeviceHourNano, InputNano, CachedInputNano, OutputNano);
}
