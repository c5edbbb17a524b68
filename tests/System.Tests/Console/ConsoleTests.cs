using Amalgam.SystemTests.Cloud;
using Xunit;
using Xunit.Abstractions;

namespace Amalgam.SystemTests.Browser;

/// <summary>The console in a real browser, against a real cloud with real work.</summary>
public sealed class ConsoleTests(ITestOutputHelper output, ConsoleCloud fixture) : IClassFixture<ConsoleCloud>
{
    [Fact]
    public async Task Every_form_of_jobs_takes_good_input_and_says_what_is_wrong_with_bad_input()
    {
        await PlayAsync("jobs");
    }

    [Fact]
    public async Task Whoever_waits_is_seen_with_the_reason_and_one_click_makes_the_smallest_change()
    {
        await PlayAsync("remedy");
    }

    [Fact]
    public async Task Units_are_made_limited_and_moved_and_each_user_sees_only_what_is_theirs()
    {
        await PlayAsync("units");
    }

    [Fact]
    public async Task A_bill_opens_down_to_its_records_and_budgets_are_set_and_removed()
    {
        await PlayAsync("bills");
    }

    [Fact]
    public async Task A_price_change_is_previewed_made_and_undone_and_a_supply_cut_tells_which_promises_break()
    {
        await PlayAsync("prices");
    }

    [Fact]
    public async Task An_empty_cloud_leads_to_a_first_answer_in_three_clicks_and_an_open_page_survives_a_kill_9()
    {
        await using var fresh = new ConsoleCloud();
        await fresh.InitializeAsync();
        await PlayAsync("first-answer", fresh);
        await PlayAsync("restart", fresh);
    }

    [Fact]
    public async Task Every_page_is_accessible_on_a_telephone_or_on_a_desk_and_in_the_long_run_on_both_in_both_themes()
    {
        await PlayAsync("accessible", null, Environment.GetEnvironmentVariable("AMALGAM_LONG") == "1" ? ["all"] : []);
    }

    private async Task PlayAsync(string scenario, ConsoleCloud? fresh = null, params string[] more)
    {
        if (await Browser.MissingAsync() is { } missing)
        {
            output.WriteLine($"SKIPPED: the console was not tried in a browser: {missing}");
            Console.WriteLine($"SKIPPED: the console was not tried in a browser: {missing}");
            return;
        }

        var cloud = (fresh ?? fixture).Cloud;
        var good = await Browser.PlayAsync(scenario, cloud, wish => wish == "kill" ? cloud.KillAsync() : cloud.StartAsync(), more);
        good.ToList().ForEach(output.WriteLine);
        Assert.All(good, line => Assert.StartsWith("ok ", line, StringComparison.Ordinal));
        Assert.NotEmpty(good);
        Assert.DoesNotContain("Amalgam.Console", cloud.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(cloud.Key, cloud.Output.Replace($"            {cloud.Key}", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }
}
