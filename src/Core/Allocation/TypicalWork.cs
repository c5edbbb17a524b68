using System.Collections.Immutable;

namespace Amalgam.Core.Allocation;

/// <summary>
/// What is typically asked for on a cluster. Placement weighs by it what a place could still earn for others; it decides nothing else. Declared with the
/// snapshot, so that a plan depends on nothing that is not in it.
/// </summary>
public sealed record TypicalWork(ImmutableArray<TypicalRequest> Kinds)
{
    /// <summary>Nothing is known: mostly whole devices are expected, some halves and quarters, with half of their share of cores and RAM.</summary>
    public static TypicalWork Unknown { get; } = new([]);
}

/// <summary>A kind of request for one member.</summary>
/// <param name="DevicesMilli">Below 1000: a share of one device. Otherwise whole devices, 1000 each. 0: cores and RAM only.</param>
/// <param name="MemoryMiB">On each of its devices.</param>
/// <param name="Speeds">As on a workload: a class not named, or 0, cannot run it.</param>
/// <param name="Weight">How often it is asked for, relative to the others.</param>
public sealed record TypicalRequest(
    long DevicesMilli, long CpuMilli, long RamMiB, long MemoryMiB, ImmutableArray<ClassSpeed> Speeds, long Weight);
