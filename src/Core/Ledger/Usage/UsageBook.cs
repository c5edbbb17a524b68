using Amalgam.Core.Journal;

namespace Amalgam.Core.Ledger.Usage;

public readonly record struct UsageKey(string Unit, string KeyId, string Model);

/// <param name="InputTokens">The cached ones included.</param>
public readonly record struct UsageCounts(long InputTokens, long CachedInputTokens, long OutputTokens, long Requests)
{
    public UsageCounts Plus(UsageCounts other) =>
        new(InputTokens + other.InputTokens, CachedInputTokens + other.CachedInputTokens, OutputTokens + other.OutputTokens, Requests + other.Requests);
}

public enum UsageWidth
{
    Minute,
    Hour,
    Day,
}

/// <summary>
/// Tokens by key and model in buckets of a minute, an hour and a day (UTC), for dashboards. Minutes are kept for two days and hours for sixty-two; days for ever.
/// </summary>
public sealed class UsageBook
{
    private const long MinuteMs = 60_000;
    private const long HourMs = 3_600_000;

    private readonly Level _minutes = new(MinuteMs, 2 * BillBook.DayMs);
    private readonly Level _hours = new(HourMs, 62 * BillBook.DayMs);
    private readonly Level _days = new(BillBook.DayMs, long.MaxValue);

    /// <summary>Milliseconds of one bucket.</summary>
    public static long WidthMs(UsageWidth width) => width switch { UsageWidth.Minute => MinuteMs, UsageWidth.Hour => HourMs, _ => BillBook.DayMs };

    public void Add(TokensCharged charged, long atMs)
    {
        var key = new UsageKey(charged.Unit, charged.KeyId, charged.Model);
        var counts = new UsageCounts(charged.InputTokens, charged.CachedInputTokens, charged.OutputTokens, 1);
        _minutes.Add(key, counts, atMs);
        _hours.Add(key, counts, atMs);
        _days.Add(key, counts, atMs);
    }

    /// <summary>What one bucket holds; empty when nothing was used, or it is kept no more.</summary>
    public IEnumerable<KeyValuePair<UsageKey, UsageCounts>> Bucket(UsageWidth width, long startMs) =>
        (width switch { UsageWidth.Minute => _minutes, UsageWidth.Hour => _hours, _ => _days }).Bucket(startMs);

    private sealed class Level(long widthMs, long keptMs)
    {
        private readonly Dictionary<long, Dictionary<UsageKey, UsageCounts>> _buckets = [];
        private readonly Queue<long> _order = new();

        public void Add(UsageKey key, UsageCounts counts, long atMs)
        {
            var start = atMs - (atMs % widthMs);
            if (!_buckets.TryGetValue(start, out var bucket))
            {
                // Records come in the order of time, so that the oldest bucket is always the first.
                while (_order.TryPeek(out var oldest) && start - oldest > keptMs)
                {
                    _buckets.Remove(_order.Dequeue());
                }

                _buckets[start] = bucket = [];
                _order.Enqueue(start);
            }

            bucket[key] = bucket.GetValueOrDefault(key).Plus(counts);
        }

        public Dictionary<UsageKey, UsageCounts> Bucket(long startMs) => _buckets.TryGetValue(startMs, out var bucket) ? bucket : [];
    }
}
