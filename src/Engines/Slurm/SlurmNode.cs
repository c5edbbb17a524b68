using System.Collections.Frozen;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Amalgam.Engines.Slurm;

/// <summary>Devices of one GRES name and type on one node.</summary>
/// <param name="Type">Empty where the cluster has no types.</param>
/// <param name="Used">Held by jobs, whoever's they are.</param>
internal sealed record SlurmGres(string Name, string Type, int Count, int Used)
{
    /// <summary>As `--gres` wants it.</summary>
    public string Request(int devices) => Type.Length == 0 ? $"{Name}:{devices}" : $"{Name}:{Type}:{devices}";
}

/// <summary>One record of `scontrol show node --oneliner --details`, which any account may read.</summary>
/// <param name="Cpus">That jobs can have.</param>
/// <param name="Trouble">Why no job starts there now, with Slurm's own reason; null = one can.</param>
internal sealed partial record SlurmNode(
    string Name, string Address, int Cpus, int ThreadsPerCore, int CpusUsed, long MemoryMiB, long MemoryUsedMiB, IReadOnlyList<SlurmGres> Gres, IReadOnlyList<string> Partitions, string? Trouble)
{
    /// <summary>States and flags of scontrol(1), NODE STATES, under which nothing new is started, and what to call them.</summary>
    private static readonly FrozenDictionary<string, string> Troubles = new Dictionary<string, string>
    {
        ["DOWN"] = "down", ["ERROR"] = "in error", ["FAIL"] = "failing", ["FAILING"] = "failing", ["FUTURE"] = "not there yet", ["UNKNOWN"] = "not seen yet",
        ["DRAIN"] = "drained", ["DRAINING"] = "drained", ["DRAINED"] = "drained", ["MAINT"] = "in maintenance", ["MAINTENANCE"] = "in maintenance", ["RESERVED"] = "reserved",
        ["NOT_RESPONDING"] = "not answering", ["INVALID_REG"] = "badly registered", ["REBOOT"] = "rebooting", ["REBOOT_ISSUED"] = "rebooting", ["REBOOT_REQUESTED"] = "about to reboot",
        ["POWERED_DOWN"] = "powered down", ["POWERING_DOWN"] = "powering down", ["POWER_DOWN"] = "powering down", ["POWERING_UP"] = "powering up", ["POWER_UP"] = "powering up",
        ["BLOCKED"] = "blocked", ["INVAL"] = "badly registered",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static List<SlurmNode> Parse(string output) =>
        [.. output.Split('\n').Where(line => line.StartsWith("NodeName=", StringComparison.Ordinal)).Select(Node)];

    private static SlurmNode Node(string line)
    {
        var name = Text(line, "NodeName") ?? "";
        var cpus = Number(line, "CPUEfctv") is > 0 and var effective ? effective : Number(line, "CPUTot");
        var used = Counts(Text(line, "GresUsed"));
        var gres = Counts(Text(line, "Gres")).Select(counted => new SlurmGres(counted.Key.Name, counted.Key.Type, counted.Value, used.GetValueOrDefault(counted.Key))).ToList();
        var address = Text(line, "NodeAddr") is { Length: > 0 } given and not "(null)" ? given : Text(line, "NodeHostName") ?? name;
        return new SlurmNode(
            name, address, (int)cpus, (int)Math.Max(1, Number(line, "ThreadsPerCore")), (int)Number(line, "CPUAlloc"), Number(line, "RealMemory"), Number(line, "AllocMem"), gres,
            Text(line, "Partitions")?.Split(',', StringSplitOptions.RemoveEmptyEntries) ?? [], TroubleOf(line));
    }

    private static string? TroubleOf(string line)
    {
        var state = Text(line, "State") ?? "UNKNOWN";
        var flags = state.Split('+', StringSplitOptions.RemoveEmptyEntries).Select(flag => flag.TrimEnd('*', '~', '#', '!', '%', '$', '@', '^', '-')).ToList();
        if (state.Contains('*', StringComparison.Ordinal)) flags.Add("NOT_RESPONDING");
        var trouble = flags.Select(flag => Troubles.GetValueOrDefault(flag)).OfType<string>().Distinct().ToList();
        if (trouble.Count == 0) return null;
        var reason = Reason().Match(line) is { Success: true } match ? match.Groups[1].Value.Trim() : "";
        return $"Slurm says {string.Join(" and ", trouble)}{(reason.Length > 0 ? $": {reason}" : "")}";
    }

    /// <summary>`gpu:a100:4(S:0-1),gpu:2,mps:400`; with `no_consume` nothing is counted.</summary>
    private static Dictionary<(string Name, string Type), int> Counts(string? text)
    {
        var counts = new Dictionary<(string, string), int>();
        foreach (Match match in GresItem().Matches(text is null or "(null)" or "N/A" ? "" : text))
        {
            var key = (match.Groups["name"].Value, match.Groups["type"].Value);
            counts[key] = counts.GetValueOrDefault(key) + int.Parse(match.Groups["count"].Value, CultureInfo.InvariantCulture);
        }

        return counts;
    }

    private static string? Text(string line, string key)
    {
        var at = line.StartsWith(key + "=", StringComparison.Ordinal) ? 0 : line.IndexOf($" {key}=", StringComparison.Ordinal) + 1;
        if (at == 0 && !line.StartsWith(key + "=", StringComparison.Ordinal)) return null;
        var from = at + key.Length + 1;
        var end = line.IndexOf(' ', from);
        return end < 0 ? line[from..] : line[from..end];
    }

    private static long Number(string line, string key) => long.TryParse(Text(line, key), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : 0;

    /// <summary>The reason goes on to the user and time in brackets that Slurm adds.</summary>
    [GeneratedRegex(@" Reason=(.*?)(?: \[[^\]]*@[^\]]*\]| [A-Z]\w*=|$)")]
    private static partial Regex Reason();

    [GeneratedRegex(@"(?:^|,)(?<name>[A-Za-z][\w-]*):(?:(?<type>[^:,()]+):)??(?<count>\d+)(?:\([^)]*\))?(?=,|$)")]
    private static partial Regex GresItem();
}
