using System.Globalization;
using Amalgam.Catalogue.Detecting;
using Amalgam.Catalogue.Probing;
using Amalgam.Catalogue.Processors;

namespace Amalgam.Catalogue.Diagnosis;

/// <summary>Puts together what is on a machine and says it in lines.</summary>
public static class Doctor
{
    /// <summary>Looks at the machine: chips first, then runtimes, since what a runtime can do depends on the chips.</summary>
    public static async Task<DoctorReport> ExamineAsync(
        IProbe probe, ChipCatalogue chips, RuntimeCatalogue runtimes, CancellationToken cancellation = default)
    {
        var detection = await ChipDetection.RunAsync(probe, chips, cancellation: cancellation);
        var found = await RuntimeDetection.RunAsync(probe, runtimes, chips, detection.Devices, cancellation);
        return Report(detection, found, chips, runtimes);
    }

    /// <summary>The report on what was already looked at. Pure.</summary>
    public static DoctorReport Report(
        DetectionReport detection, IReadOnlyList<RuntimeObservation> found, ChipCatalogue chips, RuntimeCatalogue runtimes)
    {
        var seen = detection.Devices
            .GroupBy(device => (device.Class, device.Vendor, device.DriverVersion))
            .Select(group => new ChipsSeen(
                group.Key.Class,
                chips.Find(group.Key.Class)?.Name ?? group.First().Name,
                group.Key.Vendor,
                group.Count(),
                group.Min(device => device.MemoryMiB),
                group.Key.DriverVersion,
                group.First().Details.GetValueOrDefault(CpuDetection.VectorSets)))
            .ToList();
        // A file that is neither chips nor runtime is reported by both catalogues.
        var problems = chips.Problems.Concat(runtimes.Problems).Distinct().ToList();
        return new DoctorReport(seen, detection.Devices, detection.Findings, found, problems);
    }

    /// <summary>The report as lines for a terminal.</summary>
    public static IEnumerable<string> Lines(DoctorReport report)
    {
        yield return "Chips";
        foreach (var chip in report.Chips)
        {
            var driver = chip.DriverVersion is null ? "" : $", driver {chip.DriverVersion}";
            var vectors = chip.VectorSets is null ? "" : $", vector instructions {chip.VectorSets}";
            yield return $"  ok    {chip.Class}: {chip.Devices} x {chip.Name}, {Mebibytes(chip.MemoryMiBPerDevice)} each{driver}{vectors}";
        }
        foreach (var finding in report.Findings)
        {
            yield return $"  look  {finding.Vendor}: {finding.Text}";
            yield return $"        do: {finding.Action}";
        }
        yield return "Runtimes";
        foreach (var runtime in report.Runtimes.OrderByDescending(runtime => runtime.Usable).ThenByDescending(runtime => runtime.Found))
        {
            foreach (var line in Lines(runtime))
            {
                yield return line;
            }
        }
        if (report.CatalogueProblems.Count > 0)
        {
            yield return "Catalogue";
            foreach (var problem in report.CatalogueProblems)
            {
                yield return $"  look  {problem}";
            }
        }
    }

    private static IEnumerable<string> Lines(RuntimeObservation runtime)
    {
        var version = runtime.Version is null ? "" : " " + runtime.Version;
        var mark = runtime.Usable && runtime.Action is null ? "ok  " : runtime.Found ? "look" : "-   ";
        var what = runtime.Usable ? $"on {string.Join(", ", runtime.UsableOn)} ({runtime.Path})" : runtime.Reason;
        yield return $"  {mark}  {runtime.Name}{version}: {what}";
        if (runtime.Usable && runtime.Reason is { } reason)
        {
            yield return $"        {reason}";
        }
        if (runtime.Action is { } action)
        {
            yield return $"        do: {action}";
        }
    }

    private static string Mebibytes(int amount) => amount.ToString("N0", CultureInfo.InvariantCulture) + " MiB";
}
