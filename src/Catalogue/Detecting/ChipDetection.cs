using Amalgam.Catalogue.Entries;
using Amalgam.Catalogue.Probing;
using Amalgam.Catalogue.Processors;

namespace Amalgam.Catalogue.Detecting;

/// <summary>Finds out what is in a machine: every vendor's tools at once, and the processor.</summary>
public static class ChipDetection
{
    /// <summary>How long one vendor tool may take.</summary>
    public static readonly TimeSpan ToolTimeout = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Looks at the machine. Never throws for what it finds: a tool that fails becomes a finding with the reason in words.
    /// Devices come in the order of the vendors' ids, then of their indexes; the processor comes last.
    /// </summary>
    public static async Task<DetectionReport> RunAsync(
        IProbe probe, ChipCatalogue catalogue, HostFacts? host = null, TimeSpan? toolTimeout = null, CancellationToken cancellation = default)
    {
        var bus = new BusScan(probe, catalogue.Vendors);
        var vendors = catalogue.Vendors.Where(vendor => vendor.Tools.Count > 0).ToList();
        var reports = await Task.WhenAll(vendors.Select(vendor =>
            DetectAsync(probe, catalogue, vendor, bus, toolTimeout ?? ToolTimeout, cancellation)));
        var devices = reports.SelectMany(report => report.Devices.OrderBy(device => device.Index)).ToList();
        if (catalogue.Find(CpuDetection.ClassId) is not null)
        {
            devices.AddRange(CpuDetection.Detect(probe, host ?? HostFacts.Current()));
        }
        return new DetectionReport(devices, reports.SelectMany(report => report.Findings).ToList());
    }

    private static async Task<DetectionReport> DetectAsync(
        IProbe probe, ChipCatalogue catalogue, Vendor vendor, BusScan bus, TimeSpan timeout, CancellationToken cancellation)
    {
        var addresses = bus.Addresses(vendor);
        var nodes = bus.Nodes(vendor);
        var outcome = await new ToolRun(probe, vendor, catalogue.Chips, timeout).RunAsync(addresses.Count + nodes.Count > 0, cancellation);
        return new DetectionReport(outcome.Devices, [.. outcome.Findings, .. Absent(vendor, outcome, addresses, nodes)]);
    }

    /// <summary>What the bus shows and no tool told of.</summary>
    private static IEnumerable<DetectionFinding> Absent(
        Vendor vendor, ToolRun.Outcome outcome, IReadOnlyList<string> addresses, IReadOnlyList<string> nodes)
    {
        if (addresses.Count + nodes.Count > 0 && !outcome.AnyToolFound)
        {
            var where = addresses.Count > 0 ? "on the PCI bus at " + List(addresses) : "as " + List(nodes);
            yield return new DetectionFinding(vendor.Id, null, FindingKind.ToolMissing,
                $"a chip of {vendor.Name} shows {where}, but none of its tools ({string.Join(", ", vendor.Tools.Select(tool => tool.Command[0]))}) is on the PATH",
                "install " + vendor.Install);
        }
        var told = outcome.Devices.Select(device => device.PciAddress).OfType<string>().ToHashSet();
        var silent = addresses.Where(address => !told.Any(known => SameCard(known, address))).ToList();
        // Only when every device told its address can the silent ones be named for certain.
        if (outcome.Devices.Count > 0 && told.Count == outcome.Devices.Count && silent.Count > 0)
        {
            yield return new DetectionFinding(vendor.Id, null, FindingKind.DevicesMissing,
                $"{silent.Count} of {addresses.Count} chips of {vendor.Name} on the PCI bus did not answer: {List(silent)}",
                "look at the kernel log (dmesg) for these addresses; a virtual function, a card given to a virtual machine or a broken card looks like this");
        }
    }

    /// <summary>Tools print the domain with four digits, with eight, or not at all.</summary>
    private static bool SameCard(string tool, string bus) =>
        bus.EndsWith(tool, StringComparison.Ordinal) || tool.EndsWith(bus, StringComparison.Ordinal);

    private static string List(IReadOnlyList<string> names) =>
        string.Join(", ", names.Take(4)) + (names.Count > 4 ? $" and {names.Count - 4} more" : "");
}
