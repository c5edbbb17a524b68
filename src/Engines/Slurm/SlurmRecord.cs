using System.Text.Json.Serialization;

namespace Amalgam.Engines.Slurm;

/// <summary>What was asked, and which job it became. Holds no environment: that is where secrets travel.</summary>
/// <param name="PartName">Name of the node in job marks.</param>
/// <param name="SlurmNode">The node that was asked for.</param>
/// <param name="Arguments">Of sbatch.</param>
/// <param name="JobId">Zero until Slurm's answer was heard.</param>
internal sealed record SlurmRecord(
    string LeaseId,
    long Generation,
    string WorkloadId,
    string PartName,
    string SlurmNode,
    string Address,
    IReadOnlyList<int> Devices,
    bool NeedsPort,
    string StopSignal,
    IReadOnlyList<string> Arguments,
    long SubmittedAtUnixMs,
    long JobId);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true)]
[JsonSerializable(typeof(SlurmRecord))]
internal sealed partial class SlurmRecordJson : JsonSerializerContext;
