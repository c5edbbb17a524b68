using System.Globalization;

namespace Amalgam.Catalogue.Estimates;

/// <summary>
/// Memory that a replica will need, before it is placed: weights, KV cache at the asked context, and what the runtime adds.
/// The formula for the cache is that of multi-head attention with grouped heads: 2 x layers x heads x width x bytes per token.
/// </summary>
/// <param name="WeightsMiB">Loaded weights.</param>
/// <param name="KvCacheMiB">Cache of all sequences at full context.</param>
/// <param name="OverheadMiB">What the runtime adds.</param>
/// <param name="Devices">Devices that share it.</param>
/// <param name="DeviceShare">Part of a device that the runtime may use.</param>
/// <param name="ContextTokens">Tokens of context per sequence.</param>
/// <param name="Slots">Sequences at the same time.</param>
public sealed record MemoryEstimate(
    int WeightsMiB, int KvCacheMiB, int OverheadMiB, int Devices, double DeviceShare, int ContextTokens, int Slots)
{
    private const double MiB = 1 << 20;

    public int TotalMiB => WeightsMiB + KvCacheMiB + OverheadMiB;

    /// <summary>What each device must have, with the share that the runtime leaves free.</summary>
    public int PerDeviceMiB => Ceiling((double)TotalMiB / Devices / DeviceShare);

    /// <summary>Estimates a replica.</summary>
    /// <param name="model">The model.</param>
    /// <param name="runtime">What the runtime adds.</param>
    /// <param name="contextTokens">Tokens of context per sequence.</param>
    /// <param name="slots">Sequences at the same time.</param>
    /// <param name="devices">Devices that share weights and cache evenly.</param>
    /// <param name="kvBytesPerElement">Width of a cache element when it is not the runtime's default: 1 for 8 bits, 1.0625 for q8_0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A count below one.</exception>
    public static MemoryEstimate Of(
        ModelFacts model, MemoryOverhead runtime, int contextTokens, int slots, int devices = 1, double? kvBytesPerElement = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(contextTokens, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(slots, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(devices, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(model.WeightBytes);
        var cacheBytes = model.KvElementsPerToken * (kvBytesPerElement ?? runtime.KvBytesPerElement) * contextTokens * slots;
        return new MemoryEstimate(
            Ceiling(model.WeightBytes * runtime.WeightFactor / MiB),
            Ceiling(cacheBytes / MiB),
            Ceiling(runtime.FixedMiB + ((double)runtime.PerDeviceMiB * devices) + ((double)runtime.PerSlotMiB * slots)),
            devices, runtime.DeviceShare, contextTokens, slots);
    }

    /// <summary>
    /// The longest context per sequence that fits on such devices, at most what the model was made for; 0 when not even one
    /// token fits. The smallest change to propose when a placement is refused.
    /// </summary>
    public static int LargestContextTokens(
        ModelFacts model, MemoryOverhead runtime, int slots, int devices, int deviceMemoryMiB, double? kvBytesPerElement = null)
    {
        var one = Of(model, runtime, 1, slots, devices, kvBytesPerElement);
        var free = (deviceMemoryMiB * runtime.DeviceShare * devices) - one.WeightsMiB - one.OverheadMiB;
        var perTokenMiB = model.KvElementsPerToken * (kvBytesPerElement ?? runtime.KvBytesPerElement) * slots / MiB;
        var limit = model.ContextLimitTokens ?? int.MaxValue;
        if (free < 0)
        {
            return 0;
        }
        // One MiB less, since the estimate rounds the cache up to a whole one.
        return perTokenMiB <= 0 ? limit : (int)Math.Clamp((free - 1) / perTokenMiB, 0, limit);
    }

    /// <summary>Whether each device of this size has room for its part.</summary>
    public bool FitsOn(int deviceMemoryMiB) => PerDeviceMiB <= deviceMemoryMiB;

    /// <summary>The sum in words, for quotes and refusals.</summary>
    public string Explain() => string.Create(CultureInfo.InvariantCulture,
        $"weights {WeightsMiB:N0} + KV cache {KvCacheMiB:N0} ({ContextTokens:N0} tokens x {Slots} {(Slots == 1 ? "sequence" : "sequences")}) + runtime {OverheadMiB:N0} = {TotalMiB:N0} MiB")
        + (Devices > 1 ? string.Create(CultureInfo.InvariantCulture, $", {PerDeviceMiB:N0} MiB on each of {Devices} devices") : "");

    // Saturates: an absurd request must read as "does not fit", not overflow into something small.
    private static int Ceiling(double amount) => (int)Math.Min(Math.Ceiling(amount), int.MaxValue / 4);
}
