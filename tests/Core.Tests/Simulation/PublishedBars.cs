using System.Text.Json;
using Amalgam.Simulation.Commands;
using Xunit;
using Xunit.Abstractions;

namespace Core.Tests.Simulation;

/// <summary>Small forms of the benchmarks of docs/performance.md: fewer seeds and jobs, bars with room for that.</summary>
public sealed class PublishedBars(ITestOutputHelper output)
{
    private static JsonElement Json(params string[] args)
    {
        var (text, errors) = (new StringWriter(), new StringWriter());
        Assert.True(SimulateCommand.Run([.. args, "--json"], text, errors) == 0, errors.ToString());
        return JsonDocument.Parse(text.ToString()).RootElement;
    }

    private double Unallocated(string mix, string policy, string level)
    {
        var nodes = PublishedData.Find(output, "openb", "openb_node_list_gpu_node.csv")!;
        var tasks = PublishedData.Find(output, "openb", $"openb_pod_list_{mix}.csv")!;
        var json = Json("openb", "--nodes", nodes, "--tasks", tasks, "--policy", policy, "--seeds", "42");
        return 100 - json.GetProperty("allocatedPercent").GetProperty(level).GetDouble();
    }

    [Fact]
    public void Constrained_tasks_leave_half_as_much_unallocated_as_the_best_published_rule()
    {
        if (PublishedData.Find(output, "openb", "openb_pod_list_gpuspec33.csv") is null)
        {
            return;
        }
        var (ours, fgd) = (Unallocated("gpuspec33", "amalgam", "100"), Unallocated("gpuspec33", "fgd", "100"));
        output.WriteLine($"unallocated: ours {ours:F2}, FGD {fgd:F2}");
        Assert.InRange(fgd, 11, 13);
        Assert.True(ours <= 0.45 * fgd, $"ours {ours}, FGD {fgd}");
    }

    [Theory]
    [InlineData("default", 4.1)]
    [InlineData("gpushare100", 12.2)]
    [InlineData("multigpu50", 2.5)]
    [InlineData("cpu250", 6.2)]
    public void Every_mix_stays_below_its_bar(string mix, double bar)
    {
        if (PublishedData.Find(output, "openb", $"openb_pod_list_{mix}.csv") is not null)
        {
            Assert.InRange(Unallocated(mix, "amalgam", "100"), 0, bar);
        }
    }

    [Fact]
    public void Mixed_chips_beat_the_agnostic_baseline_on_the_same_arrivals()
    {
        if (PublishedData.Find(output, "gavel", "simulation_throughputs.json") is not { } table)
        {
            return;
        }
        // As published, smaller: 300 jobs after 400 to warm up, arrivals going on until all of the 300 are done. At 5.6 jobs an hour the baseline
        // is past its stable rate of 4.8 and its longest jobs would never end: after 1,200 hours they count with their age, which is in its favour.
        string[] common = ["gavel", "--throughputs", table, "--jobs-per-hour", "5.6", "--seeds", "0", "--first", "400", "--count", "300", "--most-hours", "1200"];
        var ours = Json([.. common, "--policy", "amalgam"]);
        var agnostic = Json([.. common, "--policy", "las"]);
        var (hours, baseline) = (ours.GetProperty("averageCompletionHours").GetDouble(), agnostic.GetProperty("averageCompletionHours").GetDouble());
        output.WriteLine($"hours: ours {hours}, agnostic at least {baseline} ({agnostic.GetProperty("unfinished")} not done), each alone {ours.GetProperty("floorHours")}");
        Assert.Equal(0, ours.GetProperty("unfinished").GetInt32());
        Assert.InRange(hours, 0, 24);
        Assert.True(baseline >= 3.5 * hours, $"ours {hours} h, agnostic {baseline} h");
        Assert.InRange(ours.GetProperty("preemptionsPerJob").GetDouble(), 0, 5);
    }

    [Theory]
    [InlineData(true, 1.09, 5.0)]
    [InlineData(false, 1.45, 12.0)]
    public void A_trace_on_equal_devices_ends_near_its_limit_and_fairly(bool declared, double makespan, double unfair)
    {
        var trace = PublishedData.Find(output, "shockwave", "120_0.2_5_100_40_25_0,0.5,0.5_0.6,0.3,0.09,0.01_multigpu_dynamic.trace");
        if (trace is null)
        {
            return;
        }
        string[] more = declared ? ["--declared"] : [];
        var json = Json(["shockwave", "--trace", trace, "--gpus", "32", .. more]);
        Assert.InRange(json.GetProperty("makespanHours").GetDouble() / json.GetProperty("limitHours").GetDouble(), 1, makespan);
        Assert.InRange(json.GetProperty("worstFinishTimeRatio").GetDouble(), 0, 1.78);
        Assert.InRange(json.GetProperty("unfairPercent").GetDouble(), 0, unfair);
    }
}
