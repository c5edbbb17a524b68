namespace Amalgam.ControlPlane.Ports;

/// <summary>One command to an engine about one lease. <paramref name="Generation"/> grows with every new command for the same lease.</summary>
public abstract record EngineCommand(string LeaseId, long Generation);

/// <summary>Start one member on exactly the leased devices.</summary>
public sealed record StartMember(string LeaseId, long Generation, MemberLaunch Launch) : EngineCommand(LeaseId, Generation);

/// <summary>Ask the member to end (the stop signal), and kill its whole process group when the grace is over. Zero grace kills at once.</summary>
public sealed record StopMember(string LeaseId, long Generation, TimeSpan Grace) : EngineCommand(LeaseId, Generation);

/// <summary>The end was recorded in the journal: the engine may drop its record of the member (its log is kept).</summary>
public sealed record ForgetMember(string LeaseId, long Generation) : EngineCommand(LeaseId, Generation);

/// <summary>All an engine needs to start a member; it has no choices left.</summary>
/// <param name="Command">Program and arguments; `{port}` in any argument or environment value is replaced by the port that the engine picks.</param>
/// <param name="Environment">Added to the environment; holds the variables that select the devices.</param>
/// <param name="WorkingDirectory">Null = the member's own folder.</param>
/// <param name="Node">Node of the inventory.</param>
/// <param name="Devices">Device indices on that node, ascending.</param>
/// <param name="Cores">Processor numbers the member is bound to; empty = not bound.</param>
/// <param name="NeedsPort">A replica that listens: the engine picks a free loopback port and reports the address.</param>
/// <param name="StopSignal">SIGTERM or SIGINT.</param>
/// <param name="MemoryLimitMiB">Zero = none. Engines that can, enforce it.</param>
/// <param name="TimeLimit">The job's own; the control plane enforces it, an engine that can does so too where no control plane runs.</param>
/// <param name="Gang">Shared by the members that must begin together, and by nobody else ever; null = it is alone. Engines whose members may begin at different times wait for all.</param>
/// <param name="DeviceVariables">Those of <paramref name="Environment"/> that select the devices, for engines that choose devices themselves; null = the chip has none.</param>
public sealed record MemberLaunch(
    string WorkloadId,
    string WorkloadName,
    int Member,
    IReadOnlyList<string> Command,
    IReadOnlyDictionary<string, string> Environment,
    string? WorkingDirectory,
    string Node,
    IReadOnlyList<int> Devices,
    IReadOnlyList<int> Cores,
    bool NeedsPort,
    string StopSignal = "SIGTERM",
    long MemoryLimitMiB = 0,
    TimeSpan? TimeLimit = null,
    string? Gang = null,
    DeviceVariables? DeviceVariables = null);

/// <param name="UnitsPerDevice">For stacks that count cores instead of devices: cores of one device.</param>
public sealed record DeviceVariables(IReadOnlyList<string> Names, int UnitsPerDevice);

public enum MemberPhase
{
    Running,

    /// <summary>The stop signal was sent; the grace runs.</summary>
    Stopping,

    /// <summary>Ended by itself or by a stop; the exit code is known.</summary>
    Exited,

    /// <summary>Gone without a trace of how it ended (machine restarted, record destroyed).</summary>
    Lost,

    /// <summary>Handed over to the engine's own scheduler, which has not started it yet.</summary>
    Queued,

    /// <summary>The engine's own scheduler did not give the devices, or took them back for others: nobody's failure, and time for a new plan.</summary>
    TakenBack,

    /// <summary>What was asked can never be started there; the reason is in the detail.</summary>
    Refused,
}

/// <param name="Address">`http://127.0.0.1:PORT` of a replica; null for jobs.</param>
/// <param name="ExitCode">Set when exited; 128 + signal where a signal ended it.</param>
/// <param name="EndedAtUnixMs">When it ended as well as can be known (the exit record's own time, not the time of observation).</param>
/// <param name="ResidentMiB">Memory of the whole process group now, or the largest seen once it has ended.</param>
/// <param name="Detail">One line for a person, for instance why it could not start.</param>
public sealed record MemberObservation(
    string LeaseId,
    long Generation,
    MemberPhase Phase,
    string? Address,
    int? ExitCode,
    long StartedAtUnixMs,
    long? EndedAtUnixMs,
    long ResidentMiB,
    long CpuMs,
    string? Detail);

/// <param name="Machine">Nodes of one machine share it.</param>
/// <param name="Simulated">Shown as such wherever a person sees it.</param>
/// <param name="ListenHost">Address on which a replica there must listen to be reached.</param>
public sealed record NodeObservation(
    string Name,
    string Engine,
    string Machine,
    string ChipClass,
    long MemoryMiBPerDevice,
    IReadOnlyList<DeviceObservation> Devices,
    string? Rack = null,
    bool Simulated = false,
    string ListenHost = "127.0.0.1");

/// <param name="Cores">Processor numbers of a CPU device; empty for accelerators.</param>
public sealed record DeviceObservation(int Index, string Id, bool Healthy, string? Problem, IReadOnlyList<int> Cores);

public sealed record EngineInventory(IReadOnlyList<NodeObservation> Nodes);
