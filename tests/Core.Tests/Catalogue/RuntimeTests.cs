using Amalgam.Catalogue;
using Amalgam.Catalogue.Detecting;
using Amalgam.Catalogue.Diagnosis;
using Amalgam.Catalogue.Probing;
using Xunit;

namespace Core.Tests.Catalogue;

public class RuntimeTests
{
    private static readonly ChipCatalogue Chips = ChipCatalogue.Load();
    private static readonly RuntimeCatalogue Runtimes = RuntimeCatalogue.Load();

    [Fact]
    public void The_runtimes_of_the_field_are_there() => Assert.Equal(
        ["amalgam", "llama-server", "mindie", "ollama", "sglang", "vllm", "vllm-ascend"],
        Runtimes.Runtimes.Select(runtime => runtime.Id));

    [Fact]
    public async Task The_built_in_runtime_is_always_usable_on_the_processor()
    {
        var found = await Observe(new RecordedProbe(), "cpu", "cpu-scalar");

        var own = found["amalgam"];
        Assert.True(own.Found);
        Assert.Equal(["cpu", "cpu-scalar"], own.UsableOn);
        Assert.NotEmpty(own.Version!);
    }

    [Theory]
    [InlineData("llama-server", "", "version: 5640 (2e89f76b)\nbuilt with cc (Debian 14.2.0-19) 14.2.0 for x86_64-linux-gnu", "llama-server", "5640")]
    [InlineData("llama-server", "version: b4719 (d7b31a9d)", "", "llama-server", "b4719")]
    [InlineData("ollama", "Warning: could not connect to a running Ollama instance\nWarning: client version is 0.6.2\n", "", "ollama", "0.6.2")]
    [InlineData("ollama", "ollama version is 0.13.1\n", "", "ollama", "0.13.1")]
    public async Task A_program_on_the_path_tells_its_version(string program, string output, string error, string id, string version)
    {
        var found = await Observe(new RecordedProbe().Answers(program, _ => new CommandResult(0, output, error)), "cpu");

        Assert.Equal(version.TrimStart('b'), found[id].Version);
        Assert.Equal(["cpu"], found[id].UsableOn);
        Assert.Null(found[id].Action);
    }

    [Fact]
    public async Task A_native_runtime_is_not_offered_where_vector_instructions_are_switched_off()
    {
        var probe = new RecordedProbe().Answers("llama-server", _ => new CommandResult(0, "version: 5640 (2e89f76b)", ""));

        var found = await Observe(probe, "cpu", "cpu-scalar");

        Assert.Equal(["cpu"], found["llama-server"].UsableOn);
    }

    [Fact]
    public async Task A_python_server_is_asked_through_the_interpreter_of_its_script()
    {
        var probe = new RecordedProbe()
            .With("/recorded/bin/vllm", "#!/opt/venv/bin/python3\nimport sys\n")
            .Answers("vllm", _ => throw new InvalidOperationException("vllm itself takes too long"))
            .Answers("python3", command => Package(command, ("vllm", "0.11.0")));

        var found = await Observe(probe, "nvidia-h100-80gb", "cpu");

        Assert.StartsWith("/opt/venv/bin/python3 -c import importlib.metadata", probe.Ran[0], StringComparison.Ordinal);
        Assert.Equal("0.11.0", found["vllm"].Version);
        Assert.Equal(["nvidia-h100-80gb", "cpu"], found["vllm"].UsableOn);
        Assert.False(found["vllm-ascend"].Usable);
        Assert.Contains("did not tell its version: importlib.metadata.PackageNotFoundError", found["vllm-ascend"].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_version_too_old_for_a_chip_is_said_to_be_too_old()
    {
        var probe = new RecordedProbe().Answers("vllm", _ => throw new InvalidOperationException())
            .Answers("python3", command => Package(command, ("vllm", "0.8.2")));

        var found = await Observe(probe, "nvidia-b200", "nvidia-h100-80gb");

        Assert.Equal(["nvidia-h100-80gb"], found["vllm"].UsableOn);
        Assert.Equal("vLLM 0.8.2 is older than 0.8.3, the first that runs on NVIDIA B200 SXM 180 GB", found["vllm"].Reason);
        Assert.Equal("update vLLM", found["vllm"].Action);
    }

    [Fact]
    public async Task What_is_absent_is_said_to_be_absent_and_asks_for_nothing()
    {
        var found = await Observe(new RecordedProbe(), "cpu");

        Assert.Equal("llama-server is not on the PATH", found["llama-server"].Reason);
        Assert.Null(found["llama-server"].Action);
    }

    [Fact]
    public async Task A_runtime_for_other_chips_is_found_and_not_usable()
    {
        var found = await Observe(new RecordedProbe().Prints("mindieservice_daemon", "efsmi-s60.txt"), "cpu");

        Assert.True(found["mindie"].Found);
        Assert.Equal("Huawei MindIE works on none of the chips of this machine", found["mindie"].Reason);
    }

    [Theory]
    [InlineData("amalgam", "gguf", "qwen2", null)]
    [InlineData("amalgam", "safetensors", "qwen2", "Amalgam CPU runtime takes gguf files, not safetensors")]
    [InlineData("amalgam", "gguf", "mamba", "does not know the architecture \"mamba\"; it knows llama, qwen2, qwen3")]
    [InlineData("llama-server", "gguf", "mamba", null)]
    [InlineData("vllm", "safetensors", null, null)]
    public void A_runtime_says_which_models_it_takes(string id, string format, string? architecture, string? why)
    {
        var answer = RuntimeMatch.WhyNotModel(Runtimes.Find(id)!, format, architecture);

        Assert.Equal(why is null, answer is null);
        Assert.Contains(why ?? "", answer ?? "", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0.6.0", "0.10.0", -1)]
    [InlineData("0.11.0rc2", "0.11.0", -1)]
    [InlineData("0.11.0rc1", "0.11.0rc2", -1)]
    [InlineData("v2.4", "2.4.0", 0)]
    [InlineData("b5640", "3000", 1)]
    [InlineData("24.1.rc3.7", "24.1", -1)]
    [InlineData("0.9.1+cu128", "0.9.1", 0)]
    [InlineData("", "0.1", -1)]
    public void Versions_are_compared_number_by_number(string left, string right, int order)
    {
        Assert.Equal(order, Math.Sign(VersionText.Compare(left, right)));
        Assert.Equal(-order, Math.Sign(VersionText.Compare(right, left)));
    }

    private static CommandResult Package(IReadOnlyList<string> command, (string Name, string Version) package) =>
        command[^1].Contains($"'{package.Name}'", StringComparison.Ordinal)
            ? new CommandResult(0, $"{package.Name} {package.Version}\n", "")
            : new CommandResult(1, "", "importlib.metadata.PackageNotFoundError: No package metadata was found");

    private static async Task<Dictionary<string, RuntimeObservation>> Observe(RecordedProbe probe, params string[] classes)
    {
        var devices = classes.Select((chip, index) => new DeviceObservation { Class = chip, Vendor = "", Index = index, Name = "", MemoryMiB = 1 }).ToList();
        var found = await RuntimeDetection.RunAsync(probe, Runtimes, Chips, devices);
        return found.ToDictionary(runtime => runtime.Id);
    }
}
