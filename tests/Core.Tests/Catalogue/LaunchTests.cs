using System.Text.Json;
using Amalgam.Catalogue;
using Amalgam.Catalogue.Launching;
using Xunit;

namespace Core.Tests.Catalogue;

public class LaunchTests
{
    private static readonly RuntimeCatalogue Runtimes = RuntimeCatalogue.Load();
    private static readonly LaunchValues Values = new()
    {
        Program = "/usr/bin/it",
        Model = "/models/a b.gguf",
        Name = "demo",
        Port = "4711",
        ContextTokens = 2048,
        Slots = 4,
        Threads = 2,
        Devices = 2,
        DeviceIndexes = "4,5",
        Folder = "/run/r1",
    };

    [Fact]
    public void The_llama_server_gets_the_context_of_all_sequences_together() => Assert.Equal(
        ["/usr/bin/it", "--model", "/models/a b.gguf", "--alias", "demo", "--host", "127.0.0.1", "--port", "4711",
            "--ctx-size", "8192", "--parallel", "4", "--threads", "2", "--n-gpu-layers", "999"],
        Command("llama-server", Values));

    [Fact]
    public void An_option_without_a_value_disappears_with_its_name() => Assert.Equal(
        ["/usr/bin/it", "runtime", "--model", "/models/a b.gguf", "--name", "demo", "--address", "127.0.0.1", "--port", "4711"],
        Command("amalgam", Values with { ContextTokens = null, Slots = null, Threads = null }));

    [Fact]
    public void Vllm_spreads_the_model_over_the_devices()
    {
        var command = Command("vllm", Values);

        Assert.Equal("2", command[command.ToList().IndexOf("--tensor-parallel-size") + 1]);
        Assert.Equal("2048", command[command.ToList().IndexOf("--max-model-len") + 1]);
    }

    [Fact]
    public void Mindie_gets_a_file_that_is_valid_json_whatever_the_path_holds()
    {
        var plan = LaunchText.Expand(Runtimes.Find("mindie")!.Launch, Values with { Model = "/models/the \"best\" one" });

        var file = Assert.Single(plan.Files);
        Assert.Equal("/run/r1/config.json", file.Path);
        Assert.Empty(plan.MissingValues);
        using var config = JsonDocument.Parse(file.Text);
        var backend = config.RootElement.GetProperty("BackendConfig");
        var model = backend.GetProperty("ModelDeployConfig").GetProperty("ModelConfig")[0];
        Assert.Equal(4711, config.RootElement.GetProperty("ServerConfig").GetProperty("port").GetInt32());
        Assert.Equal("/models/the \"best\" one", model.GetProperty("modelWeightPath").GetString());
        Assert.Equal("[[0, 1]]", backend.GetProperty("npuDeviceIds").GetRawText());
    }

    [Fact]
    public void A_file_that_lacks_a_value_says_which() => Assert.Equal(
        ["context", "slots"],
        LaunchText.Expand(Runtimes.Find("mindie")!.Launch, Values with { ContextTokens = null, Slots = null }).MissingValues);

    [Fact]
    public void Ollama_registers_the_file_once_it_answers()
    {
        var plan = LaunchText.Expand(Runtimes.Find("ollama")!.Launch, Values);

        Assert.Equal("127.0.0.1:4711", plan.Environment["OLLAMA_HOST"]);
        Assert.Equal("FROM /models/a b.gguf\n", Assert.Single(plan.Files).Text);
        Assert.Equal(["/usr/bin/it", "create", "demo", "-f", "/run/r1/Modelfile"], Assert.Single(plan.AfterReady));
    }

    [Fact]
    public void Every_runtime_can_be_launched_with_all_values()
    {
        foreach (var runtime in Runtimes.Runtimes)
        {
            var plan = LaunchText.Expand(runtime.Launch, Values);

            Assert.Equal("/usr/bin/it", plan.Command[0]);
            Assert.Empty(plan.MissingValues);
            Assert.DoesNotContain(plan.Command, part => part.Contains('{', StringComparison.Ordinal));
        }
    }

    private static IReadOnlyList<string> Command(string runtime, LaunchValues values) =>
        LaunchText.Expand(Runtimes.Find(runtime)!.Launch, values).Command;
}
