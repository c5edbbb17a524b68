using Amalgam.Core.Journal;

namespace Amalgam.Core.Ledger.Stock;

/// <summary>What chips were received, class by class, and where they stand. A class without a lot has no book: its stock is what the engines report.</summary>
public sealed class StockBook
{
    private readonly List<StockLot> _lots = [];
    private readonly Dictionary<string, StockCount> _moved = new(StringComparer.Ordinal);
    private readonly HashSet<string> _notReplenishable = new(StringComparer.Ordinal);

    public IReadOnlyList<StockLot> Lots => _lots;

    public int NextLot => _lots.Count + 1;

    /// <summary>Classes with lots that have come, or will.</summary>
    public IEnumerable<string> Classes => _lots.Select(lot => lot.ChipClass).Distinct(StringComparer.Ordinal);

    public bool IsReplenishable(string chipClass) => !_notReplenishable.Contains(chipClass);

    /// <summary>Null when no lot of the class has come by then.</summary>
    public StockCount? Count(string chipClass, long atMs)
    {
        StockCount? count = null;
        foreach (var lot in _lots)
        {
            if (lot.ChipClass == chipClass && lot.ReceivedMs <= atMs)
            {
                var before = count ?? _moved.GetValueOrDefault(chipClass);
                count = (before with { Received = before.Received + lot.Devices }).Plus(lot.Arrives, lot.Devices);
            }
        }

        return count;
    }

    /// <summary>Chips that come after one instant and up to another.</summary>
    public long Arriving(string chipClass, long afterMs, long toMs) =>
        _lots.Where(lot => lot.ChipClass == chipClass && lot.ReceivedMs > afterMs && lot.ReceivedMs <= toMs).Sum(lot => lot.Devices);

    /// <summary>The next instant after <paramref name="afterMs"/> at which a lot comes; <see cref="long.MaxValue"/> if none does.</summary>
    public long NextChange(long afterMs) => _lots.Select(lot => lot.ReceivedMs).Where(at => at > afterMs).DefaultIfEmpty(long.MaxValue).Min();

    public void Apply(StockEvent fact)
    {
        switch (fact)
        {
            case StockReceived received:
                _lots.Add(received.Lot);
                Mark(received.Lot.ChipClass, received.Replenishable);
                break;
            case StockMoved moved:
                _moved[moved.ChipClass] = _moved.GetValueOrDefault(moved.ChipClass).Plus(moved.From, -moved.Devices).Plus(moved.To, moved.Devices);
                break;
        }
    }

    private void Mark(string chipClass, bool? replenishable)
    {
        if (replenishable == false)
        {
            _notReplenishable.Add(chipClass);
        }
        else if (replenishable == true)
        {
            _notReplenishable.Remove(chipClass);
        }
    }
}
