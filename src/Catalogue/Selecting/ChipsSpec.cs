using System.Globalization;
using Amalgam.Catalogue.Checking;
using Amalgam.Catalogue.Detecting;
using Amalgam.Catalogue.Processors;

namespace Amalgam.Catalogue.Selecting;

/// <summary>
/// How a person divides the machine's chips: <c>cpu:1,cpu-scalar:1</c>. A class without a number means all that is left of
/// it. Classes that no tool reports (<c>cpu-scalar</c>) take their devices from the plain processor.
/// </summary>
public sealed record ChipsSpec(IReadOnlyList<ChipsSpec.Part> Parts)
{
    /// <param name="Class">Class id.</param>
    /// <param name="Count">Devices; null for all that is left.</param>
    public sealed record Part(string Class, int? Count);

    /// <summary>A value, or one sentence that says what is wrong and what to do.</summary>
    public sealed record Result<T>(T? Value, string? Error) where T : class;

    /// <summary>Reads the text after <c>--chips</c>. Class names are compared without regard to case; aliases are known too.</summary>
    public static Result<ChipsSpec> Parse(string text, ChipCatalogue catalogue)
    {
        var parts = new List<Part>();
        foreach (var piece in text.Split(','))
        {
            var (part, error) = ParsePart(piece.Trim(), catalogue);
            if (part is null)
            {
                return new Result<ChipsSpec>(null, error);
            }
            if (parts.Any(earlier => earlier.Class == part.Class))
            {
                return new Result<ChipsSpec>(null, $"--chips names {part.Class} twice; write it once with the sum");
            }
            parts.Add(part);
        }
        return new Result<ChipsSpec>(new ChipsSpec(parts), null);
    }

    /// <summary>The devices that this division gives, of those that were detected.</summary>
    public Result<IReadOnlyList<DeviceObservation>> Apply(IReadOnlyList<DeviceObservation> detected)
    {
        var free = detected.ToList();
        var taken = new List<DeviceObservation>();
        // Numbered parts first, so that "cpu,cpu-scalar:1" leaves one for the second.
        foreach (var part in Parts.OrderBy(part => part.Count is null))
        {
            var source = SourceOf(part.Class);
            var present = detected.Count(device => device.Class == source);
            var left = free.Where(device => device.Class == source).ToList();
            if (left.Count == 0 || part.Count > left.Count)
            {
                return new Result<IReadOnlyList<DeviceObservation>>(null, TooFew(part, source, present, left.Count));
            }
            foreach (var device in left.Take(part.Count ?? left.Count))
            {
                free.Remove(device);
                taken.Add(device with { Class = part.Class });
            }
        }
        return new Result<IReadOnlyList<DeviceObservation>>(taken, null);
    }

    private static (Part? Part, string? Error) ParsePart(string piece, ChipCatalogue catalogue)
    {
        var colon = piece.IndexOf(':', StringComparison.Ordinal);
        var name = colon < 0 ? piece : piece[..colon].Trim();
        if (name.Length == 0)
        {
            return (null, "--chips must be CLASS:COUNT pairs separated by commas, such as cpu:1,cpu-scalar:1");
        }
        if (catalogue.Find(name) is not { } chip)
        {
            var names = catalogue.Chips.SelectMany(known => known.Aliases.Prepend(known.Id));
            return (null, $"--chips: no chip class is called \"{name}\"{Nearest.Hint(name, names)}");
        }
        if (colon < 0)
        {
            return (new Part(chip.Id, null), null);
        }
        var text = piece[(colon + 1)..].Trim();
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            return (null, $"--chips: \"{text}\" after {name} is no number of devices; write for example {chip.Id}:2");
        }
        return count == 0
            ? (null, $"--chips: {chip.Id}:0 would give no device; leave {chip.Id} out or ask for at least 1")
            : (new Part(chip.Id, count), null);
    }

    private static string SourceOf(string chip) => chip == CpuDetection.ScalarClassId ? CpuDetection.ClassId : chip;

    private static string TooFew(Part part, string source, int present, int left)
    {
        var asked = part.Count is { } count ? $"{part.Class}:{count}" : part.Class;
        return present == 0
            ? $"--chips asks for {asked}, but this machine has no {source}; see \"amalgam doctor\""
            : $"--chips asks for {asked}, but of {present} {source} on this machine {left} {(left == 1 ? "is" : "are")} left for it";
    }
}
