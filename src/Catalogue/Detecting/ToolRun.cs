using System.Text.RegularExpressions;
using Amalgam.Catalogue.Entries;
using Amalgam.Catalogue.Probing;

namespace Amalgam.Catalogue.Detecting;

/// <summary>Asks the tools of one vendor, in order, until one tells of devices.</summary>
/// <param name="probe">The machine.</param>
/// <param name="vendor">Whose tools.</param>
/// <param name="chips">All classes of the catalogue.</param>
/// <param name="timeout">For each tool.</param>
internal sealed class ToolRun(IProbe probe, Vendor vendor, IReadOnlyList<ChipClass> chips, TimeSpan timeout)
{
    private readonly List<DetectionFinding> findings = [];
    private readonly List<ChipClass> own = chips.Where(chip => chip.Vendor == vendor.Id).ToList();

    public sealed record Outcome(IReadOnlyList<DeviceObservation> Devices, IReadOnlyList<DetectionFinding> Findings, bool AnyToolFound);

    /// <param name="seen">Whether the bus or /dev shows a chip of this vendor.</param>
    /// <param name="cancellation">Ends the tools.</param>
    public async Task<Outcome> RunAsync(bool seen, CancellationToken cancellation)
    {
        var anyFound = false;
        foreach (var tool in vendor.Tools)
        {
            if (probe.FindProgram(tool.Command[0], tool.Directories) is not { } path)
            {
                continue;
            }
            if (tool.SharedName && !seen)
            {
                continue;
            }
            anyFound = true;
            var result = await probe.RunAsync([path, .. tool.Command.Skip(1)], timeout, cancellation);
            var devices = Read(tool, result);
            if (devices.Count > 0)
            {
                // What an older tool failed at no longer matters once a newer one answered; an unknown chip still does.
                return new Outcome(devices, [.. findings.Where(finding => finding.Kind == FindingKind.UnknownChip)], true);
            }
        }
        return new Outcome([], findings, anyFound);
    }

    private List<DeviceObservation> Read(DetectionTool tool, CommandResult result)
    {
        try
        {
            var items = ToolOutput.Items(tool, result.Output);
            // Some tools end with an error code for one lame device and still list the others.
            if (items.Count == 0 || (!result.Succeeded && tool.Format == OutputFormat.Csv))
            {
                Fail(tool, result);
                return [];
            }
            return items.Select((item, place) => Observe(tool, new FieldReading(tool, result.Output, item), place))
                .OfType<DeviceObservation>()
                .ToList();
        }
        catch (Exception wrong) when (wrong is FormatException or RegexMatchTimeoutException)
        {
            if (result.Succeeded)
            {
                Add(tool, FindingKind.OutputNotUnderstood, wrong.Message, Adapt(tool));
            }
            else
            {
                Fail(tool, result);
            }
            return [];
        }
    }

    private DeviceObservation? Observe(DetectionTool tool, FieldReading reading, int place)
    {
        if (reading.Text("name") is not { } name)
        {
            Add(tool, FindingKind.OutputNotUnderstood, "it lists a device without a name where the recipe expects one", Adapt(tool));
            return null;
        }
        var memory = reading.MemoryMiB();
        if (ClassMatch.Find(own, name, memory) is not { } chip)
        {
            if (ClassMatch.Find(chips, name, memory) is not null)
            {
                // Stacks that imitate another vendor's bring a program of its name; their own tool tells of the chip.
                return null;
            }
            Add(tool, FindingKind.UnknownChip,
                $"it reports \"{name}\"{(memory is { } size ? $" with {size} MiB" : "")}, which no class in the catalogue matches",
                $"add the chip to a file of your catalogue folder: vendor: {vendor.Id}, chips: id, name, match: [\"{Regex.Escape(name)}\"], memoryMiB, source");
            return null;
        }
        return new DeviceObservation
        {
            Class = chip.Id,
            Vendor = vendor.Id,
            Index = reading.Integer("index") ?? place,
            Uuid = reading.Text("uuid"),
            Name = name,
            MemoryMiB = memory ?? chip.MemoryMiB ?? 0,
            DriverVersion = reading.Text("driver"),
            PciAddress = reading.Text("pci")?.ToLowerInvariant(),
            Details = reading.Details(),
        };
    }

    private void Fail(DetectionTool tool, CommandResult result)
    {
        if (result.Succeeded && FailureReason.Admitted(tool, result) is not { })
        {
            Add(tool, FindingKind.OutputNotUnderstood,
                $"its output holds no device that the recipe can read; it begins: {FailureReason.FirstLine(result.Output + result.Error)}", Adapt(tool));
            return;
        }
        var (reason, action) = FailureReason.Of(tool, result, timeout);
        Add(tool, FindingKind.ToolFailed, reason, action);
    }

    private static string Adapt(DetectionTool tool) =>
        $"compare the output of \"{string.Join(' ', tool.Command)}\" with the recipe \"{tool.Id}\" and correct it in your catalogue folder";

    private void Add(DetectionTool tool, FindingKind kind, string what, string action) =>
        findings.Add(new DetectionFinding(vendor.Id, tool.Id, kind, $"{tool.Command[0]} is there, but {what}", action));
}
