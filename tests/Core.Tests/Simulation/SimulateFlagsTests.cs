using System.Text.Json;
using Amalgam.Simulation.Commands;
using Xunit;

namespace Core.Tests.Simulation;

/// <summary>`simulate openb --moves` and `--ties`, `simulate philly --place-on`, over small generated lists.</summary>
public sealed class SimulateFlagsTests : IDisposable
{
    private const string Header = "sn,cpu_milli,memory_mib,gpu,model\n";
    private const string Small = Header + "a,64000,262144,2,V100\nb,64000,262144,2,V100\nc,64000,262144,2,T4\nd,64000,262144,2,T4\n";
    private const string Mixed = Header + "a,96000,786432,8,V100\nb,96000,786432,8,T4\nc,64000,262144,2,P100\n";
    private const string Pairs = Header + "a,32000,262144,2,V100\nb,32000,262144,2,T4\nc,32000,262144,2,P100\n";

    private static readonly string Shares = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\n"
        + string.Concat(((int[])[300, 400, 500, 600, 700]).Select(milli => $"t{milli},1000,1024,1,{milli},\n"));

    private static readonly string GangsOfFour = "timestamp,duration,num_gpus,gpu_time,cluster\n" + string.Concat(Enumerable.Range(0, 120).Select(i =>
        $"2017-10-{1 + i / 40:D2} {i % 24:D2}:00:00,{3600 * (1 + i % 7)},4,1,{(i % 3 == 0 ? "red" : "blue")}\n"));

    private readonly string _folder = Directory.CreateTempSubdirectory("amalgam-flags").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    private static (int Code, string Output, string Errors) Simulate(params string[] args)
    {
        var (output, errors) = (new StringWriter(), new StringWriter());
        return (SimulateCommand.Run(args, output, errors), output.ToString(), errors.ToString());
    }

    private (int Code, string Output, string Errors) Openb(string nodes, string tasks, params string[] more) =>
        Simulate(["openb", "--nodes", Write("nodes.csv", nodes), "--tasks", Write("tasks.csv", tasks), "--seeds", "1..4", .. more]);

    private (int Code, string Output, string Errors) Philly(string machines, params string[] more) =>
        Simulate(["philly", "--jobs", Write("jobs.csv", GangsOfFour), "--nodes", Write("mix.csv", Mixed), "--place-on", Write("machines.csv", machines), .. more]);

    private static JsonElement Document((int Code, string Output, string Errors) run)
    {
        Assert.True(run.Code == 0, run.Errors);
        return JsonDocument.Parse(run.Output).RootElement;
    }

    private static double Allocated(JsonElement run, string level) => run.GetProperty("allocatedPercent").GetProperty(level).GetDouble();

    [Fact]
    public void Moves_change_nothing_before_something_is_refused_and_make_room_after_it()
    {
        var (still, moving) = (Document(Openb(Small, Shares, "--json")), Document(Openb(Small, Shares, "--moves", "--json")));
        Assert.Equal(0, still.GetProperty("moves").GetInt32());
        Assert.True(moving.GetProperty("moves").GetInt32() > 0);
        Assert.Equal(Allocated(still, "80"), Allocated(moving, "80"));
        Assert.True(Allocated(moving, "130") > Allocated(still, "130"), $"{Allocated(moving, "130")} % with moves, {Allocated(still, "130")} % without");
        Assert.InRange(Allocated(moving, "130"), 0, 100);
    }

    [Theory]
    [InlineData("random")]
    [InlineData("random-by-loss")]
    public void Drawn_ties_are_the_same_for_the_same_seed_and_keep_the_arrivals(string ties)
    {
        var (first, drawn, again) = (Document(Openb(Small, Shares, "--json")), Document(Openb(Small, Shares, "--ties", ties, "--json")), Document(Openb(Small, Shares, "--ties", ties, "--json")));
        Assert.Equal(drawn.GetProperty("allocatedPercent").GetRawText(), again.GetProperty("allocatedPercent").GetRawText());
        Assert.Equal(Arrivals(first), Arrivals(drawn));
        static IEnumerable<int> Arrivals(JsonElement run) => run.GetProperty("perSeed").EnumerateArray().Select(seed => seed.GetProperty("arrivals").GetInt32());
    }

