using System.Text.Json.Serialization;

namespace Amalgam.Catalogue.Detecting;

/// <summary>A device that was seen, with the class that the catalogue gives it.</summary>
public sealed record DeviceObservation
{
    public required string Class { get; init; }
    public required string Vendor { get; init; }
    /// <summary>The number that the vendor's stack gives the device; for a CPU the core's number.</summary>
    public required int Index { get; init; }
    public string? Uuid { get; init; }
    /// <summary>The name as the vendor's tool prints it.</summary>
    public required string Name { get; init; }
    public required int MemoryMiB { get; init; }
    public string? DriverVersion { get; init; }
    public string? PciAddress { get; init; }
    public IReadOnlyDictionary<string, string> Details { get; init; } = new Dictionary<string, string>();
}

/// <summary>Why something is not as one would expect.</summary>
public enum FindingKind
{
    /// <summary>The vendor's tool is there and could not tell about devices.</summary>
    [JsonStringEnumMemberName("toolFailed")]
    ToolFailed,
    /// <summary>The chip shows on the bus or in /dev, and the tool that could tell more is absent.</summary>
    [JsonStringEnumMemberName("toolMissing")]
    ToolMissing,
    /// <summary>The tool answered in a form that the recipe does not know.</summary>
    [JsonStringEnumMemberName("outputNotUnderstood")]
    OutputNotUnderstood,
    /// <summary>The tool tells of a chip that the catalogue does not know.</summary>
    [JsonStringEnumMemberName("unknownChip")]
    UnknownChip,
    /// <summary>Fewer devices answer than show on the bus.</summary>
    [JsonStringEnumMemberName("devicesMissing")]
    DevicesMissing,
}

/// <summary>One thing that detection noticed, in words.</summary>
/// <param name="Vendor">Vendor id.</param>
/// <param name="Tool">Tool id; null when no tool is concerned.</param>
/// <param name="Kind">What kind of finding it is.</param>
/// <param name="Text">One sentence: what was seen and why.</param>
/// <param name="Action">One sentence: what to do.</param>
public sealed record DetectionFinding(string Vendor, string? Tool, FindingKind Kind, string Text, string Action);

/// <summary>What is in a machine.</summary>
public sealed record DetectionReport(IReadOnlyList<DeviceObservation> Devices, IReadOnlyList<DetectionFinding> Findings);
