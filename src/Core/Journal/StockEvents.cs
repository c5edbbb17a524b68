using Amalgam.Core.Ledger.Stock;

namespace Amalgam.Core.Journal;

/// <summary>Recorded for the book of stock.</summary>
public abstract record StockEvent : JournalEvent;

/// <param name="Replenishable">False marks the class as one that cannot be bought again (export control), true unmarks it; null leaves it.</param>
public sealed record StockReceived(StockLot Lot, bool? Replenishable) : StockEvent;

public sealed record StockMoved(string ChipClass, long Devices, StockCondition From, StockCondition To, string Note) : StockEvent;
