namespace Amalgam.SystemTests.Engines;

/// <summary>Tests that take long run with AMALGAM_LONG=1 (`./check --long`) only, and are shown as skipped without it.</summary>
internal static class LongRun
{
    public static bool IsAsked { get; } = Environment.GetEnvironmentVariable("AMALGAM_LONG") == "1";

    /// <summary>Why a test is not run now.</summary>
    /// <param name="takes">About how long it takes, for instance `26 s`; null = it always runs.</param>
    /// <returns>Null = it runs.</returns>
    public static string? Skips(string? takes) => takes is null || IsAsked ? null : $"takes {takes}: AMALGAM_LONG=1 runs it";
}
