using System.Text.Json.Nodes;
using Amalgam.Core.Allocation.Placement;
using Amalgam.Simulation.Packing;
using Amalgam.Simulation.Traces;

namespace Amalgam.Simulation.Commands;

/// <summary>`simulate openb`: the packing experiment over a node list and a task list.</summary>
internal static class OpenbCommand
{
    private static readonly int[] Levels = [80, 90, 100, 130];

    public static Report Run(ReadOnlySpan<string> args, TextWriter errors)
    {
        var options = SimulateOptions.Parse("openb", args, ["--nodes", "--tasks", "--policy", "--seeds", "--machines", "--ties", "--plot"], ["--moves", "--learn", "--times", .. Report.CommonFlags]);
        var policy = options.OneOf("--policy", "amalgam", "amalgam", "fgd", "bestfit", "random");
        var seeds = options.Seeds("42..51");
        var nodes = OpenbNodes.Read(options.Text("--nodes"));
        var tasks = OpenbTasks.Read(options.Text("--tasks"), nodes);
        if (options.Has("--moves") && policy != "amalgam")
        {
            throw new UsageException("simulate openb: --moves goes with --policy amalgam; the others never move a task");
        }
        if (options.Has("--times") && options.Has("--moves"))
        {
            throw new UsageException("simulate openb: --times and --moves do not go together; leave one out");
        }
        if (options.Has("--times"))
        {
            return Timed(options, policy, nodes, tasks, seeds);
        }
        var runs = new List<PackingRun>();
        foreach (var seed in seeds)
        {
            runs.Add(PackingExperiment.Run(nodes, tasks, seed, Policy(policy, options), () => Environment.CpuUsage.TotalTime.TotalSeconds));
            errors.WriteLine($"seed {seed}: {Report.Text(runs[^1].AllocatedPercent[100])} % allocated at 100 % arrived, {Report.Text(runs[^1].Seconds, 3)} s");
        }
        return Summary(policy, runs).For(options);
    }

    private static Func<PackingCluster, RequestMix, SeededSequence, IPackingPolicy> Policy(string name, SimulateOptions options) => name switch
    {
        "fgd" => (cluster, mix, _) => new FgdPacking(cluster, mix),
        "bestfit" => (cluster, _, _) => new BestFitPacking(cluster),
        "random" => (cluster, _, random) => new RandomPacking(cluster, random),
        _ => (cluster, mix, random) => new AmalgamPacking(
            cluster, options.Has("--learn") ? null : mix, options.Has("--moves"), Ties(options) == "first" ? null : random, Ties(options) == "random-by-loss"),
    };

    // random: among places that the whole rule cannot tell apart; random-by-loss: among all of equal loss, however tight.
    private static string Ties(SimulateOptions options) => options.OneOf("--ties", "first", "first", "random", "random-by-loss");

    // The recorded times: tasks come and go, on a part of the machines so that they do not all fit.
    private static Report Timed(SimulateOptions options, string policy, OpenbNodes nodes, System.Collections.Immutable.ImmutableArray<OpenbTask> tasks, long[] seeds)
    {
        var share = Math.Clamp(options.Number("--machines", 1), 0.01, 1);
        var runs = seeds.Select(seed => TimedPacking.Run(nodes, tasks, seed, share, Policy(policy, options))).ToList();
        var json = new JsonObject
        {
            ["policy"] = policy,
            ["machines"] = share,
            ["refusedGpuTimePercent"] = Report.Number(runs.Average(r => r.RefusedGpuTimePercent)),
            ["refusedGpuTasksPercent"] = Report.Number(runs.Average(r => r.RefusedGpuTasksPercent)),
            ["peakDemandPercent"] = Report.Number(runs.Average(r => r.PeakDemandPercent)),
            ["moves"] = runs.Sum(r => r.Moves),
            ["perSeed"] = new JsonArray([.. runs.Select(r => Report.Number(r.RefusedGpuTimePercent))]),
        };
        var rows = runs.Zip(seeds, (r, seed) => (string[])[$"{seed}", Report.Text(r.RefusedGpuTimePercent), Report.Text(r.RefusedGpuTasksPercent), Report.Text(r.PeakDemandPercent)]).ToList();
        return new Report(json, $"openb with recorded times, policy {policy}, {share:P0} of the machines", ["seed", "GPU time refused %", "GPU tasks refused %", "peak demand %"],
            rows, [new PlotSeries(policy, [.. runs.Select((r, i) => ((double)i, r.RefusedGpuTimePercent))])], "seed", "GPU time refused, percent").For(options);
    }

    private static Report Summary(string policy, List<PackingRun> runs)
    {
        double Mean(int level) => runs.Average(r => r.AllocatedPercent[level]);
        var json = new JsonObject
        {
            ["policy"] = policy,
            ["seeds"] = new JsonArray([.. runs.Select(r => (JsonNode)r.Seed)]),
            ["allocatedPercent"] = AtLevels(Mean),
            ["perSeed"] = new JsonArray([.. runs.Select(OneSeed)]),
            ["moves"] = runs.Sum(r => r.Moves),
            ["secondsPerSeed"] = Report.Number(runs.Average(r => r.Seconds)),
            ["coresOfCpuOnlyTasks"] = Report.Number(runs.Average(r => r.CoresOfCpuOnly)),
        };
        var rows = runs.Select(r => Row(r.Seed.ToString(System.Globalization.CultureInfo.InvariantCulture), l => r.AllocatedPercent[l], r.Refused, r.Seconds))
            .Append(Row("mean", Mean, runs.Average(r => r.Refused), runs.Average(r => r.Seconds))).ToList();
        var line = Enumerable.Range(0, PackingExperiment.LastPercent + 1).Select(p => ((double)p, Mean(p))).ToList();
        return new Report(
            json, $"openb, policy {policy}: GPU capacity allocated, percent, by percent arrived", ["seed", "80", "90", "100", "130", "refused", "seconds (cpu)"],
            rows, [new PlotSeries(policy, line), new PlotSeries("arrived", [.. line.Select(p => (p.Item1, Math.Min(100, p.Item1)))])],
            "GPU capacity arrived, percent", "allocated, percent");
    }

    private static JsonObject AtLevels(Func<int, double> at)
    {
        var json = new JsonObject();
        foreach (var level in Levels)
        {
            json[level.ToString(System.Globalization.CultureInfo.InvariantCulture)] = Report.Number(at(level));
        }
        return json;
    }

    private static JsonNode OneSeed(PackingRun run) => new JsonObject
    {
        ["seed"] = run.Seed,
        ["allocatedPercent"] = AtLevels(l => run.AllocatedPercent[l]),
        ["arrivals"] = run.Arrived,
        ["refused"] = run.Refused,
        ["seconds"] = Report.Number(run.Seconds),
    };

    private static string[] Row(string name, Func<int, double> at, double refused, double seconds) =>
        [name, .. Levels.Select(l => Report.Text(at(l))), Report.Text(refused, 0), Report.Text(seconds, 3)];
}
