using System.Text.Json;
using Amalgam.Simulation.Commands;
using Xunit;

namespace Core.Tests.Simulation;

public sealed class SimulateCommandTests : IDisposable
{
    private const string Nodes = "sn,cpu_milli,memory_mib,gpu,model\na,96000,786432,8,V100\nb,96000,786432,8,T4\nc,64000,262144,2,P100\n";
    private const string Tasks = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n"
        + "t1,8000,32768,1,500,,,,0,10,0\nt2,8000,32768,1,1000,V100,,,0,10,0\nt3,8000,32768,2,1000,,,,0,10,0\nt4,4000,8192,0,0,,,,0,10,0\n";

    private readonly string _folder = Directory.CreateTempSubdirectory("amalgam-simulate").FullName;

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
        Simulate(["openb", "--nodes", Write("nodes.csv", nodes), "--tasks", Write("tasks.csv", tasks), .. more]);

    [Theory]
    [InlineData("amalgam")]
    [InlineData("fgd")]
    [InlineData("bestfit")]
    [InlineData("random")]
    public void Openb_prints_the_promised_document(string policy)
    {
        var (code, output, _) = Openb(Nodes, Tasks, "--policy", policy, "--seeds", "42..43", "--json");
        Assert.Equal(0, code);
        var json = JsonDocument.Parse(output).RootElement;
        Assert.Equal(policy, json.GetProperty("policy").GetString());
        Assert.Equal(2, json.GetProperty("perSeed").GetArrayLength());
        Assert.InRange(json.GetProperty("allocatedPercent").GetProperty("100").GetDouble(), 30, 100);
        Assert.Equal(0, json.GetProperty("moves").GetInt32());
    }

    [Fact]
    public void With_recorded_times_what_has_left_makes_room()
    {
        var tasks = Tasks + string.Concat(Enumerable.Range(0, 40).Select(i => $"u{i:D2},1000,1024,8,1000,,,,{20 + 10 * i},{30 + 10 * i},0\n"));
        var (code, output, errors) = Openb(Nodes, tasks, "--seeds", "1", "--times", "--json");
        Assert.True(code == 0, errors);
        Assert.Equal(0, JsonDocument.Parse(output).RootElement.GetProperty("refusedGpuTimePercent").GetDouble());
    }

    [Fact]
    public void The_same_seed_gives_the_same_table()
    {
        static string WithoutTimes(string csv) => string.Join('\n', csv.Split('\n').Select(line => line[..Math.Max(0, line.LastIndexOf(','))]));
        var first = Openb(Nodes, Tasks, "--seeds", "7", "--csv").Output;
        Assert.Equal(WithoutTimes(first), WithoutTimes(Openb(Nodes, Tasks, "--seeds", "7", "--csv").Output));
    }

