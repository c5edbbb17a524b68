using Xunit;
using System.ClientModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using OpenAI;
using OpenAI.Chat;

namespace Amalgam.SystemTests.Cloud;

/// <summary>What a stranger does in the first five minutes.</summary>
public sealed class FirstCloudTests : IAsyncLifetime
{
    private RunningCloud _cloud = null!;

    public async Task InitializeAsync() => _cloud = await RunningCloud.StartNewAsync();

    public async Task DisposeAsync() => await _cloud.DisposeAsync();

    [Fact]
    public async Task The_demo_model_answers_through_the_cli_the_official_client_and_the_curl_line_of_the_banner()
    {
        Assert.Contains("demo is ready", await _cloud.MustAsync("serve", "demo"), StringComparison.Ordinal);
        Assert.Contains("42", await _cloud.MustAsync("chat", "demo", "--message", "What is 17 + 25?"), StringComparison.Ordinal);

        var client = new ChatClient("demo", new ApiKeyCredential(_cloud.Key), new OpenAIClientOptions { Endpoint = new Uri(_cloud.Url + "/v1") });
        var answer = await client.CompleteChatAsync([new UserChatMessage("What is 17 + 25?")], new ChatCompletionOptions { Temperature = 0 });
        Assert.Contains("42", answer.Value.Content[0].Text, StringComparison.Ordinal);
        Assert.True(answer.Value.Usage.OutputTokenCount > 0);

        var curl = _cloud.Output[_cloud.Output.IndexOf("curl ", StringComparison.Ordinal).._cloud.Output.IndexOf("Ctrl-C", StringComparison.Ordinal)];
        using var shell = Process.Start(new ProcessStartInfo("sh", ["-c", curl.Trim()]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Assert.Contains("42", await shell.StandardOutput.ReadToEndAsync(), StringComparison.Ordinal);
        await shell.WaitForExitAsync();
        Assert.Equal(0, shell.ExitCode);
    }

    [Fact]
    public async Task A_job_runs_on_exactly_its_devices_and_gives_back_output_and_exit_code()
    {
        var run = await _cloud.AmalgamAsync("run", "--chips", "cpu-scalar", "--wait", "--env", "GREETING=salut", "--", "sh", "-c", "echo $GREETING $AMALGAM_CHIP_CLASS $AMALGAM_DEVICES; taskset -cp $$ >&2; exit 7");
        Assert.Equal(7, run.ExitCode);
        var words = run.Output.Trim().Split(' ');
        Assert.Equal(["salut", "cpu-scalar"], words[..2]);
        Assert.Contains($": {words[2]}\n", run.Error, StringComparison.Ordinal);

        var listed = JsonDocument.Parse(await _cloud.MustAsync("ps", "--all", "--json")).RootElement[0];
        Assert.Equal(("failed", 7), (listed.GetProperty("result").GetString(), listed.GetProperty("exitCode").GetInt32()));
        Assert.Contains("salut", await _cloud.MustAsync("logs", listed.GetProperty("id").GetString()!), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_used_is_on_the_bill_within_a_second_and_to_the_nano_unit()
    {
        await _cloud.MustAsync("serve", "demo", "--chips", "cpu");
        var key = (await _cloud.MustAsync("key", "create", "--unit", "default")).Trim();
        using var client = _cloud.Client(key);
        using var answer = await client.PostAsync("/v1/chat/completions", new StringContent("""{"model":"demo","messages":[{"role":"user","content":"What is 3 + 4?"}]}"""));
        var usage = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("usage");
        await Task.Delay(1000);

        var bill = JsonDocument.Parse(await _cloud.MustAsync("bill", "--json")).RootElement;
        var lines = bill.GetProperty("lines").EnumerateArray().ToDictionary(line => line.GetProperty("meter").GetString()!);
        Assert.All(lines.Values, line => Assert.Equal("default", line.GetProperty("unit").GetString()));
        Assert.Equal(usage.GetProperty("prompt_tokens").GetInt64() * 0.1m / 1_000_000, Amount(lines["input-tokens"]));
        Assert.Equal(usage.GetProperty("completion_tokens").GetInt64() * 0.4m / 1_000_000, Amount(lines["output-tokens"]));
        var device = lines["device-hours"];
        var seconds = (device.GetProperty("last").GetDateTimeOffset() - device.GetProperty("first").GetDateTimeOffset()).TotalMilliseconds;
        Assert.Equal(Math.Floor((decimal)seconds * 40_000_000 / 3_600_000), Amount(device) * 1_000_000_000);
        Assert.True(DateTimeOffset.UtcNow - device.GetProperty("last").GetDateTimeOffset() < TimeSpan.FromSeconds(5), "the device line is not up to the moment");
        Assert.Equal(lines.Values.Sum(Amount), decimal.Parse(bill.GetProperty("total").GetString()!, CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task Every_listing_verb_answers_for_people_and_as_one_json_document()
    {
        await _cloud.MustAsync("serve", "demo");
        foreach (var verb in (string[][])[["chips"], ["ps"], ["unit", "tree"], ["key", "list"], ["price", "list"], ["bill"], ["status"], ["audit"], ["doctor"], ["explain", "demo"], ["quote", "run", "--", "true"], ["quote", "serve", "demo", "--name", "other"]])
        {
            Assert.NotEmpty(await _cloud.MustAsync(verb));
            var split = Array.IndexOf(verb, "--") is >= 0 and var at ? at : verb.Length;
            JsonDocument.Parse(await _cloud.MustAsync([.. verb[..split], "--json", .. verb[split..]])).Dispose();
        }
    }

    [Fact]
    public async Task A_request_over_plain_HTTP_may_leave_out_all_that_has_a_default()
    {
        using var client = _cloud.Client();
        using var service = await client.PostAsync("/api/v1/services", new StringContent("""{"model":"demo"}"""));
        Assert.True(service.IsSuccessStatusCode, await service.Content.ReadAsStringAsync());
        using var job = await client.PostAsync("/api/v1/jobs", new StringContent("""{"command":["true"]}"""));
        Assert.True(job.IsSuccessStatusCode, await job.Content.ReadAsStringAsync());
        using var key = await client.PostAsync("/api/v1/keys", new StringContent("{}"));
        Assert.Contains("developer", await key.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private static decimal Amount(JsonElement line) => decimal.Parse(line.GetProperty("amount").GetString()!, CultureInfo.InvariantCulture);
}
