namespace Amalgam.Core.Allocation.Stock;

/// <summary>What one member of a workload takes on one node.</summary>
/// <param name="Devices">Whole devices, or 1 for a share; 0 = CPU and RAM only.</param>
/// <param name="MilliPerDevice">1000 for whole devices, less for a share.</param>
/// <param name="MemoryMiB">On each device.</param>
internal readonly record struct MemberShape(int Devices, int MilliPerDevice, long MemoryMiB, long CpuMilli, long RamMiB)
{
    public bool IsShare => MilliPerDevice < 1000;

    public long Milli => (long)Devices * MilliPerDevice;

    public static MemberShape Of(WorkloadState workload) => workload.DevicesMilli is > 0 and < 1000
        ? new(1, (int)workload.DevicesMilli, workload.MemoryMiB, workload.CpuMilli, workload.RamMiB)
        : new((int)((workload.DevicesMilli + 999) / 1000), 1000, workload.MemoryMiB, workload.CpuMilli, workload.RamMiB);
}

/// <summary>Devices taken by one member: a node of a class, and indices on that node.</summary>
internal readonly record struct Slot(int Chip, int Node, int[] Devices, int MilliPerDevice);
