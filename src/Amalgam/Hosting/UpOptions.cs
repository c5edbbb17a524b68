namespace Amalgam.Hosting;

/// <summary>`amalgam up`, as asked.</summary>
internal sealed record UpOptions
{
    public required string Data { get; init; }

    /// <summary>ADDR:PORT; port 0 = any free one.</summary>
    public string Listen { get; init; } = "127.0.0.1:8686";

    public string? Chips { get; init; }

    /// <summary>postgres://…; null = the data directory's own file, or the store that it remembers.</summary>
    public string? Store { get; init; }

    /// <summary>Engines asked for; none = the local one.</summary>
    public IReadOnlyList<string> Engines { get; init; } = [];

    /// <summary>Partitions of Slurm that may be used, the preferred one first; none = all.</summary>
    public IReadOnlyList<string> SlurmPartitions { get; init; } = [];

    public string? SlurmAccount { get; init; }

    /// <summary>Seen by every Slurm node under the same path; null = `slurm` in the data directory.</summary>
    public string? SlurmFolder { get; init; }

    /// <summary>File of simulated nodes.</summary>
    public string? Fleet { get; init; }

    /// <summary>ISO code; counts at the first start only.</summary>
    public string Currency { get; init; } = "USD";

    /// <summary>Plain HTTP on an address that others can reach.</summary>
    public bool Insecure { get; init; }

    /// <summary>PEM files for HTTPS.</summary>
    public string? Certificate { get; init; }

    public string? CertificateKey { get; init; }
}
