using Amalgam.Catalogue;
using Amalgam.Catalogue.Checking;
using Xunit;

namespace Core.Tests.Catalogue;

public class CatalogueTests
{
    private static readonly ChipCatalogue Chips = ChipCatalogue.Load();
    private static readonly RuntimeCatalogue Runtimes = RuntimeCatalogue.Load();

    public static TheoryData<string> OwnFiles()
    {
        var data = new TheoryData<string>();
        foreach (var folder in new[] { "chips", "runtimes" })
        {
            foreach (var file in Directory.EnumerateFiles(Path.Combine(Source(), folder), "*.yaml"))
            {
                data.Add(Path.Combine(folder, Path.GetFileName(file)));
            }
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(OwnFiles))]
    public void Every_file_that_comes_with_the_program_is_sound(string file)
    {
        var problems = CatalogueCheck.Run(File.ReadAllText(Path.Combine(Source(), file)), file);

        Assert.True(problems.Count == 0, string.Join('\n', problems));
    }

    [Fact]
    public void The_catalogue_loads_without_a_problem()
    {
        Assert.Empty(Chips.Problems);
        Assert.Empty(Runtimes.Problems);
    }

    [Fact]
    public void There_are_chips_of_the_whole_field()
    {
        Assert.True(Chips.Chips.Count >= 40, $"only {Chips.Chips.Count} chips");
        Assert.True(Chips.Vendors.Count >= 14, $"only {Chips.Vendors.Count} vendors");
        Assert.All(Chips.Chips, chip => Assert.False(string.IsNullOrWhiteSpace(chip.Source), chip.Id));
    }

    [Theory]
    [InlineData("nvidia-h100-80gb")]
    [InlineData("ascend-910b")]
    [InlineData("cpu")]
    [InlineData("cpu-scalar")]
    public void The_ids_that_people_learn_are_there(string id) => Assert.Equal(id, Chips.Find(id)?.Id);

    [Fact]
    public void An_alias_in_any_case_finds_its_class() => Assert.Equal("nvidia-h100-80gb", Chips.Find("h100-sxm")?.Id);

    [Fact]
    public void No_two_chips_share_an_alias()
    {
        var twice = Chips.Chips.SelectMany(chip => chip.Aliases.Append(chip.Id))
            .GroupBy(name => name, StringComparer.OrdinalIgnoreCase)
            .Where(group => group.Count() > 1)
            .Select(group => group.Key);

        Assert.Empty(twice);
    }

    [Fact]
    public void Every_vendor_but_the_processor_has_a_tool() =>
        Assert.Equal(["cpu"], Chips.Vendors.Where(vendor => vendor.Tools.Count == 0).Select(vendor => vendor.Id));

    [Fact]
    public void The_scalar_class_switches_vector_instructions_off() =>
        Assert.Equal("0", Chips.Find("cpu-scalar")!.Environment["DOTNET_EnableHWIntrinsic"]);

    [Fact]
    public void A_users_file_adds_a_chip_to_a_known_vendor_and_replaces_another()
    {
        using var folder = new TemporaryFolder();
        folder.Write("mine.yaml", """
            vendor: nvidia
            chips:
              - {id: nvidia-contoso, name: Contoso 9000, match: ['Contoso 9000'], memoryMiB: 8192, source: us}
              - {id: nvidia-l4, name: L4 as we count it, match: ['\bL4\b'], memoryMiB: 23034, source: us}
            """);

        var catalogue = ChipCatalogue.Load(folder.Path);

        Assert.Empty(catalogue.Problems);
        Assert.Equal("nvidia.com/gpu", catalogue.Find("nvidia-contoso")!.KubernetesResource);
        Assert.Equal(23034, catalogue.Find("nvidia-l4")!.MemoryMiB);
        Assert.Equal(Chips.Chips.Count + 1, catalogue.Chips.Count);
        Assert.NotEmpty(catalogue.Vendors.Single(vendor => vendor.Id == "nvidia").Tools);
    }

    [Fact]
    public void A_users_file_with_a_mistake_is_left_out_and_named_with_its_line()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("mine.yaml", "vendor: nvidia\nchips:\n  - id: x1\n    name: X\n    match: ['X']\n    memoryGB: 80\n    source: us\n");

        var catalogue = ChipCatalogue.Load(folder.Path);

        Assert.Equal(Chips.Chips.Count, catalogue.Chips.Count);
        Assert.Equal($"{path}:6: unknown field \"memoryGB\"; did you mean \"memoryMiB\"?", Assert.Single(catalogue.Problems).ToString());
    }

    [Fact]
    public void A_users_folder_that_is_not_there_is_no_problem() =>
        Assert.Equal(Chips.Chips.Count, ChipCatalogue.Load("/nowhere/at/all").Chips.Count);

    internal static string Source() =>
        Path.GetFullPath(Path.Combine(RecordedProbe.Folder(), "..", "..", "..", "src", "Catalogue"));

    private sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("amalgam-catalogue-").FullName;

        public string Write(string name, string text)
        {
            var path = System.IO.Path.Combine(Path, name);
            File.WriteAllText(path, text);
            return path;
        }

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
