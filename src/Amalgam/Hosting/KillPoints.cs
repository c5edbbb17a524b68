using System.Diagnostics;
using System.Globalization;

namespace Amalgam.Hosting;

/// <summary>
/// For tests alone: `AMALGAM_TEST_KILL_AT=POINT[:N]` makes the process kill itself (SIGKILL) when it passes that point for the N-th time, so that a crash between two
/// steps can be tried on purpose. Not set, a point is one comparison with a constant.
/// </summary>
internal static class KillPoints
{
    private static readonly string? Wanted = Environment.GetEnvironmentVariable("AMALGAM_TEST_KILL_AT")?.Split(':')[0];
    private static int _left = Environment.GetEnvironmentVariable("AMALGAM_TEST_KILL_AT")?.Split(':') is [_, var count] ? int.Parse(count, CultureInfo.InvariantCulture) : 1;

    public static void At(string point)
    {
        if (Wanted is not null && Wanted == point && Interlocked.Decrement(ref _left) == 0)
        {
            using var self = Process.GetCurrentProcess();
            self.Kill();
            Thread.Sleep(Timeout.Infinite);
        }
    }
}
