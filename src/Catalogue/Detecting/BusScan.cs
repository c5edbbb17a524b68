using System.Text.RegularExpressions;
using Amalgam.Catalogue.Entries;
using Amalgam.Catalogue.Probing;

namespace Amalgam.Catalogue.Detecting;

/// <summary>
/// What the bus and /dev show without any vendor software: enough to say "the chip is there, its tool is not". Linux only;
/// elsewhere the folders are absent and nothing is seen.
/// </summary>
internal sealed class BusScan
{
    private const string PciFolder = "/sys/bus/pci/devices";
    private readonly List<(string Address, string Vendor, string Class, string Device)> pci = [];
    private readonly IReadOnlyList<string> nodes;

    public BusScan(IProbe probe, IReadOnlyList<Vendor> vendors)
    {
        var wanted = vendors.SelectMany(vendor => vendor.Pci).Select(match => match.VendorId).ToHashSet();
        foreach (var address in probe.ListFolder(PciFolder))
        {
            var vendor = Hexadecimal(probe, address, "vendor");
            if (wanted.Contains(vendor))
            {
                pci.Add((address, vendor, Hexadecimal(probe, address, "class"), Hexadecimal(probe, address, "device")));
            }
        }
        nodes = probe.ListFolder("/dev");
    }

    /// <summary>PCI addresses of the vendor's chips.</summary>
    public IReadOnlyList<string> Addresses(Vendor vendor) => pci
        .Where(card => vendor.Pci.Any(match => Matches(match, card)))
        .Select(card => card.Address)
        .Order(StringComparer.Ordinal)
        .ToList();

    /// <summary>Device nodes of the vendor's chips, such as <c>/dev/nvidia0</c>.</summary>
    public IReadOnlyList<string> Nodes(Vendor vendor) => nodes
        .Where(name => vendor.DeviceNodes.Any(pattern => Regex.IsMatch(name, $"^(?:{pattern})$")))
        .Select(name => "/dev/" + name)
        .Order(StringComparer.Ordinal)
        .ToList();

    private static bool Matches(PciMatch match, (string Address, string Vendor, string Class, string Device) card) =>
        match.VendorId == card.Vendor
        && (match.Classes.Count == 0 || match.Classes.Any(prefix => card.Class.StartsWith(prefix, StringComparison.Ordinal)))
        && (match.Devices.Count == 0 || match.Devices.Contains(card.Device));

    private static string Hexadecimal(IProbe probe, string address, string file)
    {
        var text = probe.ReadFile($"{PciFolder}/{address}/{file}")?.Trim().ToLowerInvariant() ?? "";
        return text.StartsWith("0x", StringComparison.Ordinal) ? text[2..] : text;
    }
}
