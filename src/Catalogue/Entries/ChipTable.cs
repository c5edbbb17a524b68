using System.Globalization;
using System.Text;

namespace Amalgam.Catalogue.Entries;

/// <summary>The catalogue as a page of Markdown: <c>docs/reference/chips.md</c> is this text.</summary>
public static class ChipTable
{
    public static string Markdown(ChipCatalogue catalogue)
    {
        var page = new StringBuilder();
        page.Append("# Chips\n\nGenerated from `src/Catalogue/chips/`. Do not edit: a test compares this page with the catalogue, and\n");
        page.Append("`AMALGAM_RECORD=1 dotnet test tests/Core.Tests --filter ChipTable` writes it anew.\n\n");
        page.Append($"{catalogue.Chips.Count} classes of {catalogue.Vendors.Count} vendors. Rates are dense peaks (without sparsity), in 10^12 operations per second.\n");
        page.Append("An empty cell means that no source was found. How to add a chip: [operating/chips.md](../operating/chips.md).\n");
        foreach (var vendor in catalogue.Vendors)
        {
            page.Append(CultureInfo.InvariantCulture, $"\n## {vendor.Name}\n\nStack `{vendor.SoftwareStack}`; selected by ");
            page.Append(vendor.Selection.Variables.Count == 0 ? "nothing" : string.Join(", ", vendor.Selection.Variables.Select(name => $"`{name}`")));
            page.Append($"; Kubernetes `{vendor.KubernetesResource ?? "none"}`; Slurm `{vendor.SlurmGres ?? "none"}`.\n\n");
            AppendTools(page, vendor);
            page.Append("| class | memory MiB | bandwidth GB/s | peak rates | power W | export control | source |\n|---|--:|--:|---|--:|---|---|\n");
            foreach (var chip in catalogue.Chips.Where(chip => chip.Vendor == vendor.Id))
            {
                AppendRow(page, chip);
            }
        }
        return page.ToString();
    }

    private static void AppendTools(StringBuilder page, Vendor vendor)
    {
        foreach (var tool in vendor.Tools)
        {
            page.Append($"* Detected by `{Cell(string.Join(' ', tool.Command))}`; tested on: {tool.Tested}. Source: {tool.Source}\n");
        }
        page.Append(vendor.Tools.Count > 0 ? "\n" : "");
    }

    private static void AppendRow(StringBuilder page, ChipClass chip)
    {
        var rates = chip.PeakTflops.Concat(chip.PeakTops).Select(rate => $"{rate.Key} {Number(rate.Value)}");
        var control = chip.ExportControlled switch { true => "yes", false => "no", _ => "" };
        page.Append(
            $"| `{chip.Id}` {Cell(chip.Name)} | {chip.MemoryMiB} | {Number(chip.MemoryBandwidthGBps)} | {string.Join(", ", rates)} " +
            $"| {chip.PowerWatts} | {Cell(string.Join("; ", new[] { control, chip.ExportNote }.Where(part => !string.IsNullOrEmpty(part))))} | {Cell(chip.Source)} |\n");
    }

    private static string Number(double? number) => number?.ToString("0.####", CultureInfo.InvariantCulture) ?? "";

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
