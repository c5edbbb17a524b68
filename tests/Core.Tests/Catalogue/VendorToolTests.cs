using Amalgam.Catalogue;
using Amalgam.Catalogue.Detecting;
using Amalgam.Catalogue.Processors;
using Xunit;

namespace Core.Tests.Catalogue;

/// <summary>Every recipe reads the output of its tool. The first line of each recorded file says where its shape comes from.</summary>
public class VendorToolTests
{
    private static readonly HostFacts Host = new(1, 1L << 30, "x64", []);
    private static readonly ChipCatalogue Catalogue = ChipCatalogue.Load();

    [Theory]
    [InlineData("nvidia-smi", "nvidia-smi-h100x2.txt", "nvidia-h100-80gb", 2, 0, 81559, "550.127.05", "0000:19:00.0")]
    [InlineData("rocm-smi", "rocm-smi-rx7800xt.json", "amd-rx-7800-xt", 1, 0, 16368, "6.8.5", "0000:03:00.0")]
    [InlineData("amd-smi", "amd-smi-mi300x.json", "amd-mi300x", 2, 0, 196592, "6.10.5", "0000:0c:00.0")]
    [InlineData("npu-smi", "npu-smi-910c.txt", "ascend-910c", 3, 0, 65536, "24.1.rc3.7", "0000:9d:00.0")]
    [InlineData("npu-smi", "npu-smi-910b4.txt", "ascend-910b4-64gb", 2, 0, 65536, "25.2.0", "0000:c1:00.0")]
    [InlineData("npu-smi", "npu-smi-310p.txt", "ascend-310p", 1, 0, 21527, "23.0.0", "0000:3b:00.0")]
    [InlineData("cnmon", "cnmon-mlu370x8.txt", "cambricon-mlu370-x8", 2, 0, 20638, "5.10.22", "0000:13:00.0")]
    [InlineData("hy-smi", "hy-smi-k100ai.json", "hygon-k100-ai", 2, 0, 65520, "6.2.27-V1.10.0", null)]
    [InlineData("mthreads-gmi", "mthreads-gmi-s5000.txt", "mthreads-s5000", 2, 0, 81920, "3.3.5-server", "0000:2a:00.0")]
    [InlineData("ixsmi", "ixsmi-biv100.txt", "iluvatar-bi-v100", 1, 0, 32768, "3.1.0", "0000:98:00.0")]
    [InlineData("mx-smi", "mx-smi-c550.txt", "metax-c550", 1, 0, 65536, "2.5.014", "0000:2a:00.0")]
    [InlineData("mx-smi", "mx-smi-n260.txt", "metax-n260", 2, 0, 65536, "3.0.11", "0000:01:00.0")]
    [InlineData("efsmi", "efsmi-l300.txt", "enflame-l300", 1, 0, 147456, "1.7.2.14", "00:2d:00.0")]
    [InlineData("efsmi", "efsmi-s60.txt", "enflame-s60", 1, 0, 49120, "1.2.0.301", "00:01:00.0")]
    [InlineData("brsmi", "brsmi-166.txt", "biren-166", 2, 0, 65536, "1.12.0", null)]
    [InlineData("ppu-smi", "ppu-smi-zw810e.txt", "thead-zhenwu-810e", 1, 0, 98304, "2.1.1-rbd225", "0000:00:11.0")]
    [InlineData("hl-smi", "hl-smi-gaudi2.txt", "gaudi2", 2, 2, 98304, "1.21.1-9c0a8ee", "0000:33:00.0")]
    [InlineData("neuron-ls", "neuron-ls-trn2.json", "aws-trainium2", 2, 0, 98304, null, "0000:e1:00.0")]
    [InlineData("neuron-ls", "neuron-ls-trn1.txt", "aws-trainium1", 1, 0, 32768, null, "0000:00:1e.0")]
    [InlineData("system_profiler", "system-profiler-m1pro.json", "apple-m1-pro", 1, 0, 16384, null, null)]
    public async Task The_recipe_reads_the_tools_output(
        string program, string file, string chip, int devices, int firstIndex, int memoryMiB, string? driver, string? pci)
    {
        var report = await Detect(new RecordedProbe().Prints(program, file));

        Assert.Empty(report.Findings);
        Assert.Equal(devices, report.Devices.Count);
        Assert.All(report.Devices, device => Assert.Equal(chip, device.Class));
        Assert.Equal(devices, report.Devices.Select(device => device.Index).Distinct().Count());
        var first = report.Devices[0];
        Assert.Equal((firstIndex, memoryMiB, driver, pci), (first.Index, first.MemoryMiB, first.DriverVersion, first.PciAddress));
    }

