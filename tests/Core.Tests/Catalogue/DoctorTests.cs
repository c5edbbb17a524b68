using System.Text.Json;
using Amalgam.Catalogue;
using Amalgam.Catalogue.Diagnosis;
using Xunit;

namespace Core.Tests.Catalogue;

public class DoctorTests
{
    private static readonly ChipCatalogue Chips = ChipCatalogue.Load();
    private static readonly RuntimeCatalogue Runtimes = RuntimeCatalogue.Load();

    [Fact]
    public async Task The_report_names_what_is_there_what_is_not_and_why()
    {
        var probe = new RecordedProbe()
            .Prints("nvidia-smi", "nvidia-smi-h100x2.txt")
            .Fails("hy-smi", 1, "hycu driver not loaded")
            .WithCard("0000:c1:00.0", "19e5", "120000")
            .With("/proc/self/status", "Cpus_allowed_list:\t0\n")
            .With("/proc/meminfo", "MemTotal: 1048576 kB\n")
            .With("/proc/cpuinfo", "model name : Contoso\n");

        var report = await Doctor.ExamineAsync(probe, Chips, Runtimes);
        var text = string.Join('\n', Doctor.Lines(report));

        Assert.Contains("ok    nvidia-h100-80gb: 2 x NVIDIA H100 SXM5 80 GB, 81,559 MiB each, driver 550.127.05", text, StringComparison.Ordinal);
        Assert.Contains("ok    cpu: 1 x Processor core, 921 MiB each", text, StringComparison.Ordinal);
        Assert.Contains("look  hygon: hy-smi is there, but the DCU driver is not loaded", text, StringComparison.Ordinal);
        Assert.Contains("look  huawei: a chip of Huawei Ascend shows on the PCI bus", text, StringComparison.Ordinal);
        Assert.Contains("do: install the Ascend driver", text, StringComparison.Ordinal);
        Assert.Contains("-     vLLM: vllm is not on the PATH", text, StringComparison.Ordinal);
        Assert.False(report.Healthy);
    }

    [Fact]
    public async Task A_machine_with_nothing_but_a_processor_is_healthy()
    {
        var report = await Doctor.ExamineAsync(new RecordedProbe(), Chips, Runtimes);

        Assert.True(report.Healthy);
        Assert.Equal(["cpu"], report.Chips.Select(chip => chip.Class));
    }

    [Fact]
    public async Task The_json_has_stable_names_with_units()
    {
        var report = await Doctor.ExamineAsync(new RecordedProbe().Prints("nvidia-smi", "nvidia-smi-mixed.txt"), Chips, Runtimes);

        using var json = JsonDocument.Parse(JsonSerializer.Serialize(report, CatalogueJson.Default.DoctorReport));

        var device = json.RootElement.GetProperty("devices")[0];
        Assert.Equal("nvidia-a100-80gb", device.GetProperty("class").GetString());
        Assert.Equal(81920, device.GetProperty("memoryMiB").GetInt32());
        Assert.Equal("535.104.05", device.GetProperty("driverVersion").GetString());
        Assert.Equal("8.0", device.GetProperty("details").GetProperty("computeCapability").GetString());
        Assert.Equal("unknownChip", json.RootElement.GetProperty("findings")[0].GetProperty("kind").GetString());
        Assert.True(json.RootElement.GetProperty("runtimes")[0].TryGetProperty("usableOn", out _));
        Assert.False(json.RootElement.GetProperty("healthy").GetBoolean());
    }

    [Fact]
    public void A_chip_in_json_keeps_its_source()
    {
        var json = JsonSerializer.Serialize(Chips.Chips, CatalogueJson.Default.IReadOnlyListChipClass);

        Assert.Contains("\"memoryBandwidthGBps\": 3350", json, StringComparison.Ordinal);
        Assert.Contains("\"source\": \"https://www.nvidia.com/en-us/data-center/h100/\"", json, StringComparison.Ordinal);
    }
}
