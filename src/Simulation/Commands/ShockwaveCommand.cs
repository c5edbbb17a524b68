using System.Text.Json.Nodes;
using Amalgam.Core.Allocation;
using Amalgam.Simulation.Sharing;
using Amalgam.Simulation.Traces;

namespace Amalgam.Simulation.Commands;

/// <summary>`simulate shockwave`: makespan and finish-time fairness of a trace on equal GPUs.</summary>
internal static class ShockwaveCommand
{
    private const double RoundSeconds = 120;
    private const double UnfairAbove = 1.05;

    public static Report Run(ReadOnlySpan<string> args)
    {
        var options = SimulateOptions.Parse(
            "shockwave", args, ["--trace", "--throughputs", "--gpus", "--policy", "--restart-seconds", "--plot"], ["--declared", .. Report.CommonFlags]);
        var policy = options.OneOf("--policy", "amalgam", "amalgam", "las", "fifo");
        var gpus = (int)options.Number("--gpus", 32);
        if (gpus < 1)
        {
            throw new UsageException("simulate shockwave: --gpus must be at least 1");
        }
        if (options.Has("--throughputs"))
        {
            // The trace's own durations are used; the table only has to be one.
            _ = GavelThroughputs.Read(options.Text("--throughputs"), "v100");
        }
        var jobs = ShockwaveTrace.Read(options.Text("--trace"), gpus, options.Has("--declared"));
        var done = SharingSimulation.Run(jobs, Policy(policy, gpus, options.Number("--restart-seconds", 0)), RoundSeconds);
        return Summary(policy, gpus, done).For(options);
    }

    private static ISharingPolicy Policy(string name, int gpus, double restart) => name switch
    {
        "las" => new LeastAttained([gpus], restart),
        "fifo" => new FirstInFirstOut([gpus], restart),
        _ => new AllocatorSharing(Clusters.OfEight(["gpu"], [gpus]), [new UnitState { Name = "all" }], ["gpu"], restart),
    };

    private static Report Summary(string policy, int gpus, IReadOnlyList<JobProgress> done)
    {
        var makespan = done.Max(j => j.CompletedSeconds) / 3600;
        var limit = Math.Max(done.Sum(j => j.Job.Gang * j.Job.WorkSeconds) / gpus, done.Max(j => j.Job.SubmitSeconds + j.Job.WorkSeconds)) / 3600;
        // Contention is what the trace holds per GPU, whenever a job came: the published definition.
        var contention = Math.Max(1, (double)done.Count / gpus);
        var ratios = done.Select(j => j.FlowSeconds / (j.Job.WorkSeconds * contention)).Order().ToArray();
        var average = done.Average(j => j.FlowSeconds) / 3600;
        var unfair = 100.0 * ratios.Count(r => r > UnfairAbove) / ratios.Length;
        var json = new JsonObject
        {
            ["policy"] = policy,
            ["makespanHours"] = Report.Number(makespan),
            ["limitHours"] = Report.Number(limit),
            ["averageCompletionHours"] = Report.Number(average),
            ["worstFinishTimeRatio"] = Report.Number(ratios[^1]),
            ["unfairPercent"] = Report.Number(unfair),
            ["preemptionsPerJob"] = Report.Number(done.Average(j => j.Preemptions)),
        };
        string[] row = [policy, Report.Text(makespan), Report.Text(makespan / limit, 3), Report.Text(average), Report.Text(ratios[^1]), Report.Text(unfair, 1), Report.Text(done.Average(j => j.Preemptions), 1)];
        var line = ratios.Select((r, i) => (r, 100.0 * (i + 1) / ratios.Length)).ToList();
        return new Report(json, $"shockwave, {done.Count} jobs on {gpus} GPUs", ["policy", "makespan h", "/ limit", "average h", "worst ratio", "unfair %", "preemptions"],
            [row], [new PlotSeries(policy, line)], "finish time / (alone x jobs per GPU)", "jobs, percent");
    }
}
