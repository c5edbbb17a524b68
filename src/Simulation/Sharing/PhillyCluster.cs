using System.Collections.Immutable;
using Amalgam.Core.Allocation;
using Amalgam.Simulation.Traces;

namespace Amalgam.Simulation.Sharing;

/// <summary>
/// The Philly departments on a mixed cluster. The list names neither the kind of a job nor a mix of chips, so both are stated assumptions: the
/// kind is drawn by line number from <see cref="JobKinds"/>; classes stand in the proportions of a node list, its types taken as fast, middle
/// or slow; the cluster is so large that the heaviest seven days use the given share of what it delivers; a department is guaranteed its
/// share of GPU time on every class, and on one class at least its largest gang. Its weight is its guaranteed devices.
/// </summary>
public sealed class PhillyCluster
{
    private const double WeekSeconds = 7 * 86_400;

    private PhillyCluster(ImmutableArray<SharedJob> jobs, int[] devices, int[][] guarantees, PhillyTrace trace)
    {
        (Jobs, Devices, Guarantees) = (jobs, devices, guarantees);
        Units = [new UnitState { Name = "cluster" }, .. trace.Departments.Select((name, d) => new UnitState
        {
            Name = name,
            Parent = "cluster",
            Weight = Math.Max(1, guarantees[d].Sum()),
            Guarantee = Amounts(guarantees[d]),
        })];
    }

    private PhillyCluster(ImmutableArray<SharedJob> jobs, PhillyCluster other) =>
        (Jobs, Devices, Guarantees, Units) = (jobs, other.Devices, other.Guarantees, other.Units);

    public static ImmutableArray<string> Classes { get; } = ["fast", "middle", "slow"];

    public ImmutableArray<SharedJob> Jobs { get; }

    public int[] Devices { get; }

    /// <summary>Devices per department and class.</summary>
    public int[][] Guarantees { get; }

    public ImmutableArray<UnitState> Units { get; }

    /// <summary>
    /// The same jobs with cores and RAM for each member, drawn by line number, as the list names none: 2, 4, 6 or 8 cores with 4 GiB each, the range that
    /// the openb tasks show most. An assumption, not data.
    /// </summary>
    public PhillyCluster WithCores()
    {
        var jobs = Jobs.Select(job => (Job: job, Cores: 2 * (1 + new SeededSequence(1_000_000_000L + job.Id).Next(4))));
        return new PhillyCluster([.. jobs.Select(j => j.Job with { CpuMilli = 1000 * j.Cores, RamMiB = 4096 * j.Cores })], this);
    }

    public double FloorHours => Jobs.Sum(j => j.WorkSeconds) / 3600;

    public static PhillyCluster Build(PhillyTrace trace, OpenbNodes nodes, JobKinds kinds, double load)
    {
        ArgumentNullException.ThrowIfNull(trace);
        ArgumentNullException.ThrowIfNull(nodes);
        ArgumentNullException.ThrowIfNull(kinds);
        var jobs = trace.Jobs.Select((j, id) => new SharedJob(
            id, j.Department + 1, j.Gang, kinds.SpeedsOf(j.Line, j.Gang), j.SubmitSeconds, j.DurationSeconds)).ToImmutableArray();
        var proportions = Proportions(nodes);
        var devices = Size(jobs, proportions, load);
        // However small the load, every department's largest gang must fit beside the others' on the widest class.
        var widest = Array.IndexOf(devices, devices.Max());
        devices[widest] = Math.Max(devices[widest], trace.Jobs.GroupBy(j => j.Department).Sum(d => d.Max(j => j.Gang)));
        return new PhillyCluster(jobs, devices, Guarantee(trace, devices), trace);
    }

    private static double[] Proportions(OpenbNodes nodes)
    {
        var counts = new double[3];
        foreach (var node in nodes.Nodes)
        {
            counts[ClassOf(nodes.Models[node.Chip])] += node.Devices;
        }
        return [.. counts.Select(c => c / counts.Sum())];
    }

    internal static int ClassOf(string model) =>
        model.StartsWith("V100", StringComparison.Ordinal) || model == "G3" ? 0 : model == "T4" ? 2 : 1;

    internal static string ModelsOf(int chip) => chip switch { 0 => "GPUs of model V100… or G3", 2 => "GPUs of model T4", _ => "GPUs of any model but V100…, G3 and T4" };

