using System.Text.Json.Serialization;
using Amalgam.ControlPlane.Ports;

namespace Amalgam.Engines.Local;

/// <summary>What was asked and how to know the process again. Holds no environment: that is where secrets travel.</summary>
/// <param name="Mark">Unique to this run; every process of the member carries it in its environment as <see cref="MemberLaunching.MarkVariable"/>.</param>
/// <param name="BootId">Of the machine's start during which it ran (/proc/sys/kernel/random/boot_id).</param>
/// <param name="Pid">Session leader; zero until it is known that it was started.</param>
/// <param name="StartTicks">The process's start in clock ticks since boot: a process id that is used again has another.</param>
internal sealed record LaunchRecord(
    string LeaseId,
    long Generation,
    string WorkloadId,
    string WorkloadName,
    int Member,
    IReadOnlyList<string> Command,
    string WorkingDirectory,
    string Node,
    IReadOnlyList<int> Devices,
    IReadOnlyList<int> Cores,
    int Port,
    string StopSignal,
    long MemoryLimitMiB,
    string Mark,
    long StartedAtUnixMs,
    string BootId,
    int Pid,
    long StartTicks);

/// <summary>The stop that was asked for, written before the signal is sent: the next control plane keeps the promise.</summary>
/// <param name="Signalled">Whether the signal was sent.</param>
internal sealed record StopRecord(long Generation, long RequestedAtUnixMs, long DeadlineUnixMs, bool Signalled);

internal sealed record EndRecord(MemberPhase Phase, int? ExitCode, long EndedAtUnixMs, long ResidentMiB, long CpuMs, string? Detail);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true)]
[JsonSerializable(typeof(LaunchRecord))]
[JsonSerializable(typeof(StopRecord))]
[JsonSerializable(typeof(EndRecord))]
internal sealed partial class MemberRecordJson : JsonSerializerContext;
