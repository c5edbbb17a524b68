using System.Text.RegularExpressions;
using Amalgam.Catalogue;
using Amalgam.Engines.Slurm;

namespace Amalgam.Hosting;

/// <summary>GRES of a Slurm cluster as the catalogue knows them.</summary>
internal static partial class SlurmChips
{
    /// <summary>GRES names that some vendor of the catalogue uses: `gpu`, `npu`, `mlu`, …</summary>
    public static IReadOnlySet<string> Names(ChipCatalogue chips) =>
        chips.Chips.Select(chip => chip.SlurmGres).OfType<string>().Append("gpu").Where(name => name != "cpu").ToHashSet(StringComparer.Ordinal);

    /// <summary>
    /// By id or alias, as administrators write types (`a100`), else by what the vendor's tool calls the chip, as Slurm's own detection does
    /// (`nvidia_a100-sxm4-80gb`: gres.conf(5), AutoDetect). Parts of a chip (`a100_1g.5gb`) are not the chip. Null = not known.
    /// </summary>
    public static SlurmChip? Find(ChipCatalogue chips, string name, string type)
    {
        if (type.Length == 0 || ChipPart().IsMatch(type))
        {
            return null;
        }

        var words = type.Replace('_', ' ');
        var known = chips.Find(type) ?? chips.Find(type.Replace('_', '-'))
            ?? chips.Chips.FirstOrDefault(chip => (chip.SlurmGres ?? "gpu") == name
                && chip.NamePatterns.Any(pattern => Regex.IsMatch(words, pattern, RegexOptions.IgnoreCase, TimeSpan.FromSeconds(1))));
        return known is null ? null : new SlurmChip(known.Id, known.MemoryMiB ?? 0);
    }

    [GeneratedRegex(@"\d+g\.\d+gb", RegexOptions.IgnoreCase)]
    private static partial Regex ChipPart();
}
