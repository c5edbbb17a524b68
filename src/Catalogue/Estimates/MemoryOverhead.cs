namespace Amalgam.Catalogue.Estimates;

/// <summary>What a runtime needs beside weights and KV cache, and how much of a device it may take.</summary>
/// <param name="WeightFactor">Loaded weights / weights in the file: 1 when used as they lie, more when copied or widened.</param>
/// <param name="FixedMiB">Once per replica.</param>
/// <param name="PerDeviceMiB">Once per device of the replica: driver context, communication buffers.</param>
/// <param name="PerSlotMiB">Once per sequence that may run at the same time: activations, sampling buffers.</param>
/// <param name="KvBytesPerElement">Default width of one KV cache element; 2 for 16-bit floats.</param>
/// <param name="DeviceShare">Part of a device's memory that the runtime may use, 0 to 1.</param>
public sealed record MemoryOverhead(
    double WeightFactor, int FixedMiB, int PerDeviceMiB, int PerSlotMiB, double KvBytesPerElement, double DeviceShare);
