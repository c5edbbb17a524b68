using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Amalgam.Core.Allocation;
using Amalgam.Simulation.Sharing;
using Amalgam.Simulation.Traces;

namespace Amalgam.Simulation.Commands;

/// <summary>`simulate philly`: departments on one cluster against each of them alone on what it is guaranteed.</summary>
internal static class PhillyCommand
{
    private const double RoundSeconds = 300;

    public static Report Run(ReadOnlySpan<string> args, TextWriter errors)
    {
        var options = SimulateOptions.Parse(
            "philly", args, ["--jobs", "--nodes", "--load", "--policy", "--throughputs", "--restart-seconds", "--days", "--place-on", "--plot"], Report.CommonFlags);
        var policy = options.OneOf("--policy", "amalgam", "amalgam", "las", "fifo", "static");
        var load = options.Number("--load", 0.8);
        if (load <= 0)
        {
            throw new UsageException("simulate philly: --load must be above 0; 0.8 means that the heaviest week uses four fifths of the cluster");
        }
        var kinds = options.Has("--throughputs") ? JobKinds.Measured(GavelThroughputs.Read(options.Text("--throughputs"), "v100", "p100", "k80")) : JobKinds.Assumed;
        var trace = Within(PhillyTrace.Read(options.Text("--jobs")), options.Number("--days", 1e9));
        var cluster = PhillyCluster.Build(trace, OpenbNodes.Read(options.Text("--nodes")), kinds, load);
        var restart = options.Number("--restart-seconds", 0);
        var machines = options.Has("--place-on") ? new MachineList(OpenbNodes.Read(options.Text("--place-on")), options.Text("--place-on")) : null;
        if (machines is not null && policy is "las" or "fifo")
        {
            throw new UsageException("simulate philly: --place-on goes with --policy amalgam or static; the others count devices and know no machines");
        }
        cluster = machines is null ? cluster : cluster.WithCores();
        var spread = new GangSpread();
        Func<IReadOnlyList<int>, ImmutableArray<NodeState>> nodes = machines is null ? devices => Clusters.OfEight(PhillyCluster.Classes, devices) : machines.Of;
        errors.WriteLine($"{cluster.Jobs.Length} jobs, {cluster.Devices.Sum()} devices ({string.Join(" + ", cluster.Devices)})");
        var alone = Alone(cluster, trace, restart, nodes, errors);
        var shared = policy == "static" ? alone : Hours(SharingSimulation.Run(cluster.Jobs, Policy(policy, cluster, restart, nodes, spread), RoundSeconds), trace);
        if (machines is not null && policy == "amalgam")
        {
            errors.WriteLine($"gangs lie on {Report.Text(spread.NodesPerGang, 3)} machines on average; on an empty cluster {Report.Text(spread.FewestPerGang, 3)} would do");
        }
        return Summary(policy, trace, cluster, shared, alone, machines is null || policy == "static" ? null : spread).For(options);
    }

    private static PhillyTrace Within(PhillyTrace trace, double days) => trace with { Jobs = [.. trace.Jobs.Where(j => j.SubmitSeconds <= days * 86_400)] };

    private static ISharingPolicy Policy(
        string name, PhillyCluster cluster, double restart, Func<IReadOnlyList<int>, ImmutableArray<NodeState>> nodes, GangSpread spread) => name switch
    {
        "las" => new LeastAttained(cluster.Devices, restart),
        "fifo" => new FirstInFirstOut(cluster.Devices, restart),
        _ => new AllocatorSharing(nodes(cluster.Devices), cluster.Units, PhillyCluster.Classes, restart) { Observer = spread.See },
    };

    // Each department by itself, with the same allocator, on the devices that it is guaranteed.
    private static double[] Alone(
        PhillyCluster cluster, PhillyTrace trace, double restart, Func<IReadOnlyList<int>, ImmutableArray<NodeState>> nodes, TextWriter errors)
    {
        var hours = new double[trace.Departments.Length];
        for (var d = 0; d < hours.Length; d++)
        {
            var jobs = cluster.Jobs.Where(j => j.Unit == d + 1).Select((j, id) => j with { Unit = 0, Id = id }).ToArray();
            var policy = new AllocatorSharing(
                nodes(cluster.Guarantees[d]), [cluster.Units[d + 1] with { Parent = null, Guarantee = Core.Allocation.ChipAmounts.None }],
                PhillyCluster.Classes, restart);
            hours[d] = SharingSimulation.Run(jobs, policy, RoundSeconds).Sum(j => j.FlowSeconds) / 3600;
            errors.WriteLine($"{trace.Departments[d]} alone: {jobs.Length} jobs on {string.Join(" + ", cluster.Guarantees[d])} devices, {Report.Text(hours[d] / Math.Max(1, jobs.Length))} h on average");
        }
        return hours;
    }

    private static double[] Hours(IEnumerable<JobProgress> jobs, PhillyTrace trace)
    {
        var hours = new double[trace.Departments.Length];
        foreach (var job in jobs)
        {
            hours[job.Job.Unit - 1] += job.FlowSeconds / 3600;
        }
        return hours;
    }

    private static Report Summary(string policy, PhillyTrace trace, PhillyCluster cluster, double[] shared, double[] alone, GangSpread? spread)
    {
        var count = new int[shared.Length];
        foreach (var job in trace.Jobs)
        {
            count[job.Department]++;
        }
        var (total, apart, floor) = (shared.Sum(), alone.Sum(), cluster.FloorHours);
        var departments = Enumerable.Range(0, shared.Length).Where(d => count[d] > 0).OrderByDescending(d => shared[d] / alone[d]).ToArray();
        var json = new JsonObject
        {
            ["policy"] = policy,
            ["departments"] = new JsonArray([.. departments.Select(d => (JsonNode)new JsonObject
            {
                ["name"] = trace.Departments[d],
                ["meanCompletionHours"] = Report.Number(shared[d] / count[d]),
                ["aloneHours"] = Report.Number(alone[d] / count[d]),
                ["ratio"] = Report.Number(shared[d] / alone[d]),
            })]),
            ["totalHours"] = Report.Number(total, 1),
            ["staticTotalHours"] = Report.Number(apart, 1),
            ["floorTotalHours"] = Report.Number(floor, 1),
            ["gapClosed"] = Report.Number((apart - total) / (apart - floor)),
            ["worstRatio"] = Report.Number(departments.Max(d => shared[d] / alone[d])),
            ["devices"] = cluster.Devices.Sum(),
        };
        if (spread is not null)
        {
            (json["nodesPerGang"], json["fewestNodesPerGang"]) = (Report.Number(spread.NodesPerGang), Report.Number(spread.FewestPerGang));
        }
        var rows = departments.Select(d => (string[])
            [trace.Departments[d], $"{count[d]}", Report.Text(shared[d] / count[d]), Report.Text(alone[d] / count[d]), Report.Text(shared[d] / alone[d], 3)]).ToList();
        rows.Add(["all", $"{count.Sum()}", Report.Text(total / count.Sum()), Report.Text(apart / count.Sum()), Report.Text(total / apart, 3)]);
        var line = departments.Select((d, i) => ((double)i + 1, shared[d] / alone[d])).ToList();
        return new Report(json, $"philly, policy {policy}: hours to completion; {Report.Text(100 * (apart - total) / (apart - floor), 0)} % of the gap from apart to the floor closed",
            ["department", "jobs", "shared", "alone", "ratio"], rows, [new PlotSeries(policy, line)], "department, worst first", "shared / alone");
    }
}
