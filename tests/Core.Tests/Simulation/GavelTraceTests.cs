using System.Text.Json;
using Amalgam.Simulation.Commands;
using Xunit;
using Xunit.Abstractions;

namespace Core.Tests.Simulation;

public sealed class GavelTraceTests(ITestOutputHelper output) : IDisposable
{
    private const string Table = """
        {"v100": {"('A (batch size 1)', 1)": {"null": 2.0}, "('A (batch size 1)', 2)": {"null": 3.0}},
         "p100": {"('A (batch size 1)', 1)": {"null": 1.0}, "('A (batch size 1)', 2)": {"null": 1.5}},
         "k80": {"('A (batch size 1)', 1)": {"null": 0.5}, "('A (batch size 1)', 2)": {"null": 0.0}}}
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("amalgam-gavel").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("amalgam")]
    [InlineData("las")]
    [InlineData("fifo")]
    public void Both_published_forms_of_job_list_run_to_their_end(string policy)
    {
        var ten = "A (batch size 1)\tcmd\tdir\t--n\t1\t7200\t1\t1\t-1.0\t0\nA (batch size 1)\tcmd\tdir\t--n\t1\t3600\t2\t1\t-1.0\t60\n";
        var seven = "A (batch size 1)\tcmd\t--n\t1\t7200\t0.0\t1\nA (batch size 1)\tcmd\t--n\t1\t3600\t60.0\t2\n";
        foreach (var list in new[] { ten, seven })
        {
            var json = JsonDocument.Parse(Run(list, "--policy", policy, "--json").Output).RootElement;
            Assert.Equal((2, 0, 0), (json.GetProperty("jobs").GetInt32(), json.GetProperty("unfinished").GetInt32(), json.GetProperty("skipped").GetInt32()));
            // 7200 steps at 2 a second and 3600 at 3 a second, on the best class.
            Assert.Equal((1 + (1 / 3.0)) / 2, json.GetProperty("floorHours").GetDouble(), 3);
            Assert.True(json.GetProperty("averageCompletionHours").GetDouble() >= json.GetProperty("floorHours").GetDouble());
        }
    }

    [Theory]
    [InlineData("A (batch size 1)\tcmd\t--n\t1\tmany\t0.0\t1", "jobs.trace:1: steps: 'many' is not a number from 1 up")]
    [InlineData("A (batch size 1)\tcmd\t--n\t1\t100\t0.0\t0", "jobs.trace:1: gpus: '0' is not a whole number from 1")]
    [InlineData("A (batch size 1)\tcmd\t--n\t1\t100\t0.0\t1\nshort\tline", "jobs.trace:2: line: 7 fields are expected, 2 found")]
    [InlineData("A (batch size 1)\tcmd\t100", "jobs.trace:1: line: 10 or 7 fields between tabs are expected, 3 found")]
    [InlineData("B\tcmd\t--n\t1\t100\t0.0\t4", "jobs.trace:1: job type: 'B on 4 GPUs' is not in the throughput table; leave such jobs out with --skip-unmeasured")]
    [InlineData("\n", "jobs.trace: line: there is no job in it")]
    public void A_job_list_that_cannot_be_used_is_named_with_file_line_and_field(string list, string expected)
    {
        var (code, text, errors) = Run(list);
        Assert.Equal((1, ""), (code, text));
        Assert.Contains(expected, errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Jobs_without_a_measured_speed_are_left_out_on_request_and_counted()
    {
        var text = Run("A (batch size 1)\tcmd\t--n\t1\t100\t0.0\t1\nB\tcmd\t--n\t1\t100\t0.0\t4\n", "--skip-unmeasured").Output;
        Assert.Contains("1 jobs without a measured speed left out", text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_done_when_the_virtual_time_is_over_counts_with_its_age()
    {
        var json = JsonDocument.Parse(Run("A (batch size 1)\tcmd\t--n\t1\t720000\t0.0\t1", "--most-hours", "10", "--json").Output).RootElement;
        Assert.Equal((1, 10.0), (json.GetProperty("unfinished").GetInt32(), json.GetProperty("averageCompletionHours").GetDouble()));
    }

    [Fact]
    public void A_published_list_runs_through_the_allocator()
    {
        if (PublishedData.Find(output, "gavel", "traces", "physical_cluster", "small_test.trace") is not { } list ||
            PublishedData.Find(output, "gavel", "simulation_throughputs.json") is not { } table)
        {
            return;
        }
        var (text, errors) = (new StringWriter(), new StringWriter());
        Assert.True(SimulateCommand.Run(["gavel", "--throughputs", table, "--trace", list, "--devices", "4,4,4", "--json"], text, errors) == 0, errors.ToString());
        Assert.Equal(20, JsonDocument.Parse(text.ToString()).RootElement.GetProperty("jobs").GetInt32());
    }

    private (int Code, string Output, string Errors) Run(string list, params string[] more)
    {
        var (jobs, table) = (Path.Combine(_folder, "jobs.trace"), Path.Combine(_folder, "table.json"));
        File.WriteAllText(jobs, list);
        File.WriteAllText(table, Table);
        var (text, errors) = (new StringWriter(), new StringWriter());
        return (SimulateCommand.Run(["gavel", "--throughputs", table, "--trace", jobs, .. more], text, errors), text.ToString(), errors.ToString());
    }
}
