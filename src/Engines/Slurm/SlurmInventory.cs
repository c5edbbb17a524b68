using Amalgam.ControlPlane.Ports;

namespace Amalgam.Engines.Slurm;

/// <summary>One Slurm node's devices of one class: a node in the cloud's sense.</summary>
/// <param name="Name">In the cluster and the class, as job marks name it: `a1/nvidia-a100-80gb`.</param>
/// <param name="Gres">Null = processors.</param>
/// <param name="CpusEach">Processors that a job gets with each device: its share of the node.</param>
internal sealed record SlurmPart(string Name, SlurmNode Node, string ChipClass, long DeviceMemoryMiB, int Devices, SlurmGres? Gres, int CpusEach, long MemoryEachMiB);

/// <summary>Slurm's nodes in the cloud's terms. Pure.</summary>
internal static class SlurmInventory
{
    public const string EngineName = "slurm";

    public static string NameOf(SlurmPart part) => $"{EngineName}/{part.Name}";

    /// <summary>A node with chips offers its chips; one without offers its cores.</summary>
    public static List<SlurmPart> Parts(IEnumerable<SlurmNode> nodes, SlurmOptions options, Action<SlurmGres> unknown)
    {
        var parts = new List<SlurmPart>();
        foreach (var node in nodes.Where(node => options.Partitions.Count == 0 || node.Partitions.Any(options.Partitions.Contains)))
        {
            var chips = node.Gres.Where(gres => options.ChipNames.Contains(gres.Name) && gres.Count > 0).ToList();
            var all = chips.Sum(gres => gres.Count);
            parts.AddRange(chips.Select(gres => OfChips(node, gres, all, options, unknown)));
            var cores = node.Cpus / node.ThreadsPerCore;
            if (all == 0 && cores > 0)
                parts.Add(new SlurmPart(
                    $"{node.Name}/{options.ProcessorClass}", node, options.ProcessorClass, node.MemoryMiB / cores, cores, null, node.ThreadsPerCore, node.MemoryMiB / cores));
        }

        return parts;
    }

    private static SlurmPart OfChips(SlurmNode node, SlurmGres gres, int all, SlurmOptions options, Action<SlurmGres> unknown)
    {
        var chip = options.Chip(gres.Name, gres.Type);
        if (chip is null)
        {
            unknown(gres);
            chip = new SlurmChip(UnknownClass(gres), 0);
        }

        return new SlurmPart($"{node.Name}/{chip.ChipClass}", node, chip.ChipClass, chip.MemoryMiB, gres.Count, gres, Math.Max(1, node.Cpus / all), node.MemoryMiB / all);
    }

    /// <summary>What a chip is called that the catalogue does not know: good enough for `--chips`.</summary>
    public static string UnknownClass(SlurmGres gres)
    {
        var name = gres.Type.Length == 0 ? $"slurm-{gres.Name}" : $"{gres.Name}-{gres.Type}";
        return new string([.. name.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' ? c : '-')]);
    }

    /// <param name="held">Devices of a part that members of this cloud have or were promised; they stay usable to them whatever happens around them.</param>
    /// <param name="ours">Devices of a part that jobs of this cloud hold by Slurm's own account, at the time of <paramref name="parts"/>.</param>
    /// <param name="outOfReach">Why nothing can be started anywhere; null = Slurm answers.</param>
    public static EngineInventory Of(
        IReadOnlyList<SlurmPart> parts, ILookup<string, int> held, IReadOnlyDictionary<string, int> ours, Func<SlurmNode, string?> trouble, string? outOfReach)
    {
        var nodes = new List<NodeObservation>();
        var byNode = parts.ToLookup(part => part.Node.Name, StringComparer.Ordinal);
        foreach (var part in parts)
        {
            var mine = held[part.Name].ToHashSet();
            var elsewhere = Elsewhere(part, Math.Max(mine.Count, ours.GetValueOrDefault(part.Name)), [.. byNode[part.Node.Name]], ours);
            var problem = outOfReach ?? part.Node.Trouble ?? trouble(part.Node);
            var devices = new DeviceObservation[part.Devices];
            for (var index = part.Devices - 1; index >= 0; index--)
            {
                // Slurm picks devices itself, so only their number counts: the highest that are not ours stand for those of others.
                var taken = problem is null && !mine.Contains(index) && elsewhere-- > 0;
                var why = mine.Contains(index) ? null : problem ?? (taken ? "held by other Slurm jobs" : null);
                devices[index] = new DeviceObservation(index, $"{part.Name}/{index}", why is null, why, []);
            }

            nodes.Add(new NodeObservation(
                NameOf(part), EngineName, part.Node.Name, part.ChipClass, part.DeviceMemoryMiB, devices, ListenHost: "0.0.0.0"));
        }

        return new EngineInventory(nodes);
    }

    /// <summary>Devices that other people's jobs keep from us: those they hold, and those whose share of processors or memory they hold.</summary>
    private static int Elsewhere(SlurmPart part, int ours, SlurmPart[] same, IReadOnlyDictionary<string, int> oursByPart)
    {
        var node = part.Node;
        var ourCpus = same.Sum(other => other.CpusEach * Math.Max(oursByPart.GetValueOrDefault(other.Name), ReferenceEquals(other, part) ? ours : 0));
        var ourMemory = same.Sum(other => other.MemoryEachMiB * Math.Max(oursByPart.GetValueOrDefault(other.Name), ReferenceEquals(other, part) ? ours : 0));
        var foreignCpus = Math.Max(0, node.CpusUsed - ourCpus);
        var foreignMemory = Math.Max(0, node.MemoryUsedMiB - ourMemory);
        var byGres = part.Gres is { } gres ? Math.Max(0, gres.Used - ours) : 0;
        // What is left over of the node after each device got its share serves others without harm.
        var spareCpus = node.Cpus - same.Sum(other => (long)other.CpusEach * other.Devices);
        var spareMemory = node.MemoryMiB - same.Sum(other => other.MemoryEachMiB * other.Devices);
        var byCpus = (Math.Max(0, foreignCpus - spareCpus - Owned(same, part, part.CpusEach, byGres)) + part.CpusEach - 1) / part.CpusEach;
        var byMemory = part.MemoryEachMiB == 0 ? 0
            : (Math.Max(0, foreignMemory - spareMemory - Owned(same, part, part.MemoryEachMiB, byGres)) + part.MemoryEachMiB - 1) / part.MemoryEachMiB;
        return (int)Math.Min(part.Devices, byGres + Math.Max(byCpus, byMemory));
    }

    /// <summary>The share that belongs to devices which others hold anyway, of this class and of the node's other classes.</summary>
    private static long Owned(SlurmPart[] same, SlurmPart part, long each, int byGres) =>
        each * (byGres + same.Where(other => !ReferenceEquals(other, part) && other.Gres is not null).Sum(other => (long)other.Gres!.Used));
}
