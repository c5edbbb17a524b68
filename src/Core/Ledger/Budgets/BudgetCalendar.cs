namespace Amalgam.Core.Ledger.Budgets;

/// <summary>Half-open calendar periods in UTC: [begin, end), Unix milliseconds.</summary>
public static class BudgetCalendar
{
    public const long DayMs = 86_400_000;

    /// <summary>The period that an instant lies in. Without an end for <see cref="BudgetPeriod.None"/>: 0 to <see cref="long.MaxValue"/>.</summary>
    public static (long FromMs, long ToMs) Of(BudgetPeriod period, long atMs)
    {
        if (period == BudgetPeriod.None)
        {
            return (0, long.MaxValue);
        }

        var day = DateTimeOffset.FromUnixTimeMilliseconds(atMs - Mod(atMs, DayMs));
        var (from, to) = period switch
        {
            BudgetPeriod.Day => (day, day.AddDays(1)),
            BudgetPeriod.Week => Add(day.AddDays(-(((int)day.DayOfWeek + 6) % 7)), 7),
            BudgetPeriod.Month => AddMonths(day.Year, day.Month, 1),
            BudgetPeriod.Quarter => AddMonths(day.Year, day.Month - ((day.Month - 1) % 3), 3),
            BudgetPeriod.Year => AddMonths(day.Year, 1, 12),
            _ => throw new ArgumentOutOfRangeException(nameof(period)),
        };
        return (from.ToUnixTimeMilliseconds(), to.ToUnixTimeMilliseconds());
    }

    private static (DateTimeOffset From, DateTimeOffset To) Add(DateTimeOffset from, int days) => (from, from.AddDays(days));

    private static (DateTimeOffset From, DateTimeOffset To) AddMonths(int year, int month, int months)
    {
        var from = new DateTimeOffset(year, month, 1, 0, 0, 0, TimeSpan.Zero);
        return (from, from.AddMonths(months));
    }

    private static long Mod(long value, long by) => ((value % by) + by) % by;
}
