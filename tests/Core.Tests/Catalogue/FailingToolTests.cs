using Amalgam.Catalogue;
using Amalgam.Catalogue.Detecting;
using Amalgam.Catalogue.Probing;
using Amalgam.Catalogue.Processors;
using Xunit;

namespace Core.Tests.Catalogue;

public class FailingToolTests
{
    private static readonly HostFacts Host = new(1, 1L << 30, "x64", []);
    private static readonly ChipCatalogue Catalogue = ChipCatalogue.Load();

    [Theory]
    [InlineData("nvidia-smi", 9, "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.", "the kernel driver is not loaded")]
    [InlineData("nvidia-smi", 18, "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 550.127", "different driver versions")]
    [InlineData("nvidia-smi", 6, "No devices were found", "finds no device")]
    [InlineData("npu-smi", 255, "DrvMngGetConsoleLogLevel failed. (g_conLogLevel=3)\ndcmi model initialized failed, because the device is used. ret is -8020", "the driver cannot be initialised")]
    [InlineData("ppu-smi", 1, "[ALINPU WARNING]: Failed to open /dev/alixpu\ninit HGML error: driver is not loaded", "alixpu is not loaded")]
    [InlineData("rocm-smi", 1, "ERROR:root:Driver not initialized (amdgpu not found in modules)", "amdgpu kernel driver is not loaded")]
    [InlineData("cnmon", 126, "cnmon: permission denied", "this user may not use the device")]
    [InlineData("ixsmi", 127, "ixsmi: error while loading shared libraries: libixml.so: cannot open shared object file", "a library of the driver package is missing")]
    [InlineData("mthreads-gmi", 3, "something nobody has seen before", "it ended with code 3: something nobody has seen before")]
    public async Task A_tool_that_fails_becomes_a_finding_with_the_reason(string program, int exitCode, string said, string reason)
    {
        var report = await Detect(new RecordedProbe().Fails(program, exitCode, said));

        var finding = Assert.Single(report.Findings);
        Assert.Equal(FindingKind.ToolFailed, finding.Kind);
        Assert.Contains(program + " is there, but", finding.Text, StringComparison.Ordinal);
        Assert.Contains(reason, finding.Text, StringComparison.Ordinal);
        Assert.NotEmpty(finding.Action);
    }

    [Fact]
    public async Task A_tool_that_admits_its_failure_and_ends_with_code_0_has_failed_too()
    {
        var report = await Detect(new RecordedProbe().Answers("rocm-smi",
            _ => new CommandResult(0, "WARNING: No AMD GPUs found\n", "ERROR:root:Driver not initialized (amdgpu not found in modules)\n")));

        var finding = Assert.Single(report.Findings);
        Assert.Equal(FindingKind.ToolFailed, finding.Kind);
        Assert.Contains("the amdgpu kernel driver is not loaded", finding.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_chip_that_shows_under_another_vendors_tool_is_left_to_its_own_tool()
    {
        // Hygon's stack brings a rocm-smi beside its hy-smi.
        var report = await Detect(new RecordedProbe().Prints("rocm-smi", "hy-smi-k100ai.json").Prints("hy-smi", "hy-smi-k100ai.json"));

        Assert.Empty(report.Findings);
        Assert.Equal(2, report.Devices.Count(device => device.Class == "hygon-k100-ai"));
    }

    [Fact]
    public async Task A_tool_that_hangs_is_said_to_give_no_answer()
    {
        var report = await Detect(new RecordedProbe().Answers("cnmon", _ => new CommandResult(-1, "", "", TimedOut: true)));

        Assert.Contains("no answer within 5 s", Assert.Single(report.Findings).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Output_of_another_form_is_said_to_be_not_understood()
    {
        var report = await Detect(new RecordedProbe().Answers("cnmon", _ => new CommandResult(0, "CNMON v99 speaks XML now", "")));

        var finding = Assert.Single(report.Findings);
        Assert.Equal(FindingKind.OutputNotUnderstood, finding.Kind);
        Assert.Contains("CNMON v99 speaks XML now", finding.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Broken_json_is_said_to_be_not_understood()
    {
        var report = await Detect(new RecordedProbe().Answers("hy-smi", _ => new CommandResult(0, "{\"card0\": {", "")));

        Assert.Equal(FindingKind.OutputNotUnderstood, Assert.Single(report.Findings).Kind);
    }

    [Fact]
    public async Task A_chip_on_the_bus_without_its_tool_says_what_to_install()
    {
        var report = await Detect(new RecordedProbe().WithCard("0000:c1:00.0", "19e5", "120000", "d802"));

        var finding = Assert.Single(report.Findings);
        Assert.Equal(FindingKind.ToolMissing, finding.Kind);
        Assert.Contains("Huawei Ascend shows on the PCI bus at 0000:c1:00.0", finding.Text, StringComparison.Ordinal);
        Assert.StartsWith("install the Ascend driver", finding.Action, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_device_node_without_the_tool_says_what_to_install()
    {
        var report = await Detect(new RecordedProbe().With("/dev/davinci0", "").With("/dev/davinci_manager", ""));

        Assert.Contains("as /dev/davinci0", Assert.Single(report.Findings).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_network_card_of_a_chip_maker_is_no_chip()
    {
        var report = await Detect(new RecordedProbe().WithCard("0000:01:00.0", "19e5", "020000").WithCard("0000:02:00.0", "10de", "068000"));

        Assert.Empty(report.Findings);
    }

    [Fact]
    public async Task A_card_that_shows_on_the_bus_and_does_not_answer_is_missed()
    {
        var probe = new RecordedProbe().Prints("nvidia-smi", "nvidia-smi-h100x2.txt")
            .WithCard("0000:19:00.0", "10de", "030200")
            .WithCard("0000:3b:00.0", "10de", "030200")
            .WithCard("0000:4c:00.0", "10de", "030200");

        var finding = Assert.Single((await Detect(probe)).Findings);

        Assert.Equal(FindingKind.DevicesMissing, finding.Kind);
        Assert.Contains("1 of 3 chips of NVIDIA on the PCI bus did not answer: 0000:4c:00.0", finding.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_machine_without_any_tool_runs_nothing_and_has_its_processor()
    {
        var probe = new RecordedProbe();

        var report = await ChipDetection.RunAsync(probe, Catalogue, Host);

        Assert.Empty(probe.Ran);
        Assert.Empty(report.Findings);
        Assert.Equal("cpu", Assert.Single(report.Devices).Class);
    }

    private static Task<DetectionReport> Detect(RecordedProbe probe) => ChipDetection.RunAsync(probe, Catalogue, Host);
}
