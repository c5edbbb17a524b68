using Amalgam.Catalogue.Entries;

namespace Amalgam.Catalogue.Yaml;

/// <summary>
/// What one file says about a vendor. A user's file may name a vendor that is already known and add a chip only, so
/// everything but the id may be absent; <see cref="Complete"/> joins it with what was known before.
/// </summary>
internal sealed record VendorPart(
    string Id,
    int Line,
    string? Name,
    string? SoftwareStack,
    string? Install,
    IReadOnlyList<PciMatch> Pci,
    IReadOnlyList<string> DeviceNodes,
    DeviceSelection? Selection,
    string? KubernetesResource,
    string? SlurmGres,
    IReadOnlyList<DetectionTool> Tools,
    IReadOnlyList<ChipPart> Chips)
{
    /// <summary>Fields that a vendor must have once all parts are joined.</summary>
    public IReadOnlyList<string> Missing(Vendor? known) => known is not null ? [] :
    [
        .. Name is null ? (string[])["name"] : [],
        .. SoftwareStack is null ? (string[])["stack"] : [],
        .. Install is null ? (string[])["install"] : [],
        .. Selection is null ? (string[])["selection"] : [],
    ];

    /// <summary>The vendor after this file: what the file says, else what was known.</summary>
    public Vendor Complete(Vendor? known) => new()
    {
        Id = Id,
        Name = Name ?? known?.Name ?? Id,
        SoftwareStack = SoftwareStack ?? known?.SoftwareStack ?? "",
        Install = Install ?? known?.Install ?? "",
        Pci = Pci.Count > 0 ? Pci : known?.Pci ?? [],
        DeviceNodes = DeviceNodes.Count > 0 ? DeviceNodes : known?.DeviceNodes ?? [],
        Selection = Selection ?? known?.Selection ?? DeviceSelection.None,
        KubernetesResource = KubernetesResource ?? known?.KubernetesResource,
        SlurmGres = SlurmGres ?? known?.SlurmGres,
        Tools = Tools.Count > 0 ? Tools : known?.Tools ?? [],
    };
}

/// <summary>A chip as one file says it; what it leaves out comes from its vendor.</summary>
internal sealed record ChipPart(ChipClass Chip, int Line, DeviceSelection? Selection, string? Stack, string? Kubernetes, string? Slurm)
{
    public ChipClass Complete(Vendor vendor) => Chip with
    {
        Vendor = vendor.Id,
        SoftwareStack = Stack ?? vendor.SoftwareStack,
        Selection = Selection ?? vendor.Selection,
        KubernetesResource = Kubernetes ?? vendor.KubernetesResource,
        SlurmGres = Slurm ?? vendor.SlurmGres,
    };
}
