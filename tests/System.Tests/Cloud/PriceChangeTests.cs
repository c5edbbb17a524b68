using System.Globalization;
using System.Text.Json;
using Xunit;
using Xunit.Abstractions;

namespace Amalgam.SystemTests.Cloud;

/// <summary>A price change from preview to undo on a real cloud: its usage came through the real gateway and from real jobs.</summary>
public sealed class PriceChangeTests(ITestOutputHelper output)
{
    [Fact]
    public async Task The_preview_of_real_requests_and_jobs_is_what_the_bill_then_says_to_the_nano_unit()
    {
        await using var cloud = await RunningCloud.StartNewAsync();
        await cloud.MustAsync("unit", "add", "acme");
        await cloud.MustAsync("serve", "demo", "--chips", "cpu", "--unit", "default", "--open-to", "root");
        var key = (await cloud.MustAsync("key", "create", "--unit", "acme")).Trim();
        await AskAsync(cloud, key);

        // Requests, previewed; the same requests again at the new price.
        var from = Now();
        var counts = await AskAsync(cloud, key);
        var preview = await cloud.JsonAsync("price", "change", "--model", "demo", "--by=+37.5%", "--preview", "--from", "2030-01-01", "--usage-from", from);
        var version = await ApplyAsync(cloud, """ "model":"demo","by":"+37.5%" """);
        Assert.Equal(counts, await AskAsync(cloud, key));

        var bill = await cloud.GetAsync("/api/v1/bill?unit=acme");
        var lines = bill.GetProperty("lines").EnumerateArray().Where(line => line.GetProperty("priceVersion").GetInt32() == version).ToList();
        Assert.Equal(Row(preview, "acme").GetProperty("new").GetString(), Sum(lines.Select(line => line.GetProperty("amount").GetString()!)));
        Assert.Equal("1", preview.GetProperty("losers").ToString());
        output.WriteLine($"requests: {preview.GetProperty("old")} -> {preview.GetProperty("new")}, and the bill of the same requests says so too");

        // Why a line exists: down to the requests.
        var opened = await cloud.JsonAsync("bill", "--why", lines[0].GetProperty("id").GetString()!);
        Assert.Equal(lines[0].GetProperty("amount").GetString(), opened.GetProperty("recordedAmount").GetString());
        Assert.Equal(counts.Count, opened.GetProperty("records").GetArrayLength());
        Assert.All(opened.GetProperty("records").EnumerateArray(), record => Assert.False(string.IsNullOrEmpty(record.GetProperty("request").GetString())));
        Assert.Equal(version, opened.GetProperty("price").GetProperty("version").GetInt32());

        await JobsAsync(cloud);
        Assert.Contains("record", await cloud.MustAsync("verify", "--data", cloud.Data), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_contract_that_is_locked_pays_the_old_price_and_what_it_reserved_and_nobody_used_is_a_line_of_its_own()
    {
        await using var cloud = RunningCloud.NotStarted();
        var fleet = Path.Combine(cloud.Folder, "fleet.yaml");
        await File.WriteAllTextAsync(fleet, "job_seconds: 600\nnodes:\n  - { chip: h100, count: 2, devices: 8 }\n");
        cloud.UpArguments.AddRange(["--fleet", fleet]);
        await cloud.StartAsync();
        await cloud.MustAsync("unit", "add", "acme");
        await cloud.MustAsync("unit", "add", "birch");
        await cloud.MustAsync("price", "set", "h100", "2.50");
        await cloud.MustAsync("contract", "add", "acme", "--class", "h100", "--devices", "4", "--to", "2030-01-01", "--reserved", "--locked-until", "2029-01-01");
        await cloud.MustAsync("run", "--unit", "acme", "--chips", "h100", "--devices", "3", "--", "sleep", "600");
        await cloud.MustAsync("run", "--unit", "birch", "--chips", "h100", "--devices", "2", "--", "sleep", "600");
        await RunningCloud.UntilAsync("both jobs", async () => (await cloud.GetAsync("/api/v1/bill")).GetProperty("lines").GetArrayLength() >= 3);

        var lines = (await cloud.GetAsync("/api/v1/bill?unit=acme")).GetProperty("lines").EnumerateArray().ToList();
        var (idle, used) = (Assert.Single(lines, line => Meter(line) == "reserved-idle-device-hours"), Assert.Single(lines, line => Meter(line) == "device-hours"));
        var reserved = (Time(idle, "last") - Time(idle, "first")).TotalMilliseconds * 4;
        Assert.Equal(reserved, (double)((idle.GetProperty("quantity").GetDecimal() + used.GetProperty("quantity").GetDecimal()) * 3_600_000m), 1.0);

        string[] change = ["price", "change", "--class", "h100", "--by", "+40%", "--from", "2028-01-01"];
        var preview = await cloud.JsonAsync([.. change, "--preview"]);
        Assert.Equal(("0.00", "c1"), (Row(preview, "acme").GetProperty("difference").GetString(), Row(preview, "acme").GetProperty("contractId").GetString()));
        Assert.Equal(2029, Row(preview, "acme").GetProperty("effective").GetDateTimeOffset().Year);
        Assert.Equal(2028, Row(preview, "birch").GetProperty("effective").GetDateTimeOffset().Year);
        Assert.NotEqual("0.00", Row(preview, "birch").GetProperty("difference").GetString());
        Assert.Equal("1 0 1", $"{preview.GetProperty("losers")} {preview.GetProperty("winners")} {preview.GetProperty("unchanged")}");

        // Applied, undone, and both are there after a kill -9.
        await cloud.MustAsync([.. change, "--apply"]);
        (await cloud.AmalgamAsync([.. change, "--apply"])).RefusedWith("would overlap");
        await cloud.MustAsync("price", "undo", "6");
        var book = await cloud.JsonAsync("price", "list");
        await cloud.KillAsync();
        await cloud.StartAsync();
        Assert.Equal(book.ToString(), (await cloud.JsonAsync("price", "list")).ToString());
        Assert.Equal("0.00", Row(await cloud.JsonAsync("price", "change", "--class", "h100", "--by", "+40%", "--from", "2028-01-01", "--preview"), "acme").GetProperty("difference").GetString());
    }

    /// <summary>Jobs at a lower price for their unit alone; the price undone, the same change is previewed on what they used.</summary>
    private async Task JobsAsync(RunningCloud cloud)
    {
        var version = await ApplyAsync(cloud, """ "chipClass":"cpu-scalar","unit":"acme","by":"-12.5%" """);
        var from = Now();
        await cloud.MustAsync("run", "--wait", "--unit", "acme", "--chips", "cpu-scalar", "--", "sleep", "0.3");
        await cloud.MustAsync("run", "--wait", "--unit", "acme", "--chips", "cpu-scalar", "--", "sleep", "0.2");
        await cloud.MustAsync("price", "undo", version.ToString(CultureInfo.InvariantCulture));

        var preview = await cloud.JsonAsync("price", "change", "--class", "cpu-scalar", "--unit", "acme", "--by=-12.5%", "--preview", "--usage-from", from);
        var billed = (await cloud.GetAsync("/api/v1/bill?unit=acme")).GetProperty("lines").EnumerateArray().Where(line => line.GetProperty("priceVersion").GetInt32() == version).ToList();
        Assert.Equal(2, billed.Count);
        Assert.Equal(Sum(billed.Select(line => line.GetProperty("amount").GetString()!)), Row(preview, "acme").GetProperty("new").GetString());
        output.WriteLine($"jobs: {preview.GetProperty("old")} -> {preview.GetProperty("new")}, which is what was billed at version {version}");
    }

    /// <summary>Applies a change a second from now and waits until it holds; later where the machine was too slow for that.</summary>
    private static async Task<int> ApplyAsync(RunningCloud cloud, string change)
    {
        using var client = cloud.Client();
        for (var seconds = 1; ; seconds *= 2)
        {
            var begins = DateTimeOffset.UtcNow.AddSeconds(seconds);
            using var answer = await client.PostAsync("/api/v1/price-changes", new StringContent($"{{{change},\"from\":\"{begins:O}\"}}"));
            var text = await answer.Content.ReadAsStringAsync();
            if (answer.IsSuccessStatusCode)
            {
                await RunningCloud.UntilAsync("the new price", () => DateTimeOffset.UtcNow > begins.AddMilliseconds(50));
                return JsonDocument.Parse(text).RootElement.GetProperty("versions")[0].GetProperty("version").GetInt32();
            }

            Assert.True(text.Contains("in the past", StringComparison.Ordinal) && seconds < 60, text);
        }
    }

    private static async Task<List<string>> AskAsync(RunningCloud cloud, string key)
    {
        using var client = cloud.Client(key);
        List<string> counts = [];
        foreach (var question in (string[])["What is 17 + 25?", "What is 3 + 4?", "What is 60 + 39?"])
        {
            using var answer = await client.PostAsync("/v1/chat/completions", new StringContent($$"""{"model":"demo","temperature":0,"messages":[{"role":"user","content":"{{question}}"}]}"""));
            counts.Add(JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("usage").ToString());
        }

        return counts;
    }

    private static string Now() => DateTimeOffset.UtcNow.ToString("O", CultureInfo.InvariantCulture);

    private static JsonElement Row(JsonElement preview, string customer) => Assert.Single(preview.GetProperty("customers").EnumerateArray(), row => row.GetProperty("customer").GetString() == customer);

    private static string Sum(IEnumerable<string> amounts)
    {
        var text = amounts.Sum(amount => decimal.Parse(amount, CultureInfo.InvariantCulture)).ToString("0.00#######", CultureInfo.InvariantCulture);
        return text;
    }

    private static string Meter(JsonElement line) => line.GetProperty("meter").GetString()!;

    private static DateTimeOffset Time(JsonElement line, string name) => line.GetProperty(name).GetDateTimeOffset();
}
