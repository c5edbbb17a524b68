namespace Amalgam.Simulation.Journal;

/// <summary>The same demand under the recorded rules and under changed ones. Both sides are virtual, so that they differ by the rules alone.</summary>
internal sealed record WhatIf(RecordedDemand Demand, ReplayResult Replay, IReadOnlyList<RuleSetting> Settings, Tally Now, Tally Then)
{
    public static WhatIf Run(RecordedDemand demand, ReplayResult replay, IReadOnlyList<RuleSetting> settings) =>
        new(demand, replay, settings, VirtualRun.Of(demand, Rules.AsRecorded), VirtualRun.Of(demand, new RuleText(demand.Units, demand.Classes).Parse(settings)));

    /// <summary>Units that asked for anything on either side.</summary>
    public IEnumerable<UnitOutcome> Outcomes => Now.Units.Keys.Union(Then.Units.Keys).Order(StringComparer.Ordinal).Select(unit => new UnitOutcome(unit, Now.Of(unit), Then.Of(unit)));
}

/// <summary>What the change means for one unit.</summary>
internal sealed record UnitOutcome(string Unit, UnitTally Now, UnitTally Then)
{
    /// <summary>Below this a difference is called none: half a percent of the work, one second of waiting.</summary>
    private const double WorkNoise = 0.005;
    private const double WaitNoiseSeconds = 1;

    public double WorkGainedDeviceHours => Amount.DeviceHours(Then.Work) - Amount.DeviceHours(Now.Work);

    public double WaitGainedSeconds => Amount.MeanSeconds(Now.WaitsMs) - Amount.MeanSeconds(Then.WaitsMs);

    /// <summary>Work counts before waiting: who gets more done wins, and of equal work who waits less.</summary>
    public string Verdict
    {
        get
        {
            var noise = WorkNoise * Math.Max(Amount.DeviceHours(Now.Work), Amount.DeviceHours(Then.Work));
            var gain = Math.Abs(WorkGainedDeviceHours) > noise ? WorkGainedDeviceHours : Math.Abs(WaitGainedSeconds) > WaitNoiseSeconds ? WaitGainedSeconds : 0;
            return gain > 0 ? "wins" : gain < 0 ? "loses" : "even";
        }
    }
}

/// <summary>Sums in the units that people read.</summary>
internal static class Amount
{
    private const double MilliDeviceMsPerDeviceHour = 3.6e9;

    public static double DeviceHours(Int128 milliDeviceMs) => (double)milliDeviceMs / MilliDeviceMsPerDeviceHour;

    /// <summary>Nano-units of the currency, rounded once.</summary>
    public static long Nano(Int128 heldTimesPrice) => (long)((heldTimesPrice + 1_800_000_000) / 3_600_000_000);

    public static double MeanSeconds(List<long> waitsMs) => waitsMs.Count == 0 ? 0 : waitsMs.Average() / 1000;

    /// <summary>The least wait that nine tenths of the workloads do not exceed.</summary>
    public static double NinetiethSeconds(List<long> waitsMs) =>
        waitsMs.Count == 0 ? 0 : waitsMs.Order().ElementAt((int)Math.Ceiling(0.9 * waitsMs.Count) - 1) / 1000.0;
}
