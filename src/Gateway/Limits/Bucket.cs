namespace Amalgam.Gateway.Limits;

/// <summary>
/// A token bucket: a minute's allowance may be taken at once and flows back evenly. What a request took too much or too little is put right
/// when it ends, so the level may go below zero; nothing is taken then until it is back. Not thread-safe: its owner locks.
/// </summary>
internal struct Bucket(long perMinute)
{
    private double _level = perMinute;
    private long _atTicks;

    public readonly long Capacity => perMinute;

    /// <summary>Whole units that could be taken now.</summary>
    public readonly long Remaining => Math.Max(0, (long)_level);

    public readonly TimeSpan UntilFull => After(perMinute);

    /// <summary>Brings the level up to the present. Time that stands still or goes back changes nothing.</summary>
    public void Advance(long nowTicks)
    {
        if (_atTicks != 0 && nowTicks > _atTicks) _level = Math.Min(perMinute, _level + (nowTicks - _atTicks) * (perMinute / (double)TimeSpan.TicksPerMinute));
        _atTicks = Math.Max(_atTicks, nowTicks);
    }

    /// <summary>How long until <paramref name="amount"/> could be taken; zero = now. An amount above the capacity waits for a full bucket.</summary>
    public readonly TimeSpan Wait(long amount) => After(Math.Min(amount, perMinute));

    public void Take(long amount) => _level -= amount;

    private readonly TimeSpan After(double level) => _level >= level
        ? TimeSpan.Zero
        : TimeSpan.FromTicks((long)Math.Ceiling((level - _level) * TimeSpan.TicksPerMinute / Math.Max(1, perMinute)));
}
