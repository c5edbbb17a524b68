using System.Globalization;
using Amalgam.Catalogue.Probing;

namespace Amalgam.Catalogue.Processors;

/// <summary>
/// What the control group of this process allows, versions 1 and 2. The tightest limit on the way from the group to the
/// root counts, since a container's own group often has none and its parent has.
/// </summary>
internal static class ControlGroup
{
    private const string Root = "/sys/fs/cgroup";

    /// <summary>Processors' worth of time; null when not limited.</summary>
    public static double? Processors(IProbe probe)
    {
        var version2 = Folders(probe, "").Select(folder => Quota(probe.ReadFile(folder + "/cpu.max")));
        var version1 = Folders(probe, "cpu").Select(folder => Quota(
            probe.ReadFile(folder + "/cpu.cfs_quota_us") + " " + probe.ReadFile(folder + "/cpu.cfs_period_us")));
        return version2.Concat(version1).Min();
    }

    /// <summary>Memory in bytes; null when not limited.</summary>
    public static long? MemoryBytes(IProbe probe)
    {
        var version2 = Folders(probe, "").Select(folder => Bytes(probe.ReadFile(folder + "/memory.max")));
        var version1 = Folders(probe, "memory").Select(folder => Bytes(probe.ReadFile(folder + "/memory.limit_in_bytes")));
        return version2.Concat(version1).Min();
    }

    /// <summary>The group's folder and all above it. An empty controller stands for version 2.</summary>
    private static IEnumerable<string> Folders(IProbe probe, string controller)
    {
        var mount = controller.Length == 0 ? Root : $"{Root}/{controller}";
        var path = Path(probe, controller) ?? "";
        // Inside a container the path may name a folder of the host that is not visible; the mount itself is then ours.
        while (path.Length > 1)
        {
            yield return mount + path;
            path = path[..path.LastIndexOf('/')];
        }
        yield return mount;
    }

    /// <summary>Lines of <c>/proc/self/cgroup</c>: number, controllers, path, separated by colons (cgroups(7)).</summary>
    private static string? Path(IProbe probe, string controller) => (probe.ReadFile("/proc/self/cgroup") ?? "")
        .Split('\n')
        .Select(line => line.Split(':', 3))
        .Where(parts => parts.Length == 3 && parts[1].Split(',').Contains(controller))
        .Select(parts => parts[2].TrimEnd('/'))
        .FirstOrDefault();

    private static double? Quota(string? text)
    {
        var parts = (text ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return parts.Length == 2 && Number(parts[0]) is { } quota and > 0 && Number(parts[1]) is { } period and > 0
            ? (double)quota / period
            : null;
    }

    // Version 1 says "not limited" with a number near 2^63, version 2 with the word "max".
    private static long? Bytes(string? text) => Number(text?.Trim() ?? "") is { } bytes and > 0 and < (1L << 60) ? bytes : null;

    private static long? Number(string text) =>
        long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? number : null;
}
