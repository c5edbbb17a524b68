using System.Text.Json.Nodes;
using Amalgam.Core.Allocation;
using Amalgam.Simulation.Sharing;
using Amalgam.Simulation.Traces;

namespace Amalgam.Simulation.Commands;

/// <summary>
/// `simulate gavel`: Gavel's generator, or one of its job lists (`--trace`), over V100, P100 and K80, everybody in one unit, durations unknown.
/// </summary>
internal static class GavelCommand
{
    private const double RoundSeconds = 360;

    public static Report Run(ReadOnlySpan<string> args, TextWriter errors)
    {
        var options = SimulateOptions.Parse(
            "gavel", args,
            ["--throughputs", "--trace", "--jobs-per-hour", "--restart-seconds", "--seeds", "--policy", "--first", "--count", "--last", "--most-hours", "--devices", "--plot"],
            ["--multi", "--skip-unmeasured", .. Report.CommonFlags]);
        var policy = options.OneOf("--policy", "amalgam", "amalgam", "las", "fifo");
        var table = GavelThroughputs.Read(options.Text("--throughputs"), "v100", "p100", "k80");
        var most = options.Number("--most-hours", 0) is > 0 and var hours ? hours * 3600 : double.PositiveInfinity;
        var cluster = new Cluster(Devices(options), table, policy, options.Number("--restart-seconds", 0), most);
        var (runs, skipped) = options.Has("--trace") ? OfTrace(options, cluster) : (Generated(options, cluster, errors), 0);
        return GavelReport.Of(policy, runs, skipped).For(options);
    }

    private static (List<GavelRun>, int) OfTrace(SimulateOptions options, Cluster cluster)
    {
        foreach (var other in new[] { "--jobs-per-hour", "--multi", "--seeds", "--first", "--count", "--last" })
        {
            if (options.Has(other))
            {
                throw new UsageException($"simulate gavel: {other} belongs to the generator; a --trace is run as it is");
            }
        }
        var trace = GavelTrace.Read(options.Text("--trace"), cluster.Table, options.Has("--skip-unmeasured"));
        var done = SharingSimulation.Run(trace.Jobs, cluster.Policy(), RoundSeconds, mostSeconds: cluster.MostSeconds);
        return ([new GavelRun("trace", [.. done], cluster.MostSeconds)], trace.Skipped);
    }

    private static List<GavelRun> Generated(SimulateOptions options, Cluster cluster, TextWriter errors)
    {
        var (first, count) = ((int)options.Number("--first", 4000), (int)options.Number("--count", 1000));
        var multi = options.Has("--multi");
        var rate = options.Number("--jobs-per-hour", multi ? 2.6 : 5.6);
        if (rate <= 0 || count < 1)
        {
            throw new UsageException("simulate gavel: --jobs-per-hour and --count must be above 0");
        }
        // Jobs that go on coming starve what a policy without knowledge of speeds has left behind; with a last one every policy comes to an end.
        var last = (int)options.Number("--last", int.MaxValue);
        if (last < first + count)
        {
            throw new UsageException($"simulate gavel: --last {last} is before the last job that is measured, {first + count - 1}: give at least {first + count}");
        }
        var runs = new List<GavelRun>();
        foreach (var seed in options.Seeds("0..9"))
        {
            var jobs = SharingSimulation.Run(
                GavelGenerator.Jobs(cluster.Table, rate, multi, seed).Take(last), cluster.Policy(), RoundSeconds, all => AreDone(all, first, count), cluster.MostSeconds);
            if (jobs.Count < first + count)
            {
                throw new UsageException($"simulate gavel: --most-hours ends before job {first + count - 1} came; give more hours, or a smaller --first and --count");
            }
            runs.Add(new GavelRun($"{seed}", [.. jobs.Skip(first).Take(count)], cluster.MostSeconds));
            errors.WriteLine($"seed {seed}: {Report.Text(runs[^1].AverageHours)} h on average, {Report.Text(runs[^1].PreemptionsPerJob)} preemptions a job");
        }
        return runs;
    }

    // Arrivals go on until those that are measured are done.
    private static bool AreDone(IReadOnlyList<JobProgress> all, int first, int count)
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

