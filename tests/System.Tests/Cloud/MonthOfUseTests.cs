using System.Text;
using System.Text.Json;
using Xunit;

namespace Amalgam.SystemTests.Cloud;

/// <summary>
/// A month is used, closed, invoiced, proved and credited on a real cloud. The month is over because the real program first runs forty days ago: libfaketime gives its process another system clock.
/// </summary>
public sealed class MonthOfUseTests : IAsyncLifetime
{
    private readonly RunningCloud _cloud = RunningCloud.NotStarted("cpu:2");

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _cloud.DisposeAsync();

    [OtherClockFact]
    public async Task A_month_of_real_use_is_invoiced_once_proved_offline_exported_and_credited()
    {
        var month = await UseAsync();
        await _cloud.StartAsync();
        (await _cloud.AmalgamAsync("invoice", "issue", "--month", DateTime.UtcNow.ToString("yyyy-MM"))).RefusedWith("is not over until");
        var issued = (await _cloud.JsonAsync("invoice", "issue", "--month", month))[0];
        Assert.Equal((1, "acme"), (issued.GetProperty("number").GetInt32(), issued.GetProperty("customer").GetString()));
        (await _cloud.AmalgamAsync("invoice", "issue", "--month", month, "--unit", "acme")).RefusedWith("never changes");

        await ShownAsync(issued);
        await MovedAsync(month);
        await UsageApiAsync();
        await CreditedAsync();
        await _cloud.StopAsync();
        await ProvedAsync();
    }

    /// <summary>Forty days ago: a job and requests of the unit lab, at prices that make whole cents.</summary>
    private async Task<string> UseAsync()
    {
        _cloud.UpArguments.AddRange(["--currency", "EUR"]);
        (_cloud.Variables["LD_PRELOAD"], _cloud.Variables["FAKETIME"], _cloud.Variables["FAKETIME_DONT_FAKE_MONOTONIC"]) = (OtherClockFactAttribute.Library!, "-40d", "1");
        await _cloud.StartAsync();
        foreach (var name in (string[])["LD_PRELOAD", "FAKETIME", "FAKETIME_DONT_FAKE_MONOTONIC"])
        {
            _cloud.Variables.Remove(name);
        }

        await _cloud.MustAsync("unit", "set", "root", "--fact", "legal-name=Nordchip GmbH");
        await _cloud.MustAsync("unit", "add", "acme", "--fact", "legal-name=Acme <AB>");
        await _cloud.MustAsync("unit", "add", "lab", "--under", "acme");
        await _cloud.MustAsync("unit", "add", "other");
        await _cloud.MustAsync("price", "set", "cpu", "3600");
        await _cloud.MustAsync("invoice", "idle-policy", "set", "use", "--charge-back");
        await _cloud.MustAsync("run", "--unit", "lab", "--wait", "--chips", "cpu", "--", "sleep", "1");
        await _cloud.MustAsync("serve", "demo", "--unit", "lab", "--chips", "cpu", "--name", "talk");
        using var client = _cloud.Client((await _cloud.MustAsync("key", "create", "--unit", "lab")).Trim());
        for (var request = 0; request < 3; request++)
        {
            using var answer = await client.PostAsync("/v1/chat/completions", new StringContent("""{"model":"talk","messages":[{"role":"user","content":"What is 3 + 4?"}]}"""));
            answer.EnsureSuccessStatusCode();
        }

        await _cloud.StopAsync();
        return DateTime.UtcNow.AddDays(-40).ToString("yyyy-MM");
    }

