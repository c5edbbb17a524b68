using System.Collections.Immutable;

namespace Amalgam.Core.Workloads;

/// <summary>What was asked for. Exactly one of <see cref="Job"/> and <see cref="Service"/> is set.</summary>
public sealed record WorkloadSpec
{
    public required string Name { get; init; }

    public required string Unit { get; init; }

    /// <summary>Gang members of a job; a service counts its replicas in <see cref="ServiceSpec"/>.</summary>
    public int Members { get; init; } = 1;

    /// <summary>Per member: below 1000 a share of one device, else whole devices of one node.</summary>
    public long DevicesMilli { get; init; } = 1000;

    /// <summary>Acceptable chip classes; empty = any.</summary>
    public ImmutableArray<string> Chips { get; init; } = [];

    public int Priority { get; init; }

    public bool Preemptible { get; init; } = true;

    /// <summary>Can carry on from a checkpoint of its own when it is started again.</summary>
    public bool Resumable { get; init; }

    /// <summary>What the user says it takes, at speed 1.</summary>
    public long? DeclaredMs { get; init; }

    public long? MaxWaitMs { get; init; }

    /// <summary>Memory that each device must have free, in MiB; 0 = not said.</summary>
    public long MemoryMiB { get; init; }

    public JobSpec? Job { get; init; }

    public ServiceSpec? Service { get; init; }

    public bool IsService => Service is not null;
}

/// <summary>Any command, run to its end.</summary>
public sealed record JobSpec
{
    public required ImmutableArray<string> Command { get; init; }

    public ImmutableSortedDictionary<string, string> Environment { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    public string? WorkingDirectory { get; init; }

    /// <summary>Ended (with grace) when it has run this long; null = no limit.</summary>
    public long? TimeLimitMs { get; init; }

    /// <summary>Between the stop signal and the kill.</summary>
    public long GraceMs { get; init; } = 10_000;
}

/// <summary>One model behind one name.</summary>
public sealed record ServiceSpec
{
    /// <summary>As the user wrote it: `demo`, a path, or `hf:OWNER/REPO/FILE`.</summary>
    public required string Model { get; init; }

    /// <summary>The file on this machine.</summary>
    public required string ModelPath { get; init; }

    /// <summary>Identity of the file for measured speeds and memory: name and size.</summary>
    public required string ModelKey { get; init; }

    public int MinReplicas { get; init; } = 1;

    public int MaxReplicas { get; init; } = 1;

    /// <summary>Tokens per sequence.</summary>
    public int Context { get; init; }

    /// <summary>Sequences at once in one replica.</summary>
    public int Slots { get; init; } = 4;

    /// <summary>Catalogue id of the runtime; null = the first that fits the chip.</summary>
    public string? Runtime { get; init; }

    /// <summary>Keys of this unit's subtree may use the model; normally the workload's own unit.</summary>
    public required string OpenTo { get; init; }

    /// <summary>A service whose minimum is 0 goes to zero after this long without a request.</summary>
    public long IdleMs { get; init; } = 300_000;

    /// <summary>In-flight requests may finish this long when a replica must go.</summary>
    public long GraceMs { get; init; } = 30_000;
}
