using System.Collections.Immutable;
using Amalgam.Simulation.Sharing;

namespace Amalgam.Simulation.Traces;

/// <summary>Shockwave's job traces: tab-separated, no header; the duration is the time alone at the first batch size.</summary>
public static class ShockwaveTrace
{
    /// <param name="declared">The durations are told to the allocator.</param>
    /// <exception cref="TraceException">Names file, line and field.</exception>
    public static ImmutableArray<SharedJob> Read(string file, int gpus, bool declared)
    {
        var table = TraceTable.WithoutHeader(
            file, '\t', "job type", "command", "working directory", "steps flag", "needs data", "steps", "gpus", "mode", "priority", "objective", "duration", "arrival");
        var rows = table.Rows.Select(row => (
            Gang: (int)row.Whole("gpus", 1, gpus), Duration: row.Number("duration", 1e-9), Arrival: row.Number("arrival"))).OrderBy(r => r.Arrival).ToArray();
        return rows.Length == 0
            ? throw TraceException.At(file, 0, "line", "there is no job in it")
            : [.. rows.Select((r, id) => new SharedJob(id, 0, r.Gang, [1.0], r.Arrival, r.Duration, declared ? r.Duration : null))];
    }
}