    private static int[] Size(ImmutableArray<SharedJob> jobs, double[] proportions, double load)
    {
        double total = 0, delivered = 0;
        foreach (var job in jobs)
        {
            var time = job.Gang * job.WorkSeconds;
            total += time;
            delivered += time * job.Speeds.Select((s, c) => s * proportions[c]).Sum();
        }
        var needed = HeaviestWeek(jobs) / load / (delivered / total);
        return [.. proportions.Select(p => (int)Math.Round(needed * p))];
    }

    // Devices busy on average in the seven days with the most work by submission.
    private static double HeaviestWeek(ImmutableArray<SharedJob> jobs)
    {
        double inWindow = 0, most = 0;
        var first = 0;
        foreach (var job in jobs)
        {
            inWindow += job.Gang * job.WorkSeconds;
            while (jobs[first].SubmitSeconds < job.SubmitSeconds - WeekSeconds)
            {
                inWindow -= jobs[first].Gang * jobs[first].WorkSeconds;
                first++;
            }
            most = Math.Max(most, inWindow);
        }
        return most / WeekSeconds;
    }

    private static int[][] Guarantee(PhillyTrace trace, int[] devices)
    {
        var time = new double[trace.Departments.Length];
        var gang = new int[time.Length];
        foreach (var job in trace.Jobs)
        {
            time[job.Department] += job.Gang * job.DurationSeconds;
            gang[job.Department] = Math.Max(gang[job.Department], job.Gang);
        }
        var guarantees = time.Select(t => devices.Select(k => (int)Math.Floor(k * t / time.Sum())).ToArray()).ToArray();
        var widest = Array.IndexOf(devices, devices.Max());
        for (var d = 0; d < guarantees.Length; d++)
        {
            guarantees[d][widest] = Math.Max(guarantees[d][widest], gang[d]);
        }
        TakeBack(guarantees, gang, widest, devices[widest]);
        return guarantees;
    }

    // What the largest gangs add to small departments comes from those with the most above their own largest gang.
    private static void TakeBack(int[][] guarantees, int[] gang, int chip, int devices)
    {
        for (var over = guarantees.Sum(g => g[chip]) - devices; over > 0; over--)
        {
            var richest = Enumerable.Range(0, gang.Length).MaxBy(d => guarantees[d][chip] - gang[d]);
            guarantees[richest][chip]--;
        }
    }

    private static ChipAmounts Amounts(int[] devices) =>
        ChipAmounts.Of([.. devices.Select((n, c) => (Classes[c], n * 1000L)).Where(a => a.Item2 > 0)]);
}

/// <summary>The kinds of training jobs that a list without kinds is taken to hold, with their speeds on fast, middle and slow chips.</summary>
public sealed record JobKinds(ImmutableArray<ImmutableArray<double>> Single, ImmutableArray<ImmutableArray<double>> Gangs)
{
    /// <summary>Round numbers in the range that published measurements of V100, P100 and K80 show; an assumption, not data.</summary>
    public static JobKinds Assumed { get; } = new(
        [[1, 0.8, 0.25], [1, 0.6, 0.15], [1, 0.9, 0.3], [1, 0.75, 0.1], [1, 0.85, 0.45], [0.45, 1, 0.6], [0.95, 1, 0.25], [1, 0.65, 0.2]],
        [[1, 0.8, 0.3], [1, 0.55, 0.2], [1, 0.65, 0.1], [0.9, 1, 0.3], [1, 0.7, 0.25]]);

    /// <summary>Measured kinds: all of them alone, the data-parallel ones for gangs, at the largest measured number of GPUs up to the gang.</summary>
    public static JobKinds Measured(GavelThroughputs table)
    {
        ArgumentNullException.ThrowIfNull(table);
        return new JobKinds(Relative(table.OfGang(1)), Relative(table.OfGang(4)));
    }

    private static ImmutableArray<ImmutableArray<double>> Relative(IEnumerable<GavelJobType> types) =>
        [.. types.Select(t => t.StepsPerSecond.Select(s => Math.Round(s / t.StepsPerSecond.Max(), 4)).ToImmutableArray())];

    public ImmutableArray<double> SpeedsOf(int line, int gang)
    {
        var kinds = gang > 1 ? Gangs : Single;
        return kinds[new SeededSequence(line).Next(kinds.Length)];
    }
}
