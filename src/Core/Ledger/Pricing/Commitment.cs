using Amalgam.Core.Journal;

namespace Amalgam.Core.Ledger.Pricing;

/// <summary>
/// Device-hours bought for every calendar month (UTC) at one price: what is used of them costs it, what is used beyond costs the price in force, what is not used is owed when
/// the month is over.
/// </summary>
public sealed record Commitment
{
    /// <summary>`q3`</summary>
    public required string Id { get; init; }

    /// <summary>Its whole subtree uses what was bought.</summary>
    public required string Unit { get; init; }

    public required string ChipClass { get; init; }

    /// <summary>In each month.</summary>
    public required long DeviceHours { get; init; }

    /// <summary>Nano-units per device-hour.</summary>
    public required long DeviceHourNano { get; init; }

    /// <summary>Begin of a month.</summary>
    public required long FromMs { get; init; }

    /// <summary>Begin of a month, exclusive.</summary>
    public required long ToMs { get; init; }

    /// <summary>Ended before its time at the begin of this month; null = runs to <see cref="ToMs"/>.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public long? EndedMs { get; init; }

    [System.Text.Json.Serialization.JsonIgnore]
    public long EndMs => Math.Min(ToMs, EndedMs ?? long.MaxValue);

    public bool InForce(long atMs) => FromMs <= atMs && atMs < EndMs;

    /// <summary>Under which the use of a month is counted.</summary>
    public string Counter(long atMs) => $"{Id}|{Months.Name(atMs)}";
}

/// <summary>All commitments, and which of their months are settled.</summary>
public sealed class CommitmentBook
{
    private readonly List<Commitment> _all = [];
    private readonly Dictionary<string, long> _madeMs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _settledToMs = new(StringComparer.Ordinal);

    public IReadOnlyList<Commitment> All => _all;

    /// <summary>Grows when one is made or ends.</summary>
    public int Revision { get; private set; }

    public Commitment? Find(string id) => _all.Find(commitment => commitment.Id == id);

    /// <summary>When it was agreed; null for one that nobody recorded.</summary>
    public long? MadeMs(string id) => _madeMs.TryGetValue(id, out var atMs) ? atMs : null;

    public void Add(Commitment commitment, long? atMs = null)
    {
        _all.Add(commitment);
        Revision++;
        if (atMs is { } madeMs)
        {
            _madeMs[commitment.Id] = madeMs;
        }
    }

    public void End(CommitmentEnded ended)
    {
        var at = _all.FindIndex(commitment => commitment.Id == ended.CommitmentId);
        _all[at] = _all[at] with { EndedMs = ended.ToMs };
        Revision++;
    }

    /// <summary>Shortfalls are charged up to here.</summary>
    public long SettledToMs(Commitment commitment) => _settledToMs.GetValueOrDefault(commitment.Id, commitment.FromMs);

    public void Settle(CommitmentShortfallCharged charged)
    {
        var commitment = _all.Find(known => known.Id == charged.CommitmentId);
        if (commitment is null || SettledToMs(commitment) != charged.FromMs)
        {
            throw new InvalidOperationException($"month {Months.Name(charged.FromMs)} of commitment {charged.CommitmentId} is settled twice or out of order");
        }

        _settledToMs[charged.CommitmentId] = charged.ToMs;
    }
}

/// <summary>Calendar months, UTC.</summary>
public static class Months
{
    public static string Name(long atMs) => DateTimeOffset.FromUnixTimeMilliseconds(atMs).ToString("yyyy-MM", System.Globalization.CultureInfo.InvariantCulture);

    public static long Begin(long atMs)
    {
        var at = DateTimeOffset.FromUnixTimeMilliseconds(atMs);
        return new DateTimeOffset(at.Year, at.Month, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
    }

    /// <summary>Begin of the month after; the last month of the calendar has none.</summary>
    public static long End(long atMs)
    {
        var at = DateTimeOffset.FromUnixTimeMilliseconds(Begin(atMs));
        return at is { Year: 9999, Month: 12 } ? long.MaxValue : at.AddMonths(1).ToUnixTimeMilliseconds();
    }
}
