namespace Amalgam.Core.Ledger.Stock;

/// <summary>Where a received chip stands.</summary>
public enum StockCondition
{
    InService,

    /// <summary>Healthy, not in a machine; takes the place of a failed one.</summary>
    Spare,

    Failed,

    /// <summary>Gone for good.</summary>
    Retired,
}

/// <summary>Chips of one class that came, or will come, together.</summary>
/// <param name="Id">`s3`</param>
/// <param name="ReceivedMs">Counts from this instant on; in the future = on order.</param>
/// <param name="Arrives">In service or spare.</param>
public sealed record StockLot(string Id, string ChipClass, long Devices, long ReceivedMs, StockCondition Arrives, string Note);

/// <summary>Chips of one class by where they stand; they add up to what was received.</summary>
public readonly record struct StockCount(long Received, long InService, long Spare, long Failed, long Retired)
{
    public long Of(StockCondition condition) => condition switch
    {
        StockCondition.InService => InService,
        StockCondition.Spare => Spare,
        StockCondition.Failed => Failed,
        _ => Retired,
    };

    public StockCount Plus(StockCondition condition, long devices) => condition switch
    {
        StockCondition.InService => this with { InService = InService + devices },
        StockCondition.Spare => this with { Spare = Spare + devices },
        StockCondition.Failed => this with { Failed = Failed + devices },
        _ => this with { Retired = Retired + devices },
    };
}
