using System.Globalization;
using System.Text.Json.Nodes;
using Amalgam.Simulation.Commands;

namespace Amalgam.Simulation.Journal;

/// <summary>Whether planning the recorded cycles again gave the recorded decisions.</summary>
internal static class ReplayReport
{
    public static void Write(ReplayResult replay, SimulateOptions options, TextWriter output)
    {
        var title = $"{replay.Records} records, {replay.Cycles} cycles, {replay.Decisions} decisions, {replay.Differences.Length} differences";
        var report = new Report(Json(replay), title, ["sequence", "at", "recorded", "replayed"], [.. replay.Differences.Select(Row)], [], "", "").For(options);
        if (replay.Differences.IsEmpty && !report.AsJson && !report.AsCsv)
        {
            output.WriteLine(title);
            return;
        }

        report.Write(output);
    }

    public static JsonObject Json(ReplayResult replay) => new()
    {
        ["records"] = replay.Records,
        ["cycles"] = replay.Cycles,
        ["decisions"] = replay.Decisions,
        ["differences"] = new JsonArray([.. replay.Differences.Select(difference => (JsonNode)new JsonObject
        {
            ["sequence"] = difference.Sequence,
            ["at"] = DateTimeOffset.FromUnixTimeMilliseconds(difference.AtMs),
            ["recorded"] = difference.Recorded,
            ["replayed"] = difference.Replayed,
        })]),
    };

    private static string[] Row(ReplayDifference difference) =>
    [
        difference.Sequence.ToString(CultureInfo.InvariantCulture),
        DateTimeOffset.FromUnixTimeMilliseconds(difference.AtMs).ToString("u", CultureInfo.InvariantCulture),
        difference.Recorded ?? "-",
        difference.Replayed ?? "-",
    ];
}
