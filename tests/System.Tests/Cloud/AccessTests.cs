using System.Net;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Amalgam.SystemTests.Cloud;

/// <summary>A key sees and steers its unit's subtree and nothing else: every endpoint that the cloud describes is asked with the wrong key.</summary>
public sealed class AccessTests : IAsyncLifetime
{
    private RunningCloud _cloud = null!;
    private string _strangerKey = "";
    private string _auditorKey = "";
    private string _jobId = "";

    public async Task InitializeAsync()
    {
        _cloud = await RunningCloud.StartNewAsync();
        await _cloud.MustAsync("unit", "add", "lab", "--under", "root");
        await _cloud.MustAsync("unit", "add", "stranger", "--under", "root");
        _strangerKey = (await _cloud.MustAsync("key", "create", "--unit", "stranger", "--role", "owner")).Trim();
        _auditorKey = (await _cloud.MustAsync("key", "create", "--unit", "lab", "--role", "auditor")).Trim();
        await _cloud.MustAsync("serve", "demo", "--unit", "lab", "--name", "secret-model", "--chips", "cpu");
        _jobId = JsonDocument.Parse(await _cloud.MustAsync("run", "--unit", "lab", "--name", "secret-job", "--json", "--chips", "cpu-scalar", "--", "sh", "-c", "echo secret-output; sleep 300")).RootElement.GetProperty("id").GetString()!;
        await RunningCloud.UntilAsync("the job's output", async () => (await _cloud.MustAsync("logs", _jobId)).Contains("secret-output", StringComparison.Ordinal));
    }

    public async Task DisposeAsync() => await _cloud.DisposeAsync();

    /// <summary>What each described operation is asked with; a new endpoint without a line here fails the test.</summary>
    private static Dictionary<string, string?> Bodies => new(StringComparer.Ordinal)
    {
        ["POST /api/v1/jobs"] = """{"unit":"lab","command":["true"]}""",
        ["POST /api/v1/services"] = """{"unit":"lab","model":"demo","name":"mine"}""",
        ["GET /api/v1/workloads"] = null,
        ["GET /api/v1/workloads/{id}"] = null,
        ["GET /api/v1/workloads/{id}/wait"] = null,
        ["POST /api/v1/workloads/{id}/stop"] = "",
        ["GET /api/v1/workloads/{id}/explain"] = null,
        ["GET /api/v1/workloads/{id}/logs"] = null,
        ["GET /api/v1/leases"] = null,
        ["POST /api/v1/quote/job"] = """{"unit":"lab","command":["true"]}""",
        ["POST /api/v1/quote/service"] = """{"unit":"lab","model":"demo","name":"mine"}""",
        ["POST /api/v1/models/fetch"] = """{"model":"secret-model"}""",
        ["POST /api/v1/bench"] = """{"model":"secret-model"}""",
        ["GET /api/v1/whoami"] = null,
        ["GET /api/v1/units"] = null,
        ["POST /api/v1/units"] = """{"name":"intruder","parent":"lab"}""",
        ["PATCH /api/v1/units/{name}"] = """{"weight":9}""",
        ["POST /api/v1/units/{name}/move"] = """{"parent":"stranger"}""",
        ["DELETE /api/v1/units/{name}"] = null,
        ["GET /api/v1/keys"] = null,
        ["POST /api/v1/keys"] = """{"unit":"lab","role":"developer"}""",
        ["POST /api/v1/keys/{id}/revoke"] = "",
        ["GET /api/v1/bill"] = null,
        ["GET /api/v1/prices"] = null,
        ["POST /api/v1/prices"] = """{"subject":"cpu","perDeviceHour":"0"}""",
        ["GET /api/v1/chips"] = null,
        ["GET /api/v1/nodes"] = null,
        ["GET /api/v1/holdings"] = null,
        ["GET /api/v1/queue"] = null,
        ["GET /api/v1/changes"] = null,
        ["GET /api/v1/status"] = null,
        ["GET /api/v1/audit"] = null,
        ["GET /api/v1/contracts"] = null,
        ["POST /api/v1/contracts"] = """{"unit":"lab","chipClass":"cpu","devices":1,"to":"2099-01-01T00:00:00Z"}""",
        ["POST /api/v1/contracts/{id}/end"] = """{"why":"mischief"}""",
        ["GET /api/v1/stock"] = null,
        ["GET /api/v1/contracts/risk"] = null,
        ["GET /api/v1/stock/forecast"] = null,
        ["GET /api/v1/policies"] = null,
        ["POST /api/v1/policies"] = """{"file":"x.yaml","text":"name: x"}""",
        ["DELETE /api/v1/policies/{name}"] = null,
        ["GET /api/v1/policies/test"] = null,
        ["POST /api/v1/stock/receive"] = """{"chipClass":"cpu","devices":1}""",
        ["POST /api/v1/stock/move"] = """{"chipClass":"cpu","devices":1,"from":"in-service","to":"failed"}""",
        ["GET /v1/organization/usage/completions"] = null,
        ["GET /v1/organization/costs"] = null,
        ["GET /api/v1/bill/lines/{id}"] = null,
        ["GET /api/v1/bill/focus"] = null,
        ["GET /api/v1/bill/pool"] = null,
        ["POST /api/v1/price-changes/preview"] = """{"class":"cpu","by":"+40%","from":"2099-01-01T00:00:00Z"}""",
        ["POST /api/v1/price-changes"] = """{"class":"cpu","by":"+40%","from":"2099-01-01T00:00:00Z"}""",
        ["POST /api/v1/prices/{version}/undo"] = "",
        ["GET /api/v1/commitments"] = null,
        ["POST /api/v1/commitments/{id}/end"] = """{"from":"2099-02","why":"mischief"}""",
        ["POST /api/v1/commitments"] = """{"unit":"lab","chipClass":"cpu","deviceHours":1,"perDeviceHour":"1","from":"2099-01","to":"2099-03"}""",
        ["GET /api/v1/invoices"] = null,
        ["POST /api/v1/invoices"] = """{"month":"2026-01"}""",
        ["GET /api/v1/invoices/{number}"] = null,
        ["POST /api/v1/invoices/{number}/credits"] = """{"why":"mischief"}""",
        ["GET /api/v1/idle-policy"] = null,
        ["POST /api/v1/idle-policy"] = """{"policy":"house","from":"2099-01-01"}""",
        ["GET /api/v1/units/{name}/move"] = null,
        ["GET /api/v1/moves"] = null,
        ["GET /api/v1/budgets"] = null,
        ["POST /api/v1/budgets"] = """{"unit":"lab","amount":"1","per":"month"}""",
        ["DELETE /api/v1/budgets/{id}"] = null,
    };

