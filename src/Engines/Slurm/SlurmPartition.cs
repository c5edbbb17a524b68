using System.Globalization;

namespace Amalgam.Engines.Slurm;

/// <summary>One line of `sinfo`.</summary>
/// <param name="MaxMinutes">Null = no limit.</param>
internal sealed record SlurmPartition(string Name, bool IsUp, bool IsDefault, long? MaxMinutes)
{
    public const string Format = "%P|%a|%l";

    public static List<SlurmPartition> Parse(string output)
    {
        var partitions = new List<SlurmPartition>();
        foreach (var line in output.Split('\n'))
        {
            if (line.Split('|') is not [var name, var state, var limit] || partitions.Exists(known => known.Name == name.TrimEnd('*'))) continue;
            partitions.Add(new SlurmPartition(name.TrimEnd('*'), state == "up", name.EndsWith('*'), Minutes(limit.Trim())));
        }

        return partitions;
    }

    /// <summary>`infinite`, `30:00`, `1:00:00`, `7-00:00:00` (sinfo(1), %l).</summary>
    public static long? Minutes(string text)
    {
        var (days, clock) = text.Split('-') is [var before, var after] ? (before, after) : ("0", text);
        var parts = clock.Split(':').Select(part => long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1).ToList();
        if (parts.Contains(-1) || !long.TryParse(days, NumberStyles.None, CultureInfo.InvariantCulture, out var day)) return null;
        var seconds = parts.Aggregate(0L, (sum, part) => (60 * sum) + part);
        return (day * 1440) + (seconds / 60);
    }
}
