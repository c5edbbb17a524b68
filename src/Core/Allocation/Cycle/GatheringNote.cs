namespace Amalgam.Core.Allocation.Cycle;

/// <summary>Devices are being gathered for a workload.</summary>
internal sealed record GatheringNote(string Detail, string Change, long? PlannedStartMs);
