using Amalgam.Catalogue.Detecting;
using Amalgam.Catalogue.Processors;
using Xunit;

namespace Core.Tests.Catalogue;

public class CpuDetectionTests
{
    private static readonly HostFacts Host = new(8, 16L << 30, "x64", ["AVX-512", "AVX2"]);
    private const string Memory = "MemTotal:       16777216 kB\nMemFree:         1000000 kB\n";

    [Fact]
    public void One_allowed_core_is_one_device_with_its_number()
    {
        var devices = Detect(Machine("0-2,6"));

        Assert.Equal([0, 1, 2, 6], devices.Select(device => device.Index));
        Assert.All(devices, device => Assert.Equal("cpu", device.Class));
        Assert.Equal("AVX-512 AVX2 AVX-512-VNNI", devices[0].Details["vectorSets"]);
        Assert.Equal("Contoso 64-Core", devices[0].Name);
    }

    [Fact]
    public void Nine_tenths_of_the_memory_are_shared_evenly() =>
        Assert.Equal(16384 * 9 / 10 / 4, Detect(Machine("0-3"))[0].MemoryMiB);

    [Theory]
    [InlineData("200000 100000", 2)]
    [InlineData("250000 100000", 2)]
    [InlineData("50000 100000", 1)]
    [InlineData("9900000 100000", 4)]
    [InlineData("max 100000", 4)]
    [InlineData("nonsense", 4)]
    public void A_quota_of_version_2_leaves_as_many_devices_as_it_can_keep_busy(string quota, int devices) =>
        Assert.Equal(devices, Detect(Machine("0-3").With("/proc/self/cgroup", "0::/\n").With("/sys/fs/cgroup/cpu.max", quota + "\n")).Count);

    [Fact]
    public void The_tightest_limit_up_to_the_root_counts()
    {
        var probe = Machine("0-3")
            .With("/proc/self/cgroup", "0::/pool/job\n")
            .With("/sys/fs/cgroup/pool/job/cpu.max", "max 100000\n")
            .With("/sys/fs/cgroup/pool/cpu.max", "300000 100000\n")
            .With("/sys/fs/cgroup/pool/job/memory.max", "max\n")
            .With("/sys/fs/cgroup/pool/memory.max", (3L << 30) + "\n");

        var devices = Detect(probe);

        Assert.Equal(3, devices.Count);
        Assert.Equal(1024 * 9 / 10, devices[0].MemoryMiB);
    }

    [Fact]
    public void Limits_of_version_1_count_too()
    {
        var probe = Machine("0-3")
            .With("/proc/self/cgroup", "4:memory:/box\n2:cpu,cpuacct:/box\n")
            .With("/sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "100000\n")
            .With("/sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "50000\n")
            .With("/sys/fs/cgroup/memory/box/memory.limit_in_bytes", (2L << 30) + "\n")
            .With("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");

        var devices = Detect(probe);

        Assert.Equal(2, devices.Count);
        Assert.Equal(921, devices[0].MemoryMiB);
    }

    [Fact]
    public void Where_the_system_has_no_such_files_the_runtime_tells()
    {
        var devices = Detect(new RecordedProbe());

        Assert.Equal(8, devices.Count);
        Assert.Equal(16384 * 9 / 10 / 8, devices[0].MemoryMiB);
        Assert.Equal("x64 processor", devices[0].Name);
    }

    [Theory]
    [InlineData("0", new[] { 0 })]
    [InlineData("0-1", new[] { 0, 1 })]
    [InlineData("3,1,1-2", new[] { 1, 2, 3 })]
    [InlineData("", null)]
    [InlineData("2-1", null)]
    [InlineData("a", null)]
    [InlineData("1-2-3", null)]
    [InlineData("0-99999999", null)]
    public void Lists_of_processors_are_read_or_refused(string text, int[]? numbers) => Assert.Equal(numbers, CpuDetection.ParseList(text));

    [Fact]
    public void This_very_machine_has_at_least_one_device()
    {
        var devices = CpuDetection.Detect(new Amalgam.Catalogue.Probing.MachineProbe(), HostFacts.Current());

        Assert.NotEmpty(devices);
        Assert.True(devices.Count <= Environment.ProcessorCount);
        Assert.All(devices, device => Assert.True(device.MemoryMiB > 0));
    }

    private static IReadOnlyList<DeviceObservation> Detect(RecordedProbe probe) => CpuDetection.Detect(probe, Host);

    private static RecordedProbe Machine(string cores) => new RecordedProbe()
        .With("/proc/self/status", $"Name:\tx\nCpus_allowed:\tff\nCpus_allowed_list:\t{cores}\n")
        .With("/proc/meminfo", Memory)
        .With("/proc/cpuinfo", "processor\t: 0\nmodel name\t: Contoso 64-Core\nflags\t\t: fpu avx2 avx512f avx512_vnni\n");
}