    private static int[] Devices(SimulateOptions options)
    {
        var text = options.Text("--devices", "36,36,36");
        var devices = text.Split(',').Select(part => int.TryParse(part, System.Globalization.CultureInfo.InvariantCulture, out var n) ? n : -1).ToArray();
        return devices.Length == 3 && devices.All(n => n is >= 0 and <= 100_000) && devices.Sum() > 0
            ? devices
            : throw new UsageException($"simulate gavel: --devices '{text}' is not like 36,36,36: V100, P100 and K80");
    }

    private sealed record Cluster(int[] Devices, GavelThroughputs Table, string Name, double RestartSeconds, double MostSeconds)
    {
        public ISharingPolicy Policy() => Name switch
        {
            "las" => new LeastAttained(Devices, RestartSeconds),
            "fifo" => new FirstInFirstOut(Devices, RestartSeconds),
            _ => new AllocatorSharing(Clusters.OfEight(Table.Classes, Devices), [new UnitState { Name = "all" }], Table.Classes, RestartSeconds),
        };
    }
}

/// <summary>What one run came to. A job that was not done when the virtual time was over counts with its age then: at least so long.</summary>
internal sealed record GavelRun(string Name, JobProgress[] Jobs, double MostSeconds)
{
    public IEnumerable<double> FlowHours => Jobs.Select(j => (j.IsDone ? j.FlowSeconds : MostSeconds - j.Job.SubmitSeconds) / 3600);

    public double AverageHours => FlowHours.Average();

    public int Unfinished => Jobs.Count(j => !j.IsDone);

    public double PreemptionsPerJob => Jobs.Average(j => j.Preemptions);

    public double WorstStretch => Jobs.Zip(FlowHours, (j, hours) => hours * 3600 / j.Job.WorkSeconds).Max();

    public double FloorHours => Jobs.Average(j => j.Job.WorkSeconds) / 3600;

    public double MakespanHours => Jobs.Max(j => j.IsDone ? j.CompletedSeconds : MostSeconds) / 3600;
}

internal static class GavelReport
{
    public static Report Of(string policy, List<GavelRun> runs, int skipped)
    {
        var json = new JsonObject
        {
            ["policy"] = policy,
            ["averageCompletionHours"] = Report.Number(runs.Average(r => r.AverageHours)),
            ["perSeed"] = new JsonArray([.. runs.Select(r => Report.Number(r.AverageHours))]),
            ["preemptionsPerJob"] = Report.Number(runs.Average(r => r.PreemptionsPerJob)),
            ["worstStretch"] = Report.Number(runs.Max(r => r.WorstStretch)),
            ["floorHours"] = Report.Number(runs.Average(r => r.FloorHours)),
            ["makespanHours"] = Report.Number(runs.Max(r => r.MakespanHours)),
            ["jobs"] = runs.Sum(r => r.Jobs.Length),
            ["unfinished"] = runs.Sum(r => r.Unfinished),
            ["skipped"] = skipped,
        };
        var rows = runs.Select(r => (string[])
            [r.Name, Report.Text(r.AverageHours), Report.Text(r.PreemptionsPerJob), Report.Text(r.WorstStretch), Report.Text(r.FloorHours), $"{r.Unfinished}"]).ToList();
        rows.Add(["mean", Report.Text(runs.Average(r => r.AverageHours)), Report.Text(runs.Average(r => r.PreemptionsPerJob)),
            Report.Text(runs.Max(r => r.WorstStretch)), Report.Text(runs.Average(r => r.FloorHours)), $"{runs.Sum(r => r.Unfinished)}"]);
        var flows = runs.SelectMany(r => r.FlowHours).Order().ToArray();
        var line = flows.Select((hours, i) => (hours, 100.0 * (i + 1) / flows.Length)).ToList();
        var left = (runs.Sum(r => r.Unfinished), skipped) switch
        {
            (0, 0) => "",
            (0, var gone) => $"; {gone} jobs without a measured speed left out",
            (var open, 0) => $"; {open} jobs not done count with their age: a lower bound",
            var (open, gone) => $"; {open} jobs not done count with their age: a lower bound; {gone} without a measured speed left out",
        };
        return new Report(json, $"gavel, policy {policy}: completion in hours{left}", ["seed", "average", "preemptions", "worst stretch", "alone on the best", "not done"],
            rows, [new PlotSeries(policy, line)], "completion, hours", "jobs, percent");
    }
}
