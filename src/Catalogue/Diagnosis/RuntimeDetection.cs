using System.Reflection;
using Amalgam.Catalogue.Detecting;
using Amalgam.Catalogue.Entries;
using Amalgam.Catalogue.Probing;

namespace Amalgam.Catalogue.Diagnosis;

/// <summary>Finds the serving runtimes on a machine and on which of its chips each can be used.</summary>
public static class RuntimeDetection
{
    /// <summary>How long a runtime may take to tell its version.</summary>
    public static readonly TimeSpan VersionTimeout = TimeSpan.FromSeconds(5);

    /// <summary>One observation for each runtime of the catalogue, absent ones included. Never throws for what it finds.</summary>
    public static async Task<IReadOnlyList<RuntimeObservation>> RunAsync(
        IProbe probe, RuntimeCatalogue runtimes, ChipCatalogue chips, IReadOnlyList<DeviceObservation> devices,
        CancellationToken cancellation = default)
    {
        var present = devices.Select(device => device.Class).Distinct().Select(chips.Find).OfType<ChipClass>().ToList();
        return await Task.WhenAll(runtimes.Runtimes.Select(runtime => ObserveAsync(probe, runtime, present, cancellation)));
    }

    private static async Task<RuntimeObservation> ObserveAsync(
        IProbe probe, RuntimeEntry runtime, List<ChipClass> present, CancellationToken cancellation)
    {
        if (runtime.BuiltIn)
        {
            return Judge(runtime, Environment.ProcessPath ?? "amalgam", OwnVersion(), present);
        }
        var path = runtime.Programs.Select(name => probe.FindProgram(name, runtime.Directories)).OfType<string>().FirstOrDefault();
        if (path is null)
        {
            return new RuntimeObservation(runtime.Id, runtime.Name, null, null, [], $"{string.Join(" or ", runtime.Programs)} is not on the PATH", null);
        }
        if (runtime.VersionCommand.Count == 0)
        {
            return Judge(runtime, path, null, present);
        }
        var result = await probe.RunAsync(VersionCommand(probe, runtime, path), VersionTimeout, cancellation);
        var version = ToolOutput.Cut(runtime.VersionPattern!, result.Output + "\n" + result.Error);
        return version is null ? Silent(runtime, path, result) : Judge(runtime, path, version, present);
    }

    private static RuntimeObservation Judge(RuntimeEntry runtime, string path, string? version, List<ChipClass> present)
    {
        var refusals = present.Select(chip => (Chip: chip, Why: RuntimeMatch.WhyNotOn(runtime, version, chip))).ToList();
        var usable = refusals.Where(pair => pair.Why is null).Select(pair => pair.Chip.Id).ToList();
        var old = refusals.Select(pair => pair.Why).FirstOrDefault(why => why?.Contains(" is older than ", StringComparison.Ordinal) ?? false);
        var reason = old ?? (usable.Count > 0 ? null : $"{runtime.Name} works on none of the chips of this machine");
        return new RuntimeObservation(runtime.Id, runtime.Name, path, version, usable, reason, old is null ? null : $"update {runtime.Name}");
    }

    private static RuntimeObservation Silent(RuntimeEntry runtime, string path, CommandResult result) => new(
        runtime.Id, runtime.Name, path, null, [],
        result.TimedOut
            ? $"{path} did not tell its version within {VersionTimeout.TotalSeconds:0} s"
            : $"{path} did not tell its version: {FailureReason.FirstLine(result.StartFailure ?? result.Error + "\n" + result.Output)}",
        $"repair or reinstall {runtime.Name}");

    private static List<string> VersionCommand(IProbe probe, RuntimeEntry runtime, string path) => runtime.VersionCommand
        .Select(part => part
            .Replace("{program}", path, StringComparison.Ordinal)
            .Replace("{interpreter}", Interpreter(probe, path), StringComparison.Ordinal))
        .ToList();

    /// <summary>
    /// The interpreter that a script names in its first line. Python servers take many seconds to print their version,
    /// because they load everything first; their interpreter can look it up in the package's metadata at once.
    /// </summary>
    private static string Interpreter(IProbe probe, string path)
    {
        var first = (probe.ReadFile(path) ?? "").Split('\n', 2)[0];
        var words = first.StartsWith("#!", StringComparison.Ordinal)
            ? first[2..].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            : [];
        return words switch
        {
            [] => "python3",
            [var env, var program, ..] when env.EndsWith("/env", StringComparison.Ordinal) => program,
            [var program, ..] => program,
        };
    }

    private static string OwnVersion() =>
        typeof(RuntimeDetection).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";
}