    [Fact]
    public void A_picture_is_written_on_request()
    {
        var picture = Path.Combine(_folder, "openb.svg");
        Assert.Equal(0, Openb(Nodes, Tasks, "--seeds", "1", "--plot", picture).Code);
        Assert.StartsWith("<svg", File.ReadAllText(picture), StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_column_is_named_with_its_file()
    {
        var (code, _, errors) = Openb(Nodes.Replace("memory_mib", "ram", StringComparison.Ordinal), Tasks);
        Assert.Equal(1, code);
        Assert.Contains("nodes.csv:1: memory_mib: this column is missing", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("t3,8000,32768,2,1000", "t3,8000,32768,two,1000", "tasks.csv:4: num_gpu: 'two' is not a whole number")]
    [InlineData("t3,8000,32768,2,1000", "t3,-8000,32768,2,1000", "tasks.csv:4: cpu_milli: '-8000' is not a whole number from 0 up")]
    [InlineData("t3,8000,32768,2,1000", "t3,8000,32768,2,300", "tasks.csv:4: gpu_milli: '300' is not 1000")]
    [InlineData("t3,8000,", "t3,8000,1,", "tasks.csv:4: line: 11 fields are expected, 12 found")]
    public void A_line_that_does_not_parse_is_named_with_file_line_and_field(string good, string bad, string expected)
    {
        var (code, output, errors) = Openb(Nodes, Tasks.Replace(good, bad, StringComparison.Ordinal));
        Assert.Equal(1, code);
        Assert.Contains(expected, errors, StringComparison.Ordinal);
        Assert.Empty(output);
    }

    [Theory]
    [InlineData("simulate: say what", new string[0])]
    [InlineData("'mars' is not known", new[] { "mars" })]
    [InlineData("--nodes is missing", new[] { "openb" })]
    [InlineData("'--node' is not an option", new[] { "openb", "--node", "x" })]
    [InlineData("--policy 'best' is not one of", new[] { "openb", "--policy", "best" })]
    [InlineData("--seeds '9..1' is not like", new[] { "openb", "--seeds", "9..1" })]
    [InlineData("--load must be above 0", new[] { "philly", "--load", "0" })]
    public void Wrong_usage_is_said_in_one_line(string expected, string[] args)
    {
        var (code, _, errors) = Simulate(args);
        Assert.Equal(2, code);
        Assert.Contains(expected, errors, StringComparison.Ordinal);
        Assert.Single(errors.TrimEnd().Split('\n'));
    }

    [Fact]
    public void A_file_that_is_not_there_is_named()
    {
        var (code, _, errors) = Simulate("openb", "--nodes", "/nowhere/nodes.csv", "--tasks", "x");
        Assert.Equal(1, code);
        Assert.Contains("/nowhere/nodes.csv: cannot be read", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_throughput_table_that_is_not_JSON_is_named_with_its_line()
    {
        var (code, _, errors) = Simulate("gavel", "--throughputs", Write("t.json", "{\n \"v100\": oops"));
        Assert.Equal(1, code);
        Assert.Contains("t.json:2", errors, StringComparison.Ordinal);
    }

    private static string Throughputs()
    {
        static string Class(double speed) =>
            $$$"""{"('A (batch size 1)', 1)": {"null": {{{speed * 2}}} }, "('B (batch size 1)', 1)": {"null": {{{speed * speed + 0.1}}} }}""";
        return $$"""{"v100": {{Class(1)}}, "p100": {{Class(0.6)}}, "k80": {{Class(0.2)}}}""";
    }

    [Theory]
    [InlineData("amalgam")]
    [InlineData("las")]
    [InlineData("fifo")]
    public void Gavel_prints_the_promised_document(string policy)
    {
        var (code, output, errors) = Simulate("gavel", "--throughputs", Write("t.json", Throughputs()), "--policy", policy,
            "--jobs-per-hour", "4", "--seeds", "3", "--first", "20", "--count", "20", "--restart-seconds", "60", "--json");
        Assert.True(code == 0, errors);
        var json = JsonDocument.Parse(output).RootElement;
        Assert.True(json.GetProperty("averageCompletionHours").GetDouble() >= json.GetProperty("floorHours").GetDouble() - 1e-3);
        Assert.True(json.GetProperty("worstStretch").GetDouble() >= 1);
    }

    [Fact]
    public void With_a_last_job_an_overloaded_queue_comes_to_an_end()
    {
        string[] overload = ["gavel", "--throughputs", Write("t.json", Throughputs()), "--policy", "las", "--jobs-per-hour", "60", "--devices", "4,4,4", "--seeds", "1", "--first", "20", "--count", "20"];
        var (code, output, errors) = Simulate([.. overload, "--last", "40", "--json"]);
        Assert.True(code == 0, errors);
        Assert.Equal(0, JsonDocument.Parse(output).RootElement.GetProperty("unfinished").GetInt32());
        var (refused, _, said) = Simulate([.. overload, "--last", "30"]);
        Assert.Equal(2, refused);
        Assert.Contains("--last 30 is before the last job that is measured, 39", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("amalgam", true)]
    [InlineData("amalgam", false)]
    [InlineData("las", false)]
    public void Shockwave_counts_every_job_against_the_limit(string policy, bool declared)
    {
        var lines = Enumerable.Range(0, 24).Select(i => $"A\tcmd\tdir\t--steps\t1\t100\t{1 << i % 4}\tstatic\t1\t-1.0\t{600 + 400 * (i % 5)}\t{i * 30}");
        string[] more = declared ? ["--declared"] : [];
        var (code, output, errors) = Simulate(["shockwave", "--trace", Write("s.trace", string.Join('\n', lines)), "--gpus", "8", "--policy", policy, "--json", .. more]);
        Assert.True(code == 0, errors);
        var json = JsonDocument.Parse(output).RootElement;
        Assert.True(json.GetProperty("makespanHours").GetDouble() >= json.GetProperty("limitHours").GetDouble());
        Assert.InRange(json.GetProperty("unfairPercent").GetDouble(), 0, 100);
    }

    [Fact]
    public void Philly_compares_each_department_with_itself_alone()
    {
        var jobs = "timestamp,duration,num_gpus,gpu_time,cluster\n" + string.Concat(Enumerable.Range(0, 200).Select(i =>
            $"2017-10-{1 + i / 40:D2} {i % 24:D2}:00:00,{3600 * (1 + i % 7)},{1 << i % 3},1,{(i % 3 == 0 ? "red" : "blue")}\n"));
        var (code, output, errors) = Simulate("philly", "--jobs", Write("p.csv", jobs), "--nodes", Write("n.csv", Nodes), "--load", "0.8", "--json");
        Assert.True(code == 0, errors);
        var json = JsonDocument.Parse(output).RootElement;
        Assert.Equal(2, json.GetProperty("departments").GetArrayLength());
        Assert.True(json.GetProperty("totalHours").GetDouble() >= json.GetProperty("floorTotalHours").GetDouble());
        Assert.True(json.GetProperty("staticTotalHours").GetDouble() >= json.GetProperty("floorTotalHours").GetDouble());
    }
}