    [Theory]
    [InlineData("xpu-smi", "xpu-smi-max1550.json", "0000:4d:00.0", "8086", "038000", "0bd5", "intel-max-1550", 1)]
    [InlineData("xpu-smi", "kunlun-xpu-smi-p800.txt", "0000:03:00.0", "1d22", "120000", "3688", "kunlun-p800", 2)]
    [InlineData("lspci", "lspci-tpu-v5e.txt", "0000:00:04.0", "1ae0", "00ff00", "0063", "tpu-v5e", 2)]
    public async Task A_tool_whose_name_two_vendors_share_is_asked_only_for_the_chip_on_the_bus(
        string program, string file, string address, string vendor, string classCode, string device, string chip, int devices)
    {
        var absent = await Detect(new RecordedProbe().Prints(program, file));
        Assert.Empty(absent.Devices);
        Assert.Empty(absent.Findings);

        var present = await Detect(new RecordedProbe().Prints(program, file).WithCard(address, vendor, classCode, device));
        Assert.Equal(devices, present.Devices.Count);
        Assert.All(present.Devices, found => Assert.Equal(chip, found.Class));
        Assert.Empty(present.Findings);
    }

    [Fact]
    public async Task One_name_with_two_memory_sizes_gives_two_classes()
    {
        var report = await Detect(new RecordedProbe().Prints("nvidia-smi", "nvidia-smi-mixed.txt"));

        Assert.Equal(
            ["nvidia-a100-80gb", "nvidia-a100-40gb", "nvidia-h20-96gb", "nvidia-h20-141gb", "nvidia-v100-32gb", "nvidia-t4", "nvidia-rtx-4090"],
            report.Devices.Select(device => device.Class));
    }

    [Fact]
    public async Task A_chip_that_no_class_matches_is_named_with_what_to_write()
    {
        var report = await Detect(new RecordedProbe().Prints("nvidia-smi", "nvidia-smi-mixed.txt"));

        var finding = Assert.Single(report.Findings);
        Assert.Equal(FindingKind.UnknownChip, finding.Kind);
        Assert.Contains("\"NVIDIA Contoso 9000\" with 8192 MiB", finding.Text, StringComparison.Ordinal);
        Assert.Contains("vendor: nvidia", finding.Action, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_uuid_selects_the_device_where_the_stack_takes_uuids()
    {
        var report = await Detect(new RecordedProbe().Prints("nvidia-smi", "nvidia-smi-h100x2.txt"));
        var names = report.Devices.Select(device => new Amalgam.Catalogue.Entries.DeviceName(device.Index, device.Uuid, device.PciAddress)).ToList();

        var environment = Catalogue.Find("nvidia-h100-80gb")!.Selection.EnvironmentFor(names);

        Assert.Equal(
            "GPU-5f2c1d1e-7a0b-4c3e-9d41-0c8f5e0b6a11,GPU-8b9e2f40-13c5-4d7a-8e62-77d1a4c9be02",
            environment["CUDA_VISIBLE_DEVICES"]);
    }

    [Fact]
    public void A_stack_that_counts_cores_gets_the_cores_of_the_device()
    {
        var environment = Catalogue.Find("aws-trainium2")!.Selection.EnvironmentFor([new(1, null, null), new(3, null, null)]);

        Assert.Equal("4-7,12-15", environment["NEURON_RT_VISIBLE_CORES"]);
    }

    [Fact]
    public void Every_recorded_file_says_where_its_shape_comes_from()
    {
        foreach (var file in Directory.EnumerateFiles(Path.Combine(RecordedProbe.Folder(), "outputs")))
        {
            Assert.StartsWith("# Shape: ", File.ReadLines(file).First(), StringComparison.Ordinal);
        }
    }

    /// <summary>The report without the processor, which every machine has.</summary>
    private static async Task<DetectionReport> Detect(RecordedProbe probe)
    {
        var report = await ChipDetection.RunAsync(probe, Catalogue, Host);
        return report with { Devices = report.Devices.Where(device => device.Class != CpuDetection.ClassId).ToList() };
    }
}
