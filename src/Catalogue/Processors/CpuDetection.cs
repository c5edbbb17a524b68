using System.Globalization;
using Amalgam.Catalogue.Detecting;
using Amalgam.Catalogue.Probing;

namespace Amalgam.Catalogue.Processors;

/// <summary>
/// The processor as chips: one logical processor is one device, its index is the number the operating system gives it, so
/// that a lease can be enforced with an affinity mask.
/// </summary>
public static class CpuDetection
{
    public const string ClassId = "cpu";
    public const string ScalarClassId = "cpu-scalar";

    /// <summary>The detail that lists vector instruction sets.</summary>
    public const string VectorSets = "vectorSets";

    /// <summary>Part of the memory that stays with the operating system and the cloud itself.</summary>
    private const double ReservedShare = 0.1;

    /// <summary>At least one device, whatever the limits say: the process does run.</summary>
    public static IReadOnlyList<DeviceObservation> Detect(IProbe probe, HostFacts host)
    {
        var allowed = AllowedProcessors(probe) ?? Enumerable.Range(0, host.ProcessorCount).ToList();
        var quota = ControlGroup.Processors(probe);
        // A quota of 2.5 processors can keep two devices busy and no third.
        var usable = Math.Clamp(quota is { } limit ? (int)Math.Floor(limit) : allowed.Count, 1, allowed.Count);
        var memoryMiB = (int)Math.Min(int.MaxValue, MemoryBytes(probe, host) * (1 - ReservedShare) / usable / (1 << 20));
        var name = ProcessorName(probe) ?? host.Architecture + " processor";
        var details = Details(probe, host, quota);
        return allowed.Take(usable).Select(number => new DeviceObservation
        {
            Class = ClassId,
            Vendor = ClassId,
            Index = number,
            Name = name,
            MemoryMiB = memoryMiB,
            Details = details,
        }).ToList();
    }

    /// <summary>A list such as <c>0-3,8</c> as numbers; null when it is none.</summary>
    public static IReadOnlyList<int>? ParseList(string text)
    {
        var numbers = new SortedSet<int>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var ends = part.Split('-');
            if (!Number(ends[0], out var first) || !Number(ends[^1], out var last) || ends.Length > 2 || last < first || last > 65_535)
            {
                return null;
            }
            numbers.UnionWith(Enumerable.Range(first, last - first + 1));
        }
        return numbers.Count > 0 ? [.. numbers] : null;
    }

    private static IReadOnlyList<int>? AllowedProcessors(IProbe probe) =>
        Line(probe.ReadFile("/proc/self/status"), "Cpus_allowed_list") is { } list ? ParseList(list) : null;

    private static long MemoryBytes(IProbe probe, HostFacts host)
    {
        var total = Line(probe.ReadFile("/proc/meminfo"), "MemTotal")?.Split(' ')[0];
        var machine = long.TryParse(total, NumberStyles.Integer, CultureInfo.InvariantCulture, out var kibibytes)
            ? kibibytes << 10
            : host.MemoryBytes;
        return Math.Min(machine, ControlGroup.MemoryBytes(probe) ?? long.MaxValue);
    }

    private static string? ProcessorName(IProbe probe)
    {
        // Arm kernels print no model name; the part number alone helps nobody.
        var name = Line(probe.ReadFile("/proc/cpuinfo"), "model name");
        return name is null or "" or "unknown" ? null : name;
    }

    private static SortedDictionary<string, string> Details(IProbe probe, HostFacts host, double? quota)
    {
        // .NET has no class to ask for this set, although its compiler and native runtimes use it.
        var flags = Line(probe.ReadFile("/proc/cpuinfo"), "flags") ?? "";
        var vnni = host.VectorSets.Contains("AVX-512") && flags.Split(' ').Contains("avx512_vnni");
        var sets = vnni ? [.. host.VectorSets, "AVX-512-VNNI"] : host.VectorSets;
        var details = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["architecture"] = host.Architecture,
            [VectorSets] = sets.Count > 0 ? string.Join(' ', sets) : "none",
        };
        if (quota is { } limit)
        {
            details["quotaProcessors"] = limit.ToString("0.##", CultureInfo.InvariantCulture);
        }
        return details;
    }

    /// <summary>The value of the first <c>key : value</c> line with this key.</summary>
    private static string? Line(string? text, string key)
    {
        foreach (var line in (text ?? "").Split('\n'))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0 && line[..colon].Trim() == key)
            {
                return line[(colon + 1)..].Trim();
            }
        }
        return null;
    }

    private static bool Number(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
