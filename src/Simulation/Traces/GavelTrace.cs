using System.Collections.Immutable;
using Amalgam.Simulation.Sharing;

namespace Amalgam.Simulation.Traces;

/// <summary>
/// Gavel's job lists: tab-separated, no header, ten columns (the physical cluster) or seven (derived from Philly, one file a department). The
/// list names kind, steps and GPUs of a job; how long it takes on a class comes from the throughput table.
/// </summary>
/// <param name="Jobs">In order of arrival.</param>
/// <param name="Skipped">Jobs that were left out because the table has no speed for them.</param>
public sealed record GavelTrace(ImmutableArray<SharedJob> Jobs, int Skipped)
{
    private static readonly string[] Ten =
        ["job type", "command", "working directory", "steps flag", "needs data", "steps", "gpus", "priority", "objective", "arrival"];

    private static readonly string[] Seven = ["job type", "command", "steps flag", "needs data", "steps", "arrival", "gpus"];

    /// <param name="skipUnmeasured">Leaves out jobs without a measured speed in place of refusing the file.</param>
    /// <exception cref="TraceException">Names file, line and field.</exception>
    public static GavelTrace Read(string file, GavelThroughputs table, bool skipUnmeasured)
    {
        ArgumentNullException.ThrowIfNull(table);
        var rows = TraceTable.WithoutHeader(file, '\t', TraceTable.Width(file, '\t') switch
        {
            10 => Ten,
            7 => Seven,
            var width => throw TraceException.At(file, 1, "line", $"10 or 7 fields between tabs are expected, {width} found"),
        });
        var types = table.Types.ToDictionary(type => (type.Name, type.Gang));
        var jobs = new List<SharedJob>();
        var skipped = 0;
        foreach (var row in rows.Rows)
        {
            if (Job(row, types) is { } job)
            {
                jobs.Add(job);
            }
            else if (skipUnmeasured)
            {
                skipped++;
            }
            else
            {
                throw row.Wrong("job type", $"{row.Text("job type")} on {row.Text("gpus")} GPUs", "in the throughput table; leave such jobs out with --skip-unmeasured");
            }
        }
        return jobs.Count > 0
            ? new GavelTrace([.. jobs.OrderBy(job => job.SubmitSeconds).Select((job, id) => job with { Id = id })], skipped)
            : throw TraceException.At(file, 0, "line", skipped > 0 ? "none of its jobs has a measured speed" : "there is no job in it");
    }

    private static SharedJob? Job(TraceRow row, Dictionary<(string Name, int Gang), GavelJobType> types)
    {
        var gang = (int)row.Whole("gpus", 1, 100_000);
        var (steps, arrival) = (row.Number("steps", 1), row.Number("arrival"));
        if (!types.TryGetValue((row.Text("job type"), gang), out var type) || type.StepsPerSecond.Max() is not (> 0 and var best))
        {
            return null;
        }
        return new SharedJob(0, 0, gang, [.. type.StepsPerSecond.Select(speed => speed / best)], arrival, steps / best);
    }
}
