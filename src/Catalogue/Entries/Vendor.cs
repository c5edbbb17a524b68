namespace Amalgam.Catalogue.Entries;

/// <summary>Who makes chips, how they show on a machine, and how they are asked.</summary>
public sealed record Vendor
{
    public required string Id { get; init; }
    public required string Name { get; init; }
    public required string SoftwareStack { get; init; }
    /// <summary>What to install when a chip is there and its tool is not.</summary>
    public required string Install { get; init; }
    public IReadOnlyList<PciMatch> Pci { get; init; } = [];
    /// <summary>Names in <c>/dev</c> that show the chip, as regular expressions.</summary>
    public IReadOnlyList<string> DeviceNodes { get; init; } = [];
    public required DeviceSelection Selection { get; init; }
    public string? KubernetesResource { get; init; }
    public string? SlurmGres { get; init; }
    /// <summary>Tried in order; the first that yields a device wins.</summary>
    public IReadOnlyList<DetectionTool> Tools { get; init; } = [];
}

/// <summary>How a chip shows on the PCI bus. Hexadecimal, lower case, without 0x; empty lists match everything.</summary>
/// <param name="VendorId">Four digits.</param>
/// <param name="Classes">Prefixes of the six-digit class code, such as <c>0302</c>.</param>
/// <param name="Devices">Device ids, where the vendor id alone says too little.</param>
public sealed record PciMatch(string VendorId, IReadOnlyList<string> Classes, IReadOnlyList<string> Devices);
