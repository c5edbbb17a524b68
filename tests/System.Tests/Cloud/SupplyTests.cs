using System.Net;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Amalgam.SystemTests.Cloud;

/// <summary>Contracts, stock and admission rules on a real cloud whose scarce chips are simulated.</summary>
public sealed class SupplyTests : IAsyncLifetime
{
    private readonly RunningCloud _cloud = RunningCloud.NotStarted();

    public async Task InitializeAsync()
    {
        var fleet = Path.Combine(_cloud.Folder, "fleet.yaml");
        await File.WriteAllTextAsync(fleet, "nodes:\n  - { chip: h100, count: 2, devices: 4 }\n  - { chip: l40s, count: 2, devices: 4 }\n");
        _cloud.UpArguments.AddRange(["--fleet", fleet]);
        await _cloud.StartAsync();
        foreach (var (unit, since) in new[] { ("old", "2020-01-01"), ("newcomer", "2026-01-01") })
        {
            await _cloud.MustAsync("unit", "add", unit, "--fact", $"customer-since={since}");
        }
    }

    public async Task DisposeAsync() => await _cloud.DisposeAsync();

    [Fact]
    public async Task A_contract_takes_its_devices_back_when_it_begins_is_measured_and_outlives_a_kill_9()
    {
        var borrower = Id(await _cloud.JsonAsync("run", "--unit", "newcomer", "--chips", "h100", "--devices", "4", "--members", "2", "--", "sleep", "600"));
        await RunsAsync(borrower);
        var client = Id(await _cloud.JsonAsync("run", "--unit", "old", "--chips", "h100", "--devices", "4", "--members", "2", "--", "sleep", "600"));
        (await _cloud.AmalgamAsync("contract", "add", "old", "--class", "h100", "--devices", "9", "--to", "2099-01-01")).RefusedWith("a contract runs for at most 50 years");
        (await _cloud.AmalgamAsync("contract", "add", "old", "--class", "h100", "--devices", "9", "--to", "2060-01-01")).RefusedWith("where 8 are healthy");
        var signed = await SignAsync(DateTimeOffset.UtcNow.AddSeconds(5));
        Assert.Equal("to-come", signed.GetProperty("state").GetString());
        await RunsAsync(client);
        Assert.Equal("waiting", (await _cloud.GetAsync($"/api/v1/workloads/{borrower}")).GetProperty("phase").GetString());
        await RunningCloud.UntilAsync("the holding to be measured", async () => (await ContractAsync()).GetProperty("heldNow").GetDecimal() == 8);

        await _cloud.KillAsync();
        await _cloud.StartAsync();
        await RunsAsync(client);
        var contract = await ContractAsync();
        Assert.Equal((8m, 8m), (contract.GetProperty("devices").GetDecimal(), contract.GetProperty("askedNow").GetDecimal()));
        Assert.True(contract.GetProperty("months")[0].GetProperty("askedDeviceHours").GetDecimal() > 0);
        Assert.Contains("credit due so far", await _cloud.MustAsync("contract", "show", "c1"), StringComparison.Ordinal);

        var risk = await _cloud.JsonAsync("contract", "risk", "--lose", "h100=25%");
        Assert.Equal(2m, Assert.Single(risk.GetProperty("broken").EnumerateArray().ToList()).GetProperty("short").GetDecimal());
        Assert.Equal("l40s", risk.GetProperty("broken")[0].GetProperty("moves")[0].GetProperty("chipClass").GetString());
        (await _cloud.AmalgamAsync("contract", "risk", "--lose", "25%")).RefusedWith("say which class");
        await _cloud.MustAsync("contract", "end", "c1", "--why", "moved away");
        Assert.Equal("ended", (await ContractAsync()).GetProperty("state").GetString());
        Assert.Contains("moved away", await _cloud.MustAsync("audit"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task New_customers_are_kept_from_a_scarce_class_by_run_quote_and_gateway_and_the_audit_names_the_rule()
    {
        await _cloud.MustAsync("stock", "receive", "h100", "8", "--not-replenishable");
        (await _cloud.AmalgamAsync("stock", "fail", "h100", "9")).RefusedWith("has 8 devices in-service, not 9");
        var running = Id(await _cloud.JsonAsync("run", "--unit", "old", "--chips", "h100", "--devices", "4", "--members", "2", "--", "sleep", "600"));
        await RunsAsync(running);
        Assert.Contains("no-new-customers", await _cloud.MustAsync("policy", "add", Path.Combine(RunningCloud.RepositoryRoot, "policies", "no-new-customers-on-scarce-chips.yaml")), StringComparison.Ordinal);
        var refused = await _cloud.AmalgamAsync("run", "--unit", "newcomer", "--chips", "h100", "--", "sleep", "600");
        refused.RefusedWith("the rule no-new-customers-on-scarce-chips keeps newcomer from h100");
        Assert.Contains("use l40s", refused.Error, StringComparison.Ordinal);
        Assert.Contains("the rule no-new-customers-on-scarce-chips", await _cloud.MustAsync("quote", "run", "--unit", "newcomer", "--chips", "h100", "--", "sleep", "1"), StringComparison.Ordinal);
        await _cloud.MustAsync("run", "--unit", "old", "--chips", "h100", "--", "true");
        await RunsAsync(running);
        Assert.Equal(1, (await _cloud.AmalgamAsync("policy", "test", "newcomer", "h100")).ExitCode);
        Assert.Equal(0, (await _cloud.AmalgamAsync("policy", "test", "newcomer", "l40s")).ExitCode);

        await PolicyAsync("name: members-only\nwhen:\n  unit: { uses-class: no, customer-since: { since: 2026-01-01 } }\n  class: { name: cpu }\neffect: refuse\nmessage: kept for members\nalternative: cpu-scalar\n");
        await _cloud.MustAsync("serve", "demo", "--unit", "default", "--open-to", "root", "--chips", "cpu");
        var (status, body) = await ChatAsync("newcomer");
        Assert.Equal(HttpStatusCode.Forbidden, status);
        Assert.Equal("chip_class_refused", body.GetProperty("error").GetProperty("code").GetString());
        Assert.Contains("members-only", body.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await ChatAsync("old")).Status);
        await _cloud.MustAsync("policy", "remove", "members-only");
        Assert.Equal(HttpStatusCode.OK, (await ChatAsync("newcomer")).Status);
        await RunningCloud.UntilAsync("the refusals on record", async () =>
            (await _cloud.JsonAsync("audit")).EnumerateArray().Count(line => line.GetProperty("what").GetString() == "refused by rule") == 2);
    }

    [Fact]
    public async Task A_file_of_rules_with_one_mistake_is_refused_with_its_place_and_nothing_of_it_is_applied()
    {
        var file = Path.Combine(_cloud.Folder, "rules.yaml");
        await File.WriteAllTextAsync(file, "name: fine\neffect: allow\n---\nname: wrong\neffect: refuse\nmessage: x\nwhen:\n  unit: { taste: sweet }\n");
        (await _cloud.AmalgamAsync("policy", "add", file)).RefusedWith("rules.yaml, line 8: when.unit.taste: no unit has a fact of this name");
        Assert.Equal(0, (await _cloud.JsonAsync("policy", "list")).GetArrayLength());
        (await _cloud.AmalgamAsync("policy", "add", file + ".not")).RefusedWith("cannot be read");
        (await _cloud.AmalgamAsync("contract", "add", "old", "--class", "h100", "--devices", "1", "--to", "someday")).RefusedWith("--to wants a date", 2);
        (await _cloud.AmalgamAsync("stock", "receive", "abacus", "1")).RefusedWith("'abacus'");

        (await _cloud.AmalgamAsync("stock", "forecast", "--growth", "much")).RefusedWith("growth wants");
        Assert.Contains("seed 3", await _cloud.MustAsync("stock", "forecast", "--seed", "3", "--months", "6"), StringComparison.Ordinal);
    }

    /// <summary>Over HTTP: a process takes long enough to be late for its own date.</summary>
    private async Task<JsonElement> SignAsync(DateTimeOffset from)
    {
        using var client = _cloud.Client();
        var body = $$$"""{"unit":"old","chipClass":"h100","devices":8,"from":"{{{from:O}}}","to":"2060-01-01T00:00:00Z","pricePerDeviceHour":"2.50","serviceLevel":{"deliveredPercent":99,"creditPercent":200}}""";
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await client.PostAsync("/api/v1/contracts", content);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
    }

    private async Task PolicyAsync(string text)
    {
        var file = Path.Combine(_cloud.Folder, "rule.yaml");
        await File.WriteAllTextAsync(file, text);
        await _cloud.MustAsync("policy", "add", file);
    }

    private async Task<(HttpStatusCode Status, JsonElement Body)> ChatAsync(string unit)
    {
        var key = (await _cloud.MustAsync("key", "create", "--unit", unit)).Trim();
        using var client = _cloud.Client(key);
        using var content = new StringContent("""{"model":"demo","max_tokens":4,"messages":[{"role":"user","content":"What is 17 + 25?"}]}""", Encoding.UTF8, "application/json");
        using var answer = await client.PostAsync("/v1/chat/completions", content);
        return (answer.StatusCode, JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement);
    }

    private Task RunsAsync(string workload) =>
        RunningCloud.UntilAsync($"{workload} to run", async () => (await _cloud.GetAsync($"/api/v1/workloads/{workload}")).GetProperty("phase").GetString() == "running");

    private async Task<JsonElement> ContractAsync() => (await _cloud.GetAsync("/api/v1/contracts?id=c1"))[0];

    private static string Id(JsonElement workload) => workload.GetProperty("id").GetString()!;
}
