using System.Text.Json.Nodes;
using Amalgam.Core.Allocation;
using Amalgam.Simulation.Sharing;
using Amalgam.Simulation.Traces;

namespace Amalgam.Simulation.Commands;

/// <summary>`simulate gavel`: Gavel's generator over 36 V100, 36 P100 and 36 K80, everybody in one unit, durations unknown.</summary>
internal static class GavelCommand
{
    private const double RoundSeconds = 360;
    private static readonly int[] Devices = [36, 36, 36];

    public static Report Run(ReadOnlySpan<string> args, TextWriter errors)
    {
        var options = SimulateOptions.Parse(
            "gavel", args, ["--throughputs", "--jobs-per-hour", "--restart-seconds", "--seeds", "--policy", "--first", "--count", "--plot"], ["--multi", .. Report.CommonFlags]);
        var policy = options.OneOf("--policy", "amalgam", "amalgam", "las", "fifo");
        var table = GavelThroughputs.Read(options.Text("--throughputs"), "v100", "p100", "k80");
        var (first, count) = ((int)options.Number("--first", 4000), (int)options.Number("--count", 1000));
        var multi = options.Has("--multi");
        var rate = options.Number("--jobs-per-hour", multi ? 2.6 : 5.6);
        var restart = options.Number("--restart-seconds", 0);
        var runs = new List<GavelRun>();
        foreach (var seed in options.Seeds("0..9"))
        {
            var jobs = SharingSimulation.Run(
                GavelGenerator.Jobs(table, rate, multi, seed), Policy(policy, table, restart), RoundSeconds, all => IsMeasured(all, first, count));
            runs.Add(new GavelRun(seed, [.. jobs.Skip(first).Take(count)]));
            errors.WriteLine($"seed {seed}: {Report.Text(runs[^1].AverageHours)} h on average, {Report.Text(runs[^1].PreemptionsPerJob)} preemptions a job");
        }
        return Summary(policy, runs).For(options);
    }

    private static bool IsMeasured(IReadOnlyList<JobProgress> all, int first, int count)
    {
        for (var j = first; j < first + count; j++)
        {
            if (j >= all.Count || !all[j].IsDone)
            {
                return false;
            }
        }
        return true;
    }

    private static ISharingPolicy Policy(string name, GavelThroughputs table, double restart) => name switch
    {
        "las" => new LeastAttained(Devices, restart),
        "fifo" => new FirstInFirstOut(Devices, restart),
        _ => new AllocatorSharing(Clusters.OfEight(table.Classes, Devices), [new UnitState { Name = "all" }], table.Classes, restart),
    };

    private sealed record GavelRun(long Seed, JobProgress[] Jobs)
    {
        public double AverageHours => Jobs.Average(j => j.FlowSeconds) / 3600;

        public double PreemptionsPerJob => Jobs.Average(j => j.Preemptions);

        public double WorstStretch => Jobs.Max(j => j.FlowSeconds / j.Job.WorkSeconds);

        public double FloorHours => Jobs.Average(j => j.Job.WorkSeconds) / 3600;
    }

    private static Report Summary(string policy, List<GavelRun> runs)
    {
        var json = new JsonObject
        {
            ["policy"] = policy,
            ["averageCompletionHours"] = Report.Number(runs.Average(r => r.AverageHours)),
            ["perSeed"] = new JsonArray([.. runs.Select(r => Report.Number(r.AverageHours))]),
            ["preemptionsPerJob"] = Report.Number(runs.Average(r => r.PreemptionsPerJob)),
            ["worstStretch"] = Report.Number(runs.Max(r => r.WorstStretch)),
            ["floorHours"] = Report.Number(runs.Average(r => r.FloorHours)),
        };
        var rows = runs.Select(r => (string[])
            [$"{r.Seed}", Report.Text(r.AverageHours), Report.Text(r.PreemptionsPerJob), Report.Text(r.WorstStretch), Report.Text(r.FloorHours)]).ToList();
        rows.Add(["mean", Report.Text(runs.Average(r => r.AverageHours)), Report.Text(runs.Average(r => r.PreemptionsPerJob)),
            Report.Text(runs.Max(r => r.WorstStretch)), Report.Text(runs.Average(r => r.FloorHours))]);
        var flows = runs.SelectMany(r => r.Jobs).Select(j => j.FlowSeconds / 3600).Order().ToArray();
        var line = flows.Select((hours, i) => (hours, 100.0 * (i + 1) / flows.Length)).ToList();
        return new Report(json, $"gavel, policy {policy}: completion in hours", ["seed", "average", "preemptions", "worst stretch", "alone on the best"],
            rows, [new PlotSeries(policy, line)], "completion, hours", "jobs, percent");
    }
}
