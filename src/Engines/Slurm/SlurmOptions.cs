using Amalgam.ControlPlane.Ports;

namespace Amalgam.Engines.Slurm;

/// <summary>What the host tells the engine of a Slurm cluster.</summary>
public sealed record SlurmOptions
{
    /// <summary>
    /// A folder that every node sees under the same path; holds `members/LEASE` (what runs or has ended), `logs/WORKLOAD/LEASE` (what was forgotten, with its
    /// output), `gangs` and the script that members run under.
    /// </summary>
    public required string SharedDirectory { get; init; }

    /// <summary>The catalogue's class for a GRES name and type, for instance `gpu` and `a100`; null = not known. The type is empty where the cluster has none.</summary>
    public required Func<string, string, SlurmChip?> Chip { get; init; }

    /// <summary>GRES names that are chips; others (licences, disks, shares of chips) are left alone.</summary>
    public IReadOnlySet<string> ChipNames { get; init; } = new HashSet<string>(StringComparer.Ordinal) { "gpu" };

    /// <summary>The class of nodes that have processors only; one device is one core.</summary>
    public string ProcessorClass { get; init; } = "cpu";

    /// <summary>Partitions that may be used, the preferred one first; empty = all, the default one first.</summary>
    public IReadOnlyList<string> Partitions { get; init; } = [];

    /// <summary>Slurm account that jobs are charged to; null = the user's default.</summary>
    public string? Account { get; init; }

    /// <summary>How long a job may wait in Slurm's queue before its lease is given back and planned anew.</summary>
    public TimeSpan StartWithin { get; init; } = TimeSpan.FromSeconds(15);

    public TimeSpan JobsEvery { get; init; } = TimeSpan.FromMilliseconds(500);

    public TimeSpan NodesEvery { get; init; } = TimeSpan.FromSeconds(2);

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>One line for a person, for instance a chip that the catalogue does not know. Called once for each.</summary>
    public Action<string> Tell { get; init; } = static _ => { };

    /// <summary>Bytes kept of each of a member's two streams.</summary>
    public long LogBytesPerStream { get; init; } = 32L << 20;

    /// <summary>Bytes kept of the output of all forgotten members together.</summary>
    public long KeptLogBytes { get; init; } = 4L << 30;

    /// <summary>Variables of the cloud's own environment that members inherit, as far as they make sense on another machine.</summary>
    public IReadOnlyList<string> InheritedVariables { get; init; } =
        ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "DOTNET_ROOT", "http_proxy", "https_proxy", "no_proxy", "HF_HOME", "HF_ENDPOINT"];
}

/// <param name="MemoryMiB">Zero = not known.</param>
public sealed record SlurmChip(string ChipClass, long MemoryMiB);