    /// <summary>What asks for a thing that is not there, for more words, or for a key of the root: anything but a defect is an answer.</summary>
    private static readonly HashSet<string> AnswersDepend = ["/api/v1/bill/lines/{id}", "/api/v1/bill/pool", "/api/v1/invoices/{number}", "/api/v1/units/{name}/move", "/v1/organization/usage/completions", "/v1/organization/costs"];

    [Fact]
    public async Task A_stranger_neither_sees_nor_changes_anything_through_any_described_endpoint()
    {
        var before = await FingerprintAsync();
        foreach (var (method, path) in await DescribedAsync())
        {
            var (status, body) = await AskAsync(_strangerKey, method, path);
            Assert.False(body.Contains("secret-job", StringComparison.Ordinal) || body.Contains("secret-output", StringComparison.Ordinal) || body.Contains("\"lab\"", StringComparison.Ordinal), $"{method} {path} shows: {body}");
            if (method != "GET" || path.Contains('{', StringComparison.Ordinal))
            {
                Assert.True((int)status is >= 400 and < 500, $"{method} {path} answered {status}: {body}");
            }
        }

        Assert.Equal(before, await FingerprintAsync());
    }

    [Fact]
    public async Task Without_a_key_or_with_a_revoked_one_every_endpoint_but_health_is_closed()
    {
        var revoked = JsonDocument.Parse(await _cloud.MustAsync("key", "create", "--json")).RootElement;
        await _cloud.MustAsync("key", "revoke", revoked.GetProperty("key").GetProperty("id").GetString()!);
        foreach (var key in (string[])["", "amk_wrong", revoked.GetProperty("secret").GetString()!])
        {
            foreach (var (method, path) in (IEnumerable<(string, string)>)[.. await DescribedAsync(), ("GET", "/metrics"), ("GET", "/openapi/v1.json"), ("GET", "/v1/models"), ("GET", "/api/v1/nothing")])
            {
                var (status, body) = await AskAsync(key, method, path);
                Assert.True(status == HttpStatusCode.Unauthorized, $"{method} {path} with key '{key}' answered {status}: {body}");
            }
        }

        using var open = new HttpClient { BaseAddress = new Uri(_cloud.Url) };
        Assert.Equal("ready\n", await open.GetStringAsync("/health/ready"));
        Assert.Equal("live\n", await open.GetStringAsync("/health/live"));
    }

