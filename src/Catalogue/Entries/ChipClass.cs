namespace Amalgam.Catalogue.Entries;

/// <summary>
/// One kind of chip: the unit in which stock, prices and placement are counted.
/// Figures are the vendor's, dense (without structured sparsity); a figure that no source gives is null, never a guess.
/// </summary>
public sealed record ChipClass
{
    /// <summary>Stable id, such as <c>nvidia-h100-80gb</c>; what people write after <c>--chips</c>.</summary>
    public required string Id { get; init; }
    public required string Vendor { get; init; }
    public required string Name { get; init; }
    /// <summary>Regular expressions on the name that the vendor's tool reports; any one is enough.</summary>
    public IReadOnlyList<string> NamePatterns { get; init; } = [];
    /// <summary>Names that other tools use for the same chip (orchestrators, price lists, papers).</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];
    /// <summary>Null where it depends on the machine (CPU, unified memory).</summary>
    public int? MemoryMiB { get; init; }
    public double? MemoryBandwidthGBps { get; init; }
    /// <summary>Dense peak by precision (<c>fp64</c>, <c>fp32</c>, <c>tf32</c>, <c>bf16</c>, <c>fp16</c>, <c>fp8</c>, <c>fp4</c>), in 10^12 floating-point operations per second.</summary>
    public IReadOnlyDictionary<string, double> PeakTflops { get; init; } = new Dictionary<string, double>();
    /// <summary>Dense peak by precision (<c>int8</c>, <c>int4</c>), in 10^12 integer operations per second.</summary>
    public IReadOnlyDictionary<string, double> PeakTops { get; init; } = new Dictionary<string, double>();
    public int? PowerWatts { get; init; }
    /// <summary>What programs for this chip are written against: <c>cuda</c>, <c>rocm</c>, <c>cann</c>, …</summary>
    public required string SoftwareStack { get; init; }
    public required DeviceSelection Selection { get; init; }
    /// <summary>Whether the shipping of this chip to some countries needs a licence; null when unknown.</summary>
    public bool? ExportControlled { get; init; }
    public string? ExportNote { get; init; }
    public string? KubernetesResource { get; init; }
    public string? SlurmGres { get; init; }
    /// <summary>Environment that every process on this class gets, beside the selecting variable.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
    /// <summary>Never found by detection; exists only where a person divides the chips by hand.</summary>
    public bool OnlyWhenAsked { get; init; }
    /// <summary>Where the figures come from: an address or the name of a document.</summary>
    public required string Source { get; init; }
}
