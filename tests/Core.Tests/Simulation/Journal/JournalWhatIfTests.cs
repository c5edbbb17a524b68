using System.Text.Json;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;
using Amalgam.Simulation.Journal;
using Xunit;

namespace Core.Tests.Simulation.Journal;

public sealed class JournalWhatIfTests
{
    [Fact]
    public void Without_a_change_of_rules_the_decisions_are_only_compared()
    {
        var (code, output, errors) = Simulate(Contended());
        Assert.Equal((0, ""), (code, errors));
        Assert.EndsWith("0 differences\n", output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_guarantee_brings_its_unit_in_sooner_at_the_cost_of_who_held_the_devices()
    {
        var answer = Document(Contended(), "--set", "unit.lab.guarantee.h100=8", "--set", "unit.shop.guarantee.h100=0");
        Assert.Equal((0, "h100"), (answer.GetProperty("journal").GetProperty("differences").GetArrayLength(), answer.GetProperty("usePercent")[0].GetProperty("class").GetString()));
        var (lab, shop) = (Unit(answer, "lab"), Unit(answer, "shop"));
        Assert.Equal("wins", lab.GetProperty("verdict").GetString());
        // As recorded it waits for the hour that shop's job takes; under its own guarantee it starts when it is submitted, one minute into that hour.
        Assert.Equal(3540, lab.GetProperty("waitGainedSeconds").GetDouble(), 0.5);
        Assert.Equal(0, lab.GetProperty("changed").GetProperty("waitMeanSeconds").GetDouble());
        Assert.Equal((0, 1), (shop.GetProperty("recorded").GetProperty("evictions").GetInt32(), shop.GetProperty("changed").GetProperty("evictions").GetInt32()));
        Assert.Equal("loses", shop.GetProperty("verdict").GetString());
    }

    [Fact]
    public void A_job_takes_as_long_as_it_did_times_the_speed_of_the_class_that_it_gets()
    {
        var cloud = new RecordedCloud();
        cloud.Unit("lab");
        cloud.Node("h", "h100", 4);
        cloud.Node("a", "a100", 4);
        var job = cloud.Submit("lab", 4, 1, false, ("h100", 1_000_000), ("a100", 250_000));
        cloud.Plan();
        Assert.Equal("h100", cloud.State.OpenLeases.Single().ChipClass);
        cloud.Pass(900);
        cloud.Finish(job);
        cloud.Pass(9000);
        cloud.Add(new CloudStopped("test"));
        var answer = Document(cloud, "--lose", "h100=100%");
        var rows = answer.GetProperty("classes").EnumerateArray().ToDictionary(row => row.GetProperty("class").GetString()!);
        Assert.Equal(1, rows["h100"].GetProperty("recorded").GetProperty("deviceHours").GetDouble(), 0.001);
        Assert.Equal(0, rows["h100"].GetProperty("changed").GetProperty("deviceHours").GetDouble());
        // A quarter of the speed: four times the fifteen minutes, on four devices.
        Assert.Equal(4, rows["a100"].GetProperty("changed").GetProperty("deviceHours").GetDouble(), 0.001);
    }

    [Fact]
    public void Use_is_charged_at_list_prices_and_a_guarantee_that_cannot_be_kept_is_counted()
    {
        var answer = Document(Contended(), "--set", "unit.lab.guarantee.h100=8", "--lose", "h100=100%");
        var rows = answer.GetProperty("classes").EnumerateArray().ToDictionary(row => $"{row.GetProperty("unit")}/{row.GetProperty("class")}");
        // Shop's job and then lab's: an hour each on eight devices, at 2.50 a device-hour.
        Assert.Equal("20.00", rows["shop/h100"].GetProperty("recorded").GetProperty("cost").GetString());
        var shortHours = rows["lab/h100"].GetProperty("changed").GetProperty("guaranteeShortDeviceHours").GetDouble();
        Assert.True(shortHours > 8, $"lab waits with nothing of the eight devices for more than an hour, yet only {shortHours} device-hours are missed");
    }

    [Fact]
    public void A_policy_file_in_yaml_says_the_same_as_the_command_line_and_the_answer_never_varies()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, "leaseTerm: 10m\nmoves: false\nunits:\n  lab: { weight: 3, guarantee: { h100: 8 } }\n");
        string[] line = ["--set", "leaseTerm=10m", "--set", "moves=false", "--set", "unit.lab.weight=3", "--set", "unit.lab.guarantee.h100=8"];
        var (fromFile, fromLine, again) = (Document(Contended(), "--policy", file), Document(Contended(), line), Document(Contended(), line));
        Assert.Equal(fromLine.GetRawText(), again.GetRawText());
        Assert.Equal(fromLine.GetProperty("units").GetRawText(), fromFile.GetProperty("units").GetRawText());
        File.Delete(file);
    }