    [Fact]
    public async Task A_stranger_does_not_see_the_model_and_gets_the_same_answer_as_for_one_that_does_not_exist()
    {
        using var client = _cloud.Client(_strangerKey);
        Assert.DoesNotContain("secret-model", await client.GetStringAsync("/v1/models"), StringComparison.Ordinal);
        var hidden = await ChatAsync(client, "secret-model");
        var absent = await ChatAsync(client, "absent-model");
        Assert.Equal(HttpStatusCode.NotFound, hidden.Status);
        Assert.Equal(absent.Body.Replace("absent-model", "secret-model", StringComparison.Ordinal), hidden.Body);
    }

    [Fact]
    public async Task An_auditor_reads_its_subtree_and_changes_or_uses_nothing()
    {
        var before = await FingerprintAsync();
        foreach (var (method, path) in await DescribedAsync())
        {
            var (status, body) = await AskAsync(_auditorKey, method, path);
            if (method == "GET" && !path.Contains("/wait", StringComparison.Ordinal))
            {
                Assert.True(status == HttpStatusCode.OK || (AnswersDepend.Contains(path) && (int)status < 500), $"{method} {path} answered {status}: {body}");
            }
            else if (method != "GET" && !path.Contains("/quote/", StringComparison.Ordinal))
            {
                Assert.True((int)status is >= 400 and < 500, $"{method} {path} answered {status}: {body}");
            }
        }

        Assert.Equal(before, await FingerprintAsync());
        using var client = _cloud.Client(_auditorKey);
        Assert.Equal(HttpStatusCode.Forbidden, (await ChatAsync(client, "secret-model")).Status);
    }

    [Fact]
    public async Task The_audit_names_who_did_what_when_and_from_where_also_after_a_restart()
    {
        async Task<JsonElement> SubmittedAsync() => JsonDocument.Parse(await _cloud.MustAsync("audit", "--json", "--limit", "1000")).RootElement.EnumerateArray()
            .Single(line => line.GetProperty("what").GetString() == "submitted" && line.GetProperty("subject").GetString() == _jobId);
        var before = await SubmittedAsync();
        Assert.Equal("k1 (admin)", before.GetProperty("who").GetString());
        Assert.Equal("127.0.0.1", before.GetProperty("from").GetString());
        await _cloud.KillAsync();
        await _cloud.StartAsync();
        Assert.Equal(before.ToString(), (await SubmittedAsync()).ToString());
    }

    [Fact]
    public async Task The_audit_says_in_words_what_the_loops_did()
    {
        var lines = JsonDocument.Parse(await _cloud.MustAsync("audit", "--loops", "--json", "--limit", "1000")).RootElement.EnumerateArray().Select(line => line.GetProperty("what").GetString()!).ToHashSet();
        Assert.Superset(new HashSet<string> { "nodes seen", "classes rated", "planned", "lease started" }, lines);
        Assert.DoesNotContain(lines, what => what.Any(char.IsUpper));
    }

    [Fact]
    public async Task Roles_are_steps_and_nobody_makes_a_key_above_his_own()
    {
        var developer = (await _cloud.MustAsync("key", "create", "--unit", "lab", "--role", "developer")).Trim();
        var operatorKey = (await _cloud.MustAsync("key", "create", "--unit", "lab", "--role", "operator")).Trim();
        (await _cloud.RunAsync(["stop", "secret-job"], developer, null)).RefusedWith("operator");
        (await _cloud.RunAsync(["key", "create"], developer, null)).RefusedWith("operator");
        (await _cloud.RunAsync(["key", "create", "--role", "owner"], operatorKey, null)).RefusedWith("cannot make");
        (await _cloud.RunAsync(["unit", "set", "lab", "--weight", "5"], operatorKey, null)).RefusedWith("owner");
        (await _cloud.RunAsync(["unit", "set", "stranger", "--weight", "5"], _strangerKey, null)).RefusedWith("decided above it");
        Assert.Equal(0, (await _cloud.RunAsync(["run", "--chips", "cpu", "--", "true"], developer, null)).ExitCode);
        Assert.Equal(0, (await _cloud.RunAsync(["stop", "secret-job"], operatorKey, null)).ExitCode);
    }

