using Amalgam.Catalogue;
using Amalgam.Catalogue.Detecting;
using Amalgam.Catalogue.Selecting;
using Xunit;

namespace Core.Tests.Catalogue;

public class ChipsSpecTests
{
    private static readonly ChipCatalogue Catalogue = ChipCatalogue.Load();

    [Fact]
    public void Cores_are_divided_into_plain_and_scalar_ones()
    {
        var devices = Apply("cpu:1,cpu-scalar:1", Cores(2)).Value!;

        Assert.Equal([("cpu", 0), ("cpu-scalar", 1)], devices.Select(device => (device.Class, device.Index)));
    }

    [Fact]
    public void A_class_without_a_number_takes_all_that_the_others_leave()
    {
        var devices = Apply("cpu,cpu-scalar:1", Cores(4)).Value!;

        Assert.Equal(3, devices.Count(device => device.Class == "cpu"));
        Assert.Equal(1, devices.Count(device => device.Class == "cpu-scalar"));
        Assert.Equal(4, devices.Select(device => device.Index).Distinct().Count());
    }

    [Fact]
    public void Aliases_and_capitals_are_understood() =>
        Assert.Equal([new ChipsSpec.Part("nvidia-h100-80gb", 2), new ChipsSpec.Part("cpu", 1)], Parse("H100:2, CPU:1").Value!.Parts);

    [Theory]
    [InlineData("cpuu:1", "no chip class is called \"cpuu\"; did you mean \"cpu\"?")]
    [InlineData("cpu-scaler:1", "did you mean \"cpu-scalar\"?")]
    [InlineData("quantum-foam-accelerator:1", "no chip class is called \"quantum-foam-accelerator\"")]
    [InlineData("cpu:0", "cpu:0 would give no device")]
    [InlineData("cpu:1,cpu:2", "names cpu twice")]
    [InlineData("cpu:1,CPU:2", "names cpu twice")]
    [InlineData("", "must be CLASS:COUNT pairs")]
    [InlineData("cpu:1,,", "must be CLASS:COUNT pairs")]
    [InlineData(":1", "must be CLASS:COUNT pairs")]
    [InlineData("cpu:", "is no number of devices")]
    [InlineData("cpu:-1", "\"-1\" after cpu is no number of devices")]
    [InlineData("cpu:1.5", "is no number of devices")]
    [InlineData("cpu:99999999999", "is no number of devices")]
    [InlineData("cpu:1:2", "\"1:2\" after cpu is no number of devices")]
    public void What_cannot_be_meant_gets_one_clear_line(string text, string message)
    {
        var result = Parse(text);

        Assert.Null(result.Value);
        Assert.StartsWith("--chips", result.Error, StringComparison.Ordinal);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', result.Error!);
    }

    [Theory]
    [InlineData("cpu:3", "asks for cpu:3, but of 2 cpu on this machine 2 are left for it")]
    [InlineData("cpu:2,cpu-scalar:1", "asks for cpu-scalar:1, but of 2 cpu on this machine 0 are left for it")]
    [InlineData("cpu:2,cpu-scalar", "asks for cpu-scalar, but of 2 cpu on this machine 0 are left for it")]
    [InlineData("nvidia-l4:1", "this machine has no nvidia-l4")]
    public void More_than_is_present_gets_one_clear_line(string text, string message) =>
        Assert.Contains(message, Apply(text, Cores(2)).Error, StringComparison.Ordinal);

    private static ChipsSpec.Result<ChipsSpec> Parse(string text) => ChipsSpec.Parse(text, Catalogue);

    private static ChipsSpec.Result<IReadOnlyList<DeviceObservation>> Apply(string text, IReadOnlyList<DeviceObservation> detected) =>
        Parse(text).Value!.Apply(detected);

    private static List<DeviceObservation> Cores(int count) => Enumerable.Range(0, count)
        .Select(number => new DeviceObservation { Class = "cpu", Vendor = "cpu", Index = number, Name = "core", MemoryMiB = 1024 })
        .ToList();
}
