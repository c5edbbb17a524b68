using Amalgam.Simulation.Scenarios;
using Xunit;
using Xunit.Abstractions;

namespace Core.Tests.Allocation;

public sealed class ScenarioTests(ITestOutputHelper output)
{
    [Fact]
    public void Every_scenario_of_the_project_holds_with_all_laws() => HoldAll(Path.Combine(Root(), "scenarios"));

    [Fact]
    public void Every_scenario_of_the_folder_named_by_AMALGAM_SCENARIOS_holds()
    {
        if (Environment.GetEnvironmentVariable("AMALGAM_SCENARIOS") is { Length: > 0 } folder)
        {
            HoldAll(folder);
        }
        else
        {
            output.WriteLine("SKIPPED: AMALGAM_SCENARIOS names no folder with further scenarios");
        }
    }

    [Fact]
    public void A_field_that_does_not_exist_is_refused_with_file_line_and_name()
    {
        var refused = Refusal("""
            {
              "nodes": [{"name": "n1", "chip": "a", "devices": 2}],
              "units": [{"name": "root"}],
              "workloads": [{"name": "w", "unit": "root", "prioritty": 3}]
            }
            """);
        Assert.Equal("cloud.json:4: workloads[0].prioritty: there is no such field; remove it or correct its name", refused);
    }

    [Theory]
    [InlineData("""{"units": [{"name": "x", "parent": "y"}, {"name": "y", "parent": "x"}]}""", "ancestor")]
    [InlineData("""{"units": [{"name": "x", "guarantee": {"a": -1}}]}""", "does not lie between")]
    [InlineData("""{"units": [{"name": "x"}], "workloads": [{"name": "w", "unit": "x", "chips": {"a": 0}}]}""", "speed is 0 on every class")]
    [InlineData("""{"units": [{"name": "x"}], "workloads": [{"name": "w", "unit": "z"}]}""", "there is no unit z")]
    [InlineData("""{"units": [{"name": "x"}], "workloads": [{"name": "w", "unit": "x", "devices": 1.5}]}""", "whole number of devices")]
    [InlineData("""{"units": [{"name": "x"}, {"name": "x"}]}""", "twice")]
    [InlineData("""{"units": [{"name": "x"}]""", "no JSON")]
    public void Input_that_makes_no_sense_is_refused_with_what_is_wrong(string text, string says) =>
        Assert.Contains(says, Refusal(text), StringComparison.Ordinal);

    [Fact]
    public void A_guarantee_above_what_was_ever_in_stock_is_allowed_but_said()
    {
        var scenario = ScenarioReader.Read("cloud.json", """
            {"nodes": [{"name": "n", "chip": "a", "devices": 2}], "units": [{"name": "x", "guarantee": {"a": 5}}]}
            """u8);
        Assert.Equal("unit x is guaranteed more a than was ever in stock", Assert.Single(scenario.Notes));
    }

    [Fact]
    public void The_command_says_which_expectation_failed_and_exits_with_one()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, """
                {"name": "too hopeful", "nodes": [{"name": "n", "chip": "a", "devices": 1}], "units": [{"name": "x"}],
                 "workloads": [{"name": "w", "unit": "x", "members": 2}], "settings": {"until": 3}, "expect": {"running": ["w"]}}
                """);
            var (text, json) = (new StringWriter(), new StringWriter());
            Assert.Equal(1, ScenarioCommand.Run([file], json: false, text, TextWriter.Null));
            Assert.Equal(1, ScenarioCommand.Run([file], json: true, json, TextWriter.Null));
            Assert.Contains("expected: w is running; it waits for too-large", text.ToString(), StringComparison.Ordinal);
            Assert.Contains("\"held\":false", json.ToString(), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static string Refusal(string text) =>
        Assert.Throws<ScenarioException>(() => ScenarioReader.Read("cloud.json", System.Text.Encoding.UTF8.GetBytes(text))).Message;

    private void HoldAll(string folder)
    {
        var files = Directory.GetFiles(folder, "*.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToList();
        Assert.NotEmpty(files);
        var failures = new List<string>();
        foreach (var file in files)
        {
            var result = ScenarioRunner.Run(ScenarioReader.Read(file, File.ReadAllBytes(file)));
            failures.AddRange(result.Failures.Select(failure => $"{Path.GetFileName(file)}: {failure}"));
        }

        output.WriteLine($"{files.Count} scenarios");
        Assert.True(failures.Count == 0, string.Join('\n', failures));
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Amalgam.slnx")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("the tests run outside a checkout");
    }
}