    private async Task ShownAsync(JsonElement issued)
    {
        var shown = JsonDocument.Parse(await _cloud.MustAsync("invoice", "show", "1", "--json")).RootElement;
        var lines = shown.GetProperty("lines").EnumerateArray().ToList();
        Assert.Equal(decimal.Parse(issued.GetProperty("total").GetString()!), lines.Sum(line => decimal.Parse(line.GetProperty("amount").GetString()!)));
        Assert.Contains(lines, line => line.GetProperty("kind").GetString() == "usage" && line.GetProperty("path").GetString() == "root/acme/lab" && line.GetProperty("meter").GetString() == "output-tokens");
        await IdleShareAsync(lines);
        using var client = _cloud.Client();
        var document = await client.GetByteArrayAsync("/api/v1/invoices/1?format=document");
        Assert.Equal(issued.GetProperty("sha256").GetString(), Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(document)));
        var page = await client.GetStringAsync("/api/v1/invoices/1?format=html");
        Assert.Contains("Acme &lt;AB&gt;", page, StringComparison.Ordinal);
        Assert.DoesNotContain("http", page, StringComparison.OrdinalIgnoreCase);
        var focus = await _cloud.MustAsync("bill", "--format", "focus");
        Assert.StartsWith("BilledCost,", focus, StringComparison.Ordinal);
    }

    /// <summary>What stood idle on the day of use is shared by use: lab alone used anything. The line opens to the record of the day.</summary>
    private async Task IdleShareAsync(List<JsonElement> lines)
    {
        var share = lines.Single(line => line.TryGetProperty("meter", out var meter) && meter.GetString() == "idle-share-device-hours");
        Assert.Equal(("root/acme/lab", "idle devices of the pool, shared by use"), (share.GetProperty("path").GetString(), share.GetProperty("rule").GetString()));
        var bill = (await _cloud.GetAsync("/api/v1/bill")).GetProperty("lines").EnumerateArray().Single(line => line.GetProperty("meter").GetString() == "idle-share-device-hours");
        var opened = await _cloud.GetAsync($"/api/v1/bill/lines/{bill.GetProperty("id").GetString()}");
        Assert.Equal((1, bill.GetProperty("amount").GetString()), (opened.GetProperty("recordCount").GetInt32(), opened.GetProperty("recordedAmount").GetString()));
        Assert.Equal(share.GetProperty("amount").GetString(), opened.GetProperty("recordedAmount").GetString());
    }

    /// <summary>A reorganisation at a date, across a stop: applied by the next start; the old bill keeps the old path.</summary>
    private async Task MovedAsync(string month)
    {
        (await _cloud.AmalgamAsync("unit", "move", "acme", "--under", "lab")).RefusedWith("below itself");
        Assert.Contains("root/other/lab", await _cloud.MustAsync("unit", "move", "lab", "--under", "other", "--preview"), StringComparison.Ordinal);
        await _cloud.MustAsync("unit", "move", "lab", "--under", "other", "--from", DateTime.UtcNow.AddSeconds(4).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"));
        await _cloud.KillAsync();
        await Task.Delay(4000);
        await _cloud.StartAsync();
        await RunningCloud.UntilAsync("the move", async () => (await _cloud.GetAsync("/api/v1/moves")).GetArrayLength() == 0);
        Assert.Contains((await _cloud.GetAsync("/api/v1/units")).EnumerateArray(), unit => unit.GetProperty("path").GetString() == "root/other/lab");
        var old = await _cloud.GetAsync($"/api/v1/bill?unit=acme&from={month}-01&to={month}-28");
        Assert.NotEqual("0.00", old.GetProperty("total").GetString());
        await _cloud.MustAsync("unit", "move", "lab", "--under", "acme");
    }

    private async Task UsageApiAsync()
    {
        using var client = _cloud.Client((await _cloud.MustAsync("key", "create", "--unit", "acme", "--role", "auditor")).Trim());
        var start = DateTimeOffset.UtcNow.AddDays(-41).ToUnixTimeSeconds();
        var page = JsonDocument.Parse(await client.GetStringAsync($"/v1/organization/usage/completions?start_time={start}&limit=3&group_by=model")).RootElement;
        var result = Assert.Single(page.GetProperty("data").EnumerateArray().SelectMany(bucket => bucket.GetProperty("results").EnumerateArray()));
        Assert.Equal(("talk", 3), (result.GetProperty("model").GetString(), result.GetProperty("num_model_requests").GetInt32()));
        Assert.True(page.GetProperty("has_more").GetBoolean());
        var next = JsonDocument.Parse(await client.GetStringAsync($"/v1/organization/usage/completions?start_time={start}&limit=3&page={page.GetProperty("next_page").GetString()}")).RootElement;
        Assert.Equal(page.GetProperty("data")[2].GetProperty("end_time").GetInt64(), next.GetProperty("data")[0].GetProperty("start_time").GetInt64());
        var costs = JsonDocument.Parse(await client.GetStringAsync($"/v1/organization/costs?start_time={start}&limit=3&group_by=line_item")).RootElement;
        Assert.Contains(costs.GetProperty("data").EnumerateArray().SelectMany(bucket => bucket.GetProperty("results").EnumerateArray()), cost => cost.GetProperty("line_item").GetString() == "talk, output tokens");
        using var wrong = await client.GetAsync("/v1/organization/costs");
        Assert.Equal("start_time", JsonDocument.Parse(await wrong.Content.ReadAsStringAsync()).RootElement.GetProperty("error").GetProperty("param").GetString());
    }

    private async Task CreditedAsync()
    {
        (await _cloud.AmalgamAsync("invoice", "credit", "1", "--why", "too much", "--amount", "1000000")).RefusedWith("is more than what is left");
        Assert.Equal(2, JsonDocument.Parse(await _cloud.MustAsync("invoice", "credit", "1", "--why", "an outage", "--json")).RootElement.GetProperty("document").GetProperty("number").GetInt32());
        (await _cloud.AmalgamAsync("invoice", "credit", "1", "--why", "again")).RefusedWith("nothing is left");
    }

    /// <summary>Offline, and against a forged copy.</summary>
    private async Task ProvedAsync()
    {
        Assert.Contains("is proved", await _cloud.MustAsync("invoice", "verify", "1", "--data", _cloud.Data, "--line", "1"), StringComparison.Ordinal);
        Assert.Contains("1 invoices and 1 credit notes composed again", await _cloud.MustAsync("verify", "--data", _cloud.Data), StringComparison.Ordinal);
        var forged = Path.Combine(_cloud.Folder, "forged.db");
        var bytes = await File.ReadAllBytesAsync(Path.Combine(_cloud.Data, "journal.db"));
        var at = bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes("\"type\":\"tokens-charged\""));
        Assert.True(at > 0);
        bytes[at + 9] ^= 1;
        await File.WriteAllBytesAsync(forged, bytes);
        (await _cloud.AmalgamAsync("invoice", "verify", "1", "--journal", forged)).RefusedWith("damaged at record");
    }
}

/// <summary>Needs a process under another system clock.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OtherClockFactAttribute : FactAttribute
{
    public OtherClockFactAttribute()
    {
        if (Library is null)
        {
            Skip = "libfaketime is not installed (Debian package faketime; ./check installs it)";
        }
    }

    public static string? Library { get; } = ((string[])["/usr/lib/x86_64-linux-gnu/faketime", "/usr/lib/aarch64-linux-gnu/faketime", "/usr/lib/faketime", "/usr/lib64/faketime"])
        .Select(folder => Path.Combine(folder, "libfaketimeMT.so.1")).FirstOrDefault(File.Exists);
}
