using System.Globalization;
using Amalgam.Catalogue.Entries;

namespace Amalgam.Catalogue.Yaml;

/// <summary>Reads <c>vendor:</c> files: the vendor and its chips. Detection tools are read by <see cref="ToolReader"/>.</summary>
internal static class VendorReader
{
    private static readonly string[] FloatPrecisions = ["fp64", "fp32", "tf32", "bf16", "fp16", "fp8", "fp4"];
    private static readonly string[] IntegerPrecisions = ["int8", "int4"];

    public static VendorPart Read(Section root)
    {
        var part = new VendorPart(
            Identifier(root, "vendor"),
            root.LineOf("vendor"),
            root.Text("name"),
            root.Text("stack"),
            root.Text("install"),
            root.Children("pci").Select(Pci).ToList(),
            root.Patterns("deviceNodes"),
            Selection(root.Child("selection")),
            root.Text("kubernetes"),
            root.Text("slurm"),
            root.Children("tools").Select(ToolReader.Read).ToList(),
            root.Children("chips").Select(Chip).ToList());
        root.Finish();
        return part;
    }

    /// <summary>An id: lower case letters, digits and hyphens, so that it survives command lines, labels and file names.</summary>
    public static string Identifier(Section section, string key)
    {
        var id = section.RequiredText(key);
        var sound = id.Length <= 63 && id.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '-' or '.');
        if (id.Length > 0 && !sound)
        {
            section.Problem(key, $"\"{id}\" is no id: use at most 63 lower case letters, digits, dots and hyphens");
        }
        return id;
    }

    private static ChipPart Chip(Section section)
    {
        var chip = new ChipClass
        {
            Id = Identifier(section, "id"),
            Vendor = "",
            Name = section.RequiredText("name"),
            NamePatterns = section.Patterns("match"),
            Aliases = section.Texts("aliases"),
            MemoryMiB = section.Integer("memoryMiB", 256, 16 << 20, "the unit is MiB: 80 GiB are 81920"),
            MemoryBandwidthGBps = section.Number("memoryBandwidthGBps", 1, 100_000, "the unit is GB/s: 3.35 TB/s are 3350"),
            PeakTflops = Peaks(section, "peakTflops", FloatPrecisions),
            PeakTops = Peaks(section, "peakTops", IntegerPrecisions),
            PowerWatts = section.Integer("powerWatts", 1, 20_000, "the unit is W"),
            SoftwareStack = "",
            Selection = DeviceSelection.None,
            ExportControlled = section.Flag("exportControlled"),
            ExportNote = section.Text("exportNote"),
            Environment = section.Map("environment"),
            OnlyWhenAsked = section.Flag("onlyWhenAsked") ?? false,
            Source = section.RequiredText("source"),
        };
        var part = new ChipPart(chip, section.Line, Selection(section.Child("selection")), section.Text("stack"),
            section.Text("kubernetes"), section.Text("slurm"));
        section.Finish();
        return part;
    }

    private static Dictionary<string, double> Peaks(Section section, string key, string[] precisions)
    {
        var result = new Dictionary<string, double>();
        if (section.Child(key) is { } peaks)
        {
            foreach (var precision in precisions)
            {
                if (peaks.Number(precision, 0.01, 100_000, "the unit is 10^12 operations per second, dense") is { } rate)
                {
                    result[precision] = rate;
                }
            }
            peaks.Finish();
        }
        return result;
    }

    private static DeviceSelection? Selection(Section? section)
    {
        if (section is null)
        {
            return null;
        }
        var format = section.Text("format") ?? "index";
        if (!DeviceSelection.Formats.Contains(format))
        {
            section.Problem("format", $"\"format\" must be one of {string.Join(", ", DeviceSelection.Formats)}, not \"{format}\"");
        }
        var selection = new DeviceSelection(
            section.Texts("variables"), format, section.Integer("unitsPerDevice", 1, 1024, "cores of one device") ?? 1);
        section.Finish();
        return selection;
    }

    private static PciMatch Pci(Section section)
    {
        var match = new PciMatch(
            Hexadecimal(section, "vendorId", [section.RequiredText("vendorId")], 4).FirstOrDefault() ?? "",
            Hexadecimal(section, "classes", section.Texts("classes"), null),
            Hexadecimal(section, "devices", section.Texts("devices"), 4));
        section.Finish();
        return match;
    }

    private static List<string> Hexadecimal(Section section, string key, IReadOnlyList<string> values, int? digits)
    {
        foreach (var value in values)
        {
            var sound = uint.TryParse(value, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _);
            if (!sound || (digits is { } length && value.Length != length))
            {
                section.Problem(key, $"\"{value}\" in \"{key}\" must be {(digits is null ? "" : digits + " ")}hexadecimal digits, in quotation marks and without 0x");
            }
        }
        return values.Select(value => value.ToLowerInvariant()).ToList();
    }
}