    [Fact]
    public async Task No_secret_is_in_the_log_the_journal_or_a_process_list()
    {
        using var client = _cloud.Client(_strangerKey);
        await ChatAsync(client, "absent-model");
        Assert.DoesNotContain(_strangerKey, _cloud.Output, StringComparison.Ordinal);
        Assert.Equal(1, _cloud.Output.Split(_cloud.Key).Length - 1);
        foreach (var file in Directory.EnumerateFiles(_cloud.Data, "journal.db*"))
        {
            var bytes = Encoding.Latin1.GetString(await ReadSharedAsync(file));
            Assert.All([_strangerKey, _auditorKey, _cloud.Key], key => Assert.DoesNotContain(key, bytes, StringComparison.Ordinal));
        }

        var commandLines = Directory.EnumerateDirectories("/proc").Where(folder => int.TryParse(Path.GetFileName(folder), out _)).Select(folder => CommandLine(folder)).ToList();
        Assert.Contains(commandLines, line => line.Contains("runtime", StringComparison.Ordinal) && line.Contains("secret-model", StringComparison.Ordinal));
        Assert.DoesNotContain(commandLines, line => line.Contains(_cloud.Key, StringComparison.Ordinal));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_cloud.Data, "admin.key")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_cloud.Folder, "config", "amalgam", "credentials.json")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_cloud.Data));
    }

    private async Task<List<(string Method, string Path)>> DescribedAsync()
    {
        using var client = _cloud.Client();
        var paths = JsonDocument.Parse(await client.GetStringAsync("/openapi/v1.json")).RootElement.GetProperty("paths");
        var described = paths.EnumerateObject().SelectMany(path => path.Value.EnumerateObject().Select(operation => (operation.Name.ToUpperInvariant(), path.Name))).ToList();
        Assert.Equal(Bodies.Keys.Order(StringComparer.Ordinal), described.Select(item => $"{item.Item1} {item.Name}").Order(StringComparer.Ordinal));
        return described;
    }

    private async Task<(HttpStatusCode Status, string Body)> AskAsync(string key, string method, string path)
    {
        using var client = _cloud.Client(key);
        if (key.Length == 0)
        {
            client.DefaultRequestHeaders.Authorization = null;
        }

        var filled = path.Replace("/keys/{id}", "/keys/k1", StringComparison.Ordinal).Replace("{id}", _jobId, StringComparison.Ordinal).Replace("{name}", "lab", StringComparison.Ordinal)
            .Replace("{number}", "1", StringComparison.Ordinal).Replace("{version}", "1", StringComparison.Ordinal);
        using var request = new HttpRequestMessage(new HttpMethod(method), filled.EndsWith("/wait", StringComparison.Ordinal) ? filled + "?timeoutSeconds=0" : filled);
        if (Bodies.GetValueOrDefault($"{method} {path}") is { } body)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        using var answer = await client.SendAsync(request);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static async Task<(HttpStatusCode Status, string Body)> ChatAsync(HttpClient client, string model)
    {
        using var answer = await client.PostAsync("/v1/chat/completions", new StringContent($$"""{"model":"{{model}}","messages":[{"role":"user","content":"hi"}]}"""));
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>What must not have changed: units, keys, prices, and what the admin sees running.</summary>
    private async Task<string> FingerprintAsync()
    {
        var workloads = JsonDocument.Parse(await _cloud.MustAsync("ps", "--all", "--json")).RootElement.EnumerateArray().Select(workload => $"{workload.GetProperty("name")} {workload.GetProperty("phase")}");
        var units = JsonDocument.Parse(await _cloud.MustAsync("unit", "tree", "--json")).RootElement.EnumerateArray().Select(unit => $"{unit.GetProperty("path")} {unit.GetProperty("weight")}");
        return string.Join('\n', workloads.Concat(units).Append(await _cloud.MustAsync("key", "list", "--json")).Append(await _cloud.MustAsync("price", "list", "--json"))
            .Append(await _cloud.MustAsync("budget", "list", "--json")).Append(await _cloud.MustAsync("contract", "list", "--json")).Append(await _cloud.MustAsync("invoice", "list", "--json")));
    }

    private static async Task<byte[]> ReadSharedAsync(string file)
    {
        await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[stream.Length];
        await stream.ReadExactlyAsync(bytes);
        return bytes;
    }

    private static string CommandLine(string folder)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, "cmdline"));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
