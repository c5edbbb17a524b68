using System.Text.Json.Nodes;
using Amalgam.Simulation.Commands;

namespace Amalgam.Simulation.Journal;

/// <summary>How long workloads really waited beside how long they wait when the same demand runs in virtual time under the recorded rules.</summary>
internal static class WaitsReport
{
    public static Report Of(RecordedDemand demand)
    {
        var (real, simulated) = (demand.Waited, VirtualRun.Of(demand, Rules.AsRecorded));
        var keys = real.Classes.Keys.Union(simulated.Classes.Keys).Order().ToList();
        var rows = keys.Select(key => new Row(key.Unit, key.Chip, WaitsOf(real, key), WaitsOf(simulated, key))).ToList();
        var json = new JsonObject
        {
            ["classes"] = new JsonArray([.. rows.Select(row => (JsonNode)new JsonObject
            {
                ["unit"] = row.Unit, ["class"] = row.Chip, ["recorded"] = Side(row.Real), ["simulated"] = Side(row.Simulated),
            })]),
        };
        return new Report(
            json, "waits from submission to the first start: recorded, and the same demand in virtual time under the recorded rules",
            ["unit", "class", "started", "simulated", "mean s", "simulated", "90% s", "simulated"], [.. rows.Select(row => row.Cells)],
            [Line("recorded", rows.SelectMany(row => row.Real)), Line("simulated", rows.SelectMany(row => row.Simulated))], "wait, seconds", "workloads, percent");
    }

    private static List<long> WaitsOf(Tally tally, (string Unit, string Chip) key) => tally.Classes.TryGetValue(key, out var found) ? found.WaitsMs : [];

    private static JsonObject Side(List<long> waits) => new()
    {
        ["started"] = waits.Count, ["waitMeanSeconds"] = Report.Number(Amount.MeanSeconds(waits)), ["wait90Seconds"] = Report.Number(Amount.NinetiethSeconds(waits)),
    };

    private static PlotSeries Line(string name, IEnumerable<long> waits)
    {
        var sorted = waits.Order().ToList();
        return new PlotSeries(name, [.. sorted.Select((wait, i) => (wait / 1000.0, 100.0 * (i + 1) / sorted.Count))]);
    }

    private sealed record Row(string Unit, string Chip, List<long> Real, List<long> Simulated)
    {
        public string[] Cells =>
        [
            Unit, Chip, $"{Real.Count}", $"{Simulated.Count}", Report.Text(Amount.MeanSeconds(Real), 1), Report.Text(Amount.MeanSeconds(Simulated), 1),
            Report.Text(Amount.NinetiethSeconds(Real), 1), Report.Text(Amount.NinetiethSeconds(Simulated), 1),
        ];
    }
}
