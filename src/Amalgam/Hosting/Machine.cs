using Amalgam.Catalogue;
using Amalgam.Catalogue.Detecting;
using Amalgam.Catalogue.Diagnosis;
using Amalgam.Catalogue.Probing;
using Amalgam.Catalogue.Processors;
using Amalgam.Catalogue.Selecting;
using Amalgam.ControlPlane.Ports;

namespace Amalgam.Hosting;

/// <summary>This machine as the catalogue sees it: chips by class, runtimes that are installed.</summary>
internal sealed class Machine
{
    public const string NodePrefix = "local";

    private Machine(ChipCatalogue chips, RuntimeCatalogue runtimes, DetectionReport detection, IReadOnlyList<Catalogue.Detecting.DeviceObservation> devices, IReadOnlyList<RuntimeObservation> found)
    {
        (Chips, Runtimes, Detection, Devices, Found) = (chips, runtimes, detection, devices, found);
        Nodes = [.. devices.GroupBy(device => device.Class, StringComparer.Ordinal).Select(Node)];
    }

    public ChipCatalogue Chips { get; }

    public RuntimeCatalogue Runtimes { get; }

    public DetectionReport Detection { get; }

    /// <summary>After `--chips`.</summary>
    public IReadOnlyList<Catalogue.Detecting.DeviceObservation> Devices { get; }

    public IReadOnlyList<RuntimeObservation> Found { get; }

    /// <summary>One node per chip class.</summary>
    public IReadOnlyList<NodeObservation> Nodes { get; }

    public static async Task<Machine> LookAsync(string? catalogueFolder, string? chipsSpec, CancellationToken cancel)
    {
        var probe = new MachineProbe();
        var chips = ChipCatalogue.Load(catalogueFolder);
        var runtimes = RuntimeCatalogue.Load(catalogueFolder);
        var detection = await ChipDetection.RunAsync(probe, chips, cancellation: cancel);
        var devices = chipsSpec is null ? detection.Devices : Divide(chipsSpec, chips, detection.Devices);
        var found = await RuntimeDetection.RunAsync(probe, runtimes, chips, devices, cancel);
        return new Machine(chips, runtimes, detection, devices, found);
    }

    private static IReadOnlyList<Catalogue.Detecting.DeviceObservation> Divide(string text, ChipCatalogue chips, IReadOnlyList<Catalogue.Detecting.DeviceObservation> detected)
    {
        var parsed = ChipsSpec.Parse(text, chips);
        if (parsed.Value is not { } spec)
        {
            throw new CommandException(parsed.Error!, 2);
        }

        var divided = spec.Apply(detected);
        return divided.Value ?? throw new CommandException(divided.Error!);
    }

    private static NodeObservation Node(IGrouping<string, Catalogue.Detecting.DeviceObservation> group) => new(
        $"{NodePrefix}/{group.Key}",
        "local",
        Environment.MachineName,
        group.Key,
        group.Min(device => device.MemoryMiB),
        [.. group.OrderBy(device => device.Index).Select(device => new ControlPlane.Ports.DeviceObservation(
            device.Index, device.Uuid ?? $"{group.Key}-{device.Index}", true, null, IsProcessor(group.Key) ? [device.Index] : []))]);

    public static bool IsProcessor(string chipClass) => chipClass is CpuDetection.ClassId or CpuDetection.ScalarClassId;
}
