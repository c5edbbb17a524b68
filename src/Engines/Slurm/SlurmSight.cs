using Amalgam.ControlPlane.Ports;

namespace Amalgam.Engines.Slurm;

/// <summary>The cluster as Slurm showed it last. One squeue and one scontrol serve all members.</summary>
internal sealed class SlurmSight(SlurmCommands commands, SlurmOptions options, string cloud)
{
    private const long PartitionsEveryMs = 30_000;
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private long _nodesAtMs, _partitionsAtMs;

    /// <summary>Of this cloud. Null until the first answer.</summary>
    public IReadOnlyList<SlurmJob>? Jobs { get; private set; }

    public IReadOnlyList<SlurmPart> Parts { get; private set; } = [];

    public IReadOnlyList<SlurmPartition> Partitions { get; private set; } = [];

    /// <summary>Devices by part that jobs of this cloud held when the nodes were asked.</summary>
    public IReadOnlyDictionary<string, int> Ours { get; private set; } = new Dictionary<string, int>();

    /// <summary>Why Slurm does not answer; null = it did, the last time.</summary>
    public string? Silence { get; private set; }

    /// <summary>Asks. Never throws: silence is an answer.</summary>
    /// <param name="isMissed">Whether a job that is not among those that wait or run must be looked for among those that are over.</param>
    public async Task LookAsync(long nowUnixMs, Func<IReadOnlyList<SlurmJob>, bool> isMissed, CancellationToken cancel)
    {
        try
        {
            var jobs = commands.JobsAsync(cloud, overToo: false, cancel);
            var nodes = nowUnixMs - _nodesAtMs >= options.NodesEvery.TotalMilliseconds ? commands.NodesAsync(cancel) : null;
            var partitions = nowUnixMs - _partitionsAtMs >= PartitionsEveryMs ? commands.PartitionsAsync(cancel) : null;
            var present = await jobs.ConfigureAwait(false);
            Jobs = isMissed(present) ? await commands.JobsAsync(cloud, overToo: true, cancel).ConfigureAwait(false) : present;
            if (partitions is not null) (Partitions, _partitionsAtMs) = (await partitions.ConfigureAwait(false), nowUnixMs);
            if (nodes is not null)
            {
                Parts = SlurmInventory.Parts(await nodes.ConfigureAwait(false), options, Unknown);
                Ours = Jobs.Where(job => job.Holds).GroupBy(job => job.Mark.NodeName, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Sum(job => job.Mark.Devices), StringComparer.Ordinal);
                _nodesAtMs = nowUnixMs;
            }

            Silence = null;
        }
        catch (SlurmSilentException silent)
        {
            Silence = $"Slurm does not answer: {silent.Message}";
        }
    }

    /// <summary>The partition that a node is asked for in: the first wanted one, else the default one, else any that is up. Null = there is none.</summary>
    public SlurmPartition? PartitionOf(SlurmNode node)
    {
        var usable = Partitions.Where(partition => partition.IsUp && node.Partitions.Contains(partition.Name)).ToList();
        return options.Partitions.Count > 0
            ? options.Partitions.Select(name => usable.Find(partition => partition.Name == name)).FirstOrDefault(partition => partition is not null)
            : usable.Find(partition => partition.IsDefault) ?? usable.FirstOrDefault();
    }

    public string? TroubleOf(SlurmNode node) => PartitionOf(node) is null ? $"no partition of {string.Join(", ", node.Partitions)} is up" : null;

    private void Unknown(SlurmGres gres)
    {
        var id = SlurmInventory.UnknownClass(gres);
        if (_told.Add(id))
            options.Tell($"Slurm's {gres.Name}{(gres.Type.Length > 0 ? $":{gres.Type}" : "")} is not in the catalogue: jobs can use it as --chips {id}; for models and memory sizes add a chip with `aliases: [{(gres.Type.Length > 0 ? gres.Type : id)}]` to the catalogue folder");
    }
}
