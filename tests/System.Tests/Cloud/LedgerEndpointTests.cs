using System.Net;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Amalgam.SystemTests.Cloud;

/// <summary>The ledger's verbs and endpoints against one running cloud that real jobs were charged on.</summary>
public sealed class LedgerEndpointTests : IAsyncLifetime
{
    private readonly RunningCloud _cloud = RunningCloud.NotStarted("cpu:1,cpu-scalar:1");

    public async Task InitializeAsync()
    {
        _cloud.UpArguments.AddRange(["--currency", "EUR"]);
        await _cloud.StartAsync();
        await _cloud.MustAsync("unit", "add", "acme");
        await _cloud.MustAsync("unit", "add", "lab", "--under", "acme");
        await _cloud.MustAsync("price", "set", "cpu-scalar", "3600", "--tier", "1=1800");
        await _cloud.MustAsync("price", "set", "cpu", "7200");
        await _cloud.MustAsync("contract", "add", "acme", "--class", "cpu", "--devices", "1", "--to", "2060-01-01", "--reserved", "--discount", "25%");
        await _cloud.MustAsync("run", "--unit", "lab", "--wait", "--chips", "cpu-scalar", "--", "sleep", "0.5");
    }

    public async Task DisposeAsync() => await _cloud.DisposeAsync();

    [Fact]
    public async Task Every_part_of_the_ledger_answers_and_refuses_in_one_line()
    {
        await ContractPriceAsync();
        await FocusAsync();
        await IdlePolicyAsync();
        await CommitmentsAsync();
        await BudgetsAsync();
        await CommandsAsync();
        await ProvedAsync();
    }

    private async Task ContractPriceAsync()
    {
        Assert.Contains("now 5400.00 EUR per device-hour", await _cloud.MustAsync("contract", "show", "c1"), StringComparison.Ordinal);
        await RunningCloud.UntilAsync("an idle line", async () => (await LinesAsync()).Any(line => line.GetProperty("meter").GetString() == "reserved-idle-device-hours"));
        var idle = (await LinesAsync()).Single(line => line.GetProperty("meter").GetString() == "reserved-idle-device-hours");
        Assert.Equal(("c1", "5400.00"), (idle.GetProperty("contractId").GetString(), idle.GetProperty("unitPrice").GetString()));
        var used = (await LinesAsync()).Single(line => line.GetProperty("meter").GetString() == "device-hours");
        var opened = await _cloud.MustAsync("bill", "--why", used.GetProperty("id").GetString()!);
        Assert.Contains("by monthly quantity", opened, StringComparison.Ordinal);
        Assert.Contains("l1", opened, StringComparison.Ordinal);
    }

    private async Task FocusAsync()
    {
        using var client = _cloud.Client();
        var rows = JsonDocument.Parse(await client.GetStringAsync("/api/v1/bill/focus?as=json")).RootElement;
        var text = rows.GetRawText();
        Assert.Contains("\"CapacityReservationStatus\":\"Unused\"", text, StringComparison.Ordinal);
        Assert.Contains("\"ContractedUnitPrice\":5400", text, StringComparison.Ordinal);
        Assert.Contains("\"ListUnitPrice\":7200", text, StringComparison.Ordinal);
        foreach (var dataset in (string[])["InvoiceDetail", "BillingPeriod", "ContractCommitment"])
        {
            Assert.Contains("InvoiceIssuerName", (await client.GetStringAsync($"/api/v1/bill/focus?dataset={dataset}")).Split('\n')[0], StringComparison.Ordinal);
        }

        (await _cloud.AmalgamAsync("bill", "--format", "focus", "--focus-version", "1.2", "--dataset", "InvoiceDetail")).RefusedWith("has no dataset");
    }

    private async Task IdlePolicyAsync()
    {
        (await _cloud.AmalgamAsync("invoice", "idle-policy", "set", "house", "--charge-back")).RefusedWith("nothing to charge back");
        await _cloud.MustAsync("invoice", "idle-policy", "set", "use", "--charge-back", "--from", "2099-01-01");
        Assert.Contains("charged", await _cloud.MustAsync("invoice", "idle-policy", "list"), StringComparison.Ordinal);
        var pool = await _cloud.GetAsync("/api/v1/bill/pool");
        var units = pool.GetProperty("units").EnumerateArray().Sum(unit => decimal.Parse(unit.GetProperty("total").GetString()!, System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(decimal.Parse(pool.GetProperty("total").GetString()!, System.Globalization.CultureInfo.InvariantCulture), units);
    }

    private async Task CommitmentsAsync()
    {
        var (next, later) = (DateTime.UtcNow.AddMonths(1).ToString("yyyy-MM"), DateTime.UtcNow.AddMonths(4).ToString("yyyy-MM"));
        await _cloud.MustAsync("price", "commit", "acme", "--class", "cpu-scalar", "--device-hours", "10", "--price", "1000", "--from", next, "--to", later);
        (await _cloud.AmalgamAsync("price", "commit", "acme", "--class", "cpu-scalar", "--device-hours", "10", "--price", "1000", "--from", next, "--to", later)).RefusedWith("would overlap commitment q1");
        (await _cloud.AmalgamAsync("price", "commit-end", "q1", "--from", DateTime.UtcNow.ToString("yyyy-MM"), "--why", "x")).RefusedWith("stays bought");
        Assert.Contains(DateTime.UtcNow.AddMonths(2).ToString("yyyy-MM"), await _cloud.MustAsync("price", "commit-end", "q1", "--from", DateTime.UtcNow.AddMonths(2).ToString("yyyy-MM"), "--why", "moved"), StringComparison.Ordinal);
        (await _cloud.AmalgamAsync("price", "commit-end", "q7", "--from", later, "--why", "x")).RefusedWith("there is no commitment 'q7'");
        using var client = _cloud.Client();
        using var wrong = await client.PostAsync("/api/v1/commitments/q1/end", new StringContent("""{"from":"soon","why":"x"}""", Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
    }

    private async Task BudgetsAsync()
    {
        (await _cloud.AmalgamAsync("budget", "set", "lab", "-5")).RefusedWith("0 or more");
        Assert.StartsWith("ID  UNIT", await _cloud.MustAsync("budget", "set", "lab", "5"), StringComparison.Ordinal);
    }

    /// <summary>An option that the verb does not have is never run as a command.</summary>
    private async Task CommandsAsync()
    {
        foreach (var arguments in (string[][])[["run", "--data", "/tmp", "--", "true"], ["run", "--nope"], ["quote", "run", "--nope", "--", "true"]])
        {
            var (code, output, error) = await _cloud.AmalgamAsync(arguments);
            Assert.Equal((2, ""), (code, output));
            Assert.Contains("is no option of this verb", error, StringComparison.Ordinal);
        }

        Assert.Contains("--data", await _cloud.MustAsync("run", "--wait", "--chips", "cpu-scalar", "--", "echo", "--data"), StringComparison.Ordinal);
    }

    private async Task ProvedAsync()
    {
        (await _cloud.AmalgamAsync("invoice", "verify", "1", "--data", _cloud.Data)).RefusedWith("has no invoice 1");
        Assert.Contains("all the same", await _cloud.MustAsync("verify", "--data", _cloud.Data), StringComparison.Ordinal);
        Assert.Contains("commitment ended", await _cloud.MustAsync("audit"), StringComparison.Ordinal);
    }

    private async Task<List<JsonElement>> LinesAsync() => [.. (await _cloud.GetAsync("/api/v1/bill")).GetProperty("lines").EnumerateArray()];
}