    [Fact]
    public void The_waits_of_virtual_time_stand_beside_the_recorded_ones()
    {
        var classes = Document(Contended(), "--waits").GetProperty("classes").EnumerateArray().ToDictionary(row => row.GetProperty("unit").GetString()!);
        Assert.Equal(["lab", "shop"], classes.Keys.Order());
        foreach (var side in (string[])["recorded", "simulated"])
        {
            // Shop starts at once; lab asks a minute later and waits until shop's hour is over.
            Assert.Equal((1, 0), (classes["shop"].GetProperty(side).GetProperty("started").GetInt32(), classes["shop"].GetProperty(side).GetProperty("waitMeanSeconds").GetDouble()));
            Assert.Equal(1, classes["lab"].GetProperty(side).GetProperty("started").GetInt32());
            Assert.Equal(3540, classes["lab"].GetProperty(side).GetProperty("waitMeanSeconds").GetDouble(), 0.5);
        }
        Assert.StartsWith("unit,class,started,simulated", Simulate(Contended(), "--waits", "--csv").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Waits_are_not_compared_under_other_rules_nor_without_nodes()
    {
        var (code, output, errors) = Simulate(Contended(), "--waits", "--set", "unit.lab.weight=3");
        Assert.Equal((2, ""), (code, output));
        Assert.Contains("--waits compares with what really happened", Assert.Single(errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        (code, output, errors) = Simulate(new RecordedCloud(), "--waits");
        Assert.Equal((2, ""), (code, output));
        Assert.Contains("says nothing about nodes yet", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void The_table_the_csv_and_the_picture_say_who_wins()
    {
        var picture = Path.GetTempFileName();
        var (code, table, _) = Simulate(Contended(), "--set", "unit.lab.guarantee.h100=8", "--set", "unit.shop.guarantee.h100=0", "--plot", picture);
        Assert.Equal(0, code);
        Assert.Contains("lab wins", table, StringComparison.Ordinal);
        Assert.Contains("changed rules", File.ReadAllText(picture), StringComparison.Ordinal);
        Assert.StartsWith("unit,class,started recorded,started changed", Simulate(Contended(), "--lose", "h100=1", "--csv").Output, StringComparison.Ordinal);
        File.Delete(picture);
    }

    [Theory]
    [InlineData("--set unit.nobody.weight=1", "--set unit.nobody.weight: the journal knows no unit 'nobody'; it has lab, root, shop")]
    [InlineData("--set unit.lab.guarantee.h200=1", "--set unit.lab.guarantee.h200: the journal knows no chip class 'h200'; it has h100")]
    [InlineData("--set unit.lab.wait=1", "a unit has no setting 'wait'; there are unit.NAME.weight")]
    [InlineData("--set unit.lab.weight=-1", "--set unit.lab.weight: '-1' is not a number from 0 to 1000000")]
    [InlineData("--set unit.lab.weight=NaN", "'NaN' is not a number")]
    [InlineData("--set unit.lab.maxWait=soon", "'soon' is not a time such as 90s")]
    [InlineData("--set moves=perhaps", "'perhaps' is neither true nor false")]
    [InlineData("--set speed=1", "there is no such setting")]
    [InlineData("--set unit.lab", "is not like unit.lab.weight=3")]
    [InlineData("--lose h100=130%", "--lose h100: give a share such as 30%, at most 100%")]
    [InlineData("--lose h100=some", "a number of devices")]
    [InlineData("--lose", "--lose needs a value")]
    [InlineData("--what", "'--what' is not an option")]
    [InlineData("--policy /does/not/exist", "--policy /does/not/exist cannot be read")]
    public void What_cannot_be_set_is_refused_in_one_line_that_says_what_can(string arguments, string part)
    {
        var (code, output, errors) = Simulate(Contended(), arguments.Split(' '));
        Assert.Equal((2, ""), (code, output));
        Assert.Contains(part, Assert.Single(errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_journal_from_before_nodes_were_recorded_still_reads_and_says_what_it_lacks()
    {
        var cloud = new RecordedCloud();
        Assert.Equal(0, Simulate(cloud).Code);
        var (code, _, errors) = Simulate(cloud, "--set", "unit.root.weight=2");
        Assert.Equal(2, code);
        Assert.Contains("says nothing about nodes yet", errors, StringComparison.Ordinal);
    }

    /// <summary>Shop takes all eight devices for an hour; lab asks for them a minute later, gets them when shop is done, and takes an hour too.</summary>
    private static RecordedCloud Contended()
    {
        var cloud = new RecordedCloud();
        cloud.Add(new PriceSet(new Price { Version = 1, Kind = PriceKind.DeviceHour, Subject = "*", FromMs = 0, DeviceHourNano = 2_500_000_000 }));
        cloud.Node("n1", "h100", 8);
        cloud.Unit("shop", 1, ("h100", 8));
        cloud.Unit("lab");
        var first = cloud.Submit("shop", 8, 1, false, ("h100", 1_000_000));
        cloud.Plan();
        cloud.Pass(60);
        var second = cloud.Submit("lab", 8, 1, false, ("h100", 1_000_000));
        cloud.Plan();
        cloud.Pass(3540);
        cloud.Finish(first);
        cloud.Plan();
        cloud.Pass(3600);
        cloud.Finish(second);
        return cloud;
    }

    private static JsonElement Unit(JsonElement answer, string name) => answer.GetProperty("units").EnumerateArray().Single(unit => unit.GetProperty("unit").GetString() == name);

    private static JsonElement Document(RecordedCloud cloud, params string[] args)
    {
        var (code, output, errors) = Simulate(cloud, [.. args, "--json"]);
        Assert.Equal((0, ""), (code, errors));
        return JsonDocument.Parse(output).RootElement;
    }

    private static (int Code, string Output, string Errors) Simulate(RecordedCloud cloud, params string[] args)
    {
        var (output, errors) = (new StringWriter(), new StringWriter());
        return (JournalCommand.Run(args, (_, _) => cloud.Records, output, errors), output.ToString(), errors.ToString());
    }
}