    [Theory]
    [InlineData("--moves --policy fgd", "simulate openb: --moves goes with --policy amalgam; the others never move a task")]
    [InlineData("--moves --times", "simulate openb: --times and --moves do not go together; leave one out")]
    [InlineData("--ties last", "simulate openb: --ties 'last' is not one of first, random, random-by-loss")]
    public void What_does_not_go_together_is_wrong_usage(string flags, string said)
    {
        var (code, output, errors) = Openb(Small, Shares, flags.Split(' '));
        Assert.Equal((2, "", said), (code, output, errors.TrimEnd()));
    }

    [Theory]
    [InlineData("c,64000,262144,2,T4", "c,64000,262144,-2,T4", "nodes.csv:4: gpu: '-2' is not a whole number from 0 to 64")]
    [InlineData("c,64000,262144,2,T4", "c,0,262144,2,T4", "nodes.csv:4: cpu_milli: '0' is not a whole number from 1 up")]
    [InlineData(",2,", ",0,", "nodes.csv: gpu: there is no machine with a GPU in it")]
    public void A_node_list_that_cannot_be_is_named_with_file_line_and_field(string good, string bad, string said)
    {
        var (code, output, errors) = Openb(Small.Replace(good, bad, StringComparison.Ordinal), Shares, "--moves");
        Assert.Equal((1, ""), (code, output));
        Assert.EndsWith(said, Assert.Single(errors.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "there is no task with a GPU in it")]
    [InlineData("t,1000,1024,0,0,\n", "there is no task with a GPU in it")]
    public void A_task_list_whose_capacity_would_never_arrive_is_refused(string rows, string said)
    {
        var (code, output, errors) = Openb(Small, Shares.Split('\n')[0] + "\n" + rows, "--moves");
        Assert.Equal((1, ""), (code, output));
        Assert.EndsWith($"tasks.csv: num_gpu: {said}", errors.TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void Gangs_are_placed_on_the_machines_of_the_list()
    {
        var (onPairs, anywhere) = (Document(Philly(Pairs, "--json")), Document(Philly(Mixed, "--json")));
        Assert.Equal(2, onPairs.GetProperty("fewestNodesPerGang").GetDouble());
        Assert.InRange(onPairs.GetProperty("nodesPerGang").GetDouble(), 2, 3);
        Assert.InRange(anywhere.GetProperty("fewestNodesPerGang").GetDouble(), 1, 2);
        Assert.Equal(anywhere.GetProperty("devices").GetInt32(), onPairs.GetProperty("devices").GetInt32());
    }

    [Fact]
    public void Apart_there_is_no_shared_placement_to_speak_of()
    {
        Assert.False(Document(Philly(Pairs, "--policy", "static", "--json")).TryGetProperty("nodesPerGang", out _));
    }

    [Theory]
    [InlineData("b,32000,262144,2,T4", "b,32000,262144,two,T4", "machines.csv:3: gpu: 'two' is not a whole number from 0 to 64")]
    [InlineData("memory_mib", "ram", "machines.csv:1: memory_mib: this column is missing; there are sn, cpu_milli, ram, gpu, model")]
    [InlineData("b,32000,262144,2,T4\n", "", "such devices (slow)")]
    public void A_machine_list_that_does_not_serve_is_named_with_file_line_and_field(string good, string bad, string said)
    {
        var (code, output, errors) = Philly(Pairs.Replace(good, bad, StringComparison.Ordinal));
        Assert.Equal((1, ""), (code, output));
        var last = errors.TrimEnd().Split('\n')[^1];
        Assert.Contains("machines.csv", last, StringComparison.Ordinal);
        Assert.EndsWith(said, last, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("las")]
    [InlineData("fifo")]
    public void Policies_that_know_no_machines_are_not_placed_on_any(string policy)
    {
        var (code, output, errors) = Philly(Pairs, "--policy", policy);
        Assert.Equal((2, ""), (code, output));
        Assert.Contains("--place-on goes with --policy amalgam or static", errors, StringComparison.Ordinal);
    }
}
