using System.Collections.Immutable;

namespace Amalgam.Simulation.Traces;

/// <param name="SubmitSeconds">From the first submission of the list.</param>
/// <param name="Department">Index into <see cref="PhillyTrace.Departments"/>.</param>
/// <param name="Line">In the file; decides the kind of job that the list does not name.</param>
public sealed record PhillyJob(double SubmitSeconds, double DurationSeconds, int Gang, int Department, int Line);

/// <summary>Microsoft's Philly list as published with Pollux: submission, duration, GPUs and department (virtual cluster) of each job.</summary>
public sealed record PhillyTrace(ImmutableArray<string> Departments, ImmutableArray<PhillyJob> Jobs)
{
    /// <exception cref="TraceException">Names file, line and field.</exception>
    public static PhillyTrace Read(string file)
    {
        var rows = TraceTable.WithHeader(file, "timestamp", "duration", "num_gpus", "cluster").Rows
            .Select(row => (Time: row.Seconds("timestamp"), Duration: row.Number("duration"), Gang: (int)row.Whole("num_gpus", 0, 100_000), Name: row.Text("cluster"), row.Line))
            .Where(row => row.Gang > 0 && row.Duration > 0).OrderBy(row => row.Time).ThenBy(row => row.Line).ToList();
        if (rows.Count == 0)
        {
            throw TraceException.At(file, 0, "duration", "no job with a duration and a GPU");
        }
        var departments = rows.Select(r => r.Name).Distinct().Order(StringComparer.Ordinal).ToImmutableArray();
        var index = departments.Select((name, i) => (name, i)).ToDictionary(d => d.name, d => d.i);
        return new PhillyTrace(departments, [.. rows.Select(r => new PhillyJob(r.Time - rows[0].Time, r.Duration, r.Gang, index[r.Name], r.Line))]);
    }
}
