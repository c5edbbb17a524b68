using System.Text.Json;
using Amalgam.SystemTests.Cloud;
using Xunit;

namespace Amalgam.SystemTests.Runtimes;

/// <summary>The same model file behind the same gateway on two runtimes: ours and a real llama-server.</summary>
public sealed class LlamaServerInTheCloudTests
{
    [LlamaServerFact]
    public async Task One_file_answers_alike_through_the_gateway_on_both_runtimes_and_both_are_billed()
    {
        await using var cloud = RunningCloud.NotStarted();
        cloud.Chips = "cpu:2";
        cloud.Variables["PATH"] = $"{LlamaServerFactAttribute.Folder}:{Environment.GetEnvironmentVariable("PATH")}";
        await cloud.StartAsync();
        await cloud.MustAsync("serve", "demo", "--name", "ours", "--chips", "cpu");
        await cloud.MustAsync("serve", "demo", "--name", "theirs", "--chips", "cpu", "--runtime", "llama-server");
        foreach (var question in (string[])["What is 17 + 25?", "What is 9 - 4?"])
        {
            var ours = await cloud.MustAsync("chat", "ours", "--temperature", "0", "--message", question);
            Assert.Equal(ours, await cloud.MustAsync("chat", "theirs", "--temperature", "0", "--message", question));
        }

        var lines = JsonDocument.Parse(await cloud.MustAsync("bill", "--json")).RootElement.GetProperty("lines").EnumerateArray().ToList();
        foreach (var name in (string[])["ours", "theirs"])
        {
            Assert.True(lines.Single(line => line.GetProperty("item").GetString() == name && line.GetProperty("meter").GetString() == "output-tokens").GetProperty("quantity").GetDecimal() > 0);
        }
    }
}
