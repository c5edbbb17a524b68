using System.Collections.Immutable;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Amalgam.Simulation.Traces;

/// <summary>A kind of training job with its measured speeds.</summary>
/// <param name="StepsPerSecond">Per chip class, for the whole job; 0 = does not fit.</param>
public sealed record GavelJobType(string Name, int Gang, ImmutableArray<double> StepsPerSecond);

/// <summary>Gavel's throughput table: steps per second alone, by GPU type, job type and number of GPUs.</summary>
public sealed partial record GavelThroughputs(ImmutableArray<string> Classes, ImmutableArray<GavelJobType> Types)
{
    [GeneratedRegex(@"^\('(?<name>[^']+)', (?<gang>\d+)\)$")]
    private static partial Regex TypeKey();

    public IEnumerable<GavelJobType> OfGang(int gang) => Types.Where(t => t.Gang == gang);

    /// <exception cref="TraceException">Names the file and the entry.</exception>
    public static GavelThroughputs Read(string file, params ImmutableArray<string> classes)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(file));
            var types = new SortedDictionary<(int Gang, string Name), double[]>();
            for (var c = 0; c < classes.Length; c++)
            {
                if (!document.RootElement.TryGetProperty(classes[c], out var table))
                {
                    throw TraceException.At(file, 0, classes[c], "this GPU type is missing");
                }
                ReadClass(file, table, c, classes, types);
            }
            return new GavelThroughputs(classes, [.. types.Select(t => new GavelJobType(t.Key.Name, t.Key.Gang, [.. t.Value]))]);
        }
        catch (JsonException e)
        {
            throw new TraceException($"{file}:{e.LineNumber + 1}: {e.Path}: this is not JSON", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TraceException($"{file}: cannot be read: {e.Message}", e);
        }
    }

    private static void ReadClass(
        string file, JsonElement table, int chip, ImmutableArray<string> classes, SortedDictionary<(int, string), double[]> types)
    {
        foreach (var entry in table.EnumerateObject())
        {
            var match = TypeKey().Match(entry.Name);
            if (!match.Success || !entry.Value.TryGetProperty("null", out var alone) || !alone.TryGetDouble(out var speed) || speed < 0)
            {
                throw TraceException.At(file, 0, $"{classes[chip]}: {entry.Name}", "a name like ('ResNet-18 (batch size 16)', 1) with a speed \"null\" is expected");
            }
            var key = (int.Parse(match.Groups["gang"].Value, System.Globalization.CultureInfo.InvariantCulture), match.Groups["name"].Value);
            if (!types.TryGetValue(key, out var speeds))
            {
                types[key] = speeds = new double[classes.Length];
            }
            speeds[chip] = speed;
        }
    }
}
