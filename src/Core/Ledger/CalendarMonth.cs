namespace Amalgam.Core.Ledger;

/// <summary>A calendar month in UTC, counted from year 0: the span in which service levels are measured.</summary>
public readonly record struct CalendarMonth(int Number)
{
    public static CalendarMonth Of(long atMs)
    {
        var date = DateTimeOffset.FromUnixTimeMilliseconds(atMs);
        return new((date.Year * 12) + date.Month - 1);
    }

    public long FromMs => new DateTimeOffset(Number / 12, (Number % 12) + 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

    /// <summary>Exclusive.</summary>
    public long ToMs => new CalendarMonth(Number + 1).FromMs;

    /// <summary>`2026-11`</summary>
    public override string ToString() => $"{Number / 12:D4}-{(Number % 12) + 1:D2}";
}
