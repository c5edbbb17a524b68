using Amalgam.Catalogue.Checking;
using Xunit;

namespace Core.Tests.Catalogue;

/// <summary>What <c>amalgam catalogue test FILE</c> says: each mistake with its line.</summary>
public class CatalogueCheckTests
{
    private const string SoundVendor = """
        vendor: contoso
        name: Contoso
        stack: cuda
        install: the driver
        selection: {variables: [CONTOSO_DEVICES], format: index}
        tools:
          - id: contoso-smi
            command: [contoso-smi]
            format: csv
            fields: {index: 0, name: 1, memory: {at: 2, unit: MiB}}
            source: its manual
            tested: nothing
        chips:
          - id: contoso-9000
            name: Contoso 9000
            match: ['^C9000$']
            memoryMiB: 8192
            source: its data sheet
        """;

    private const string SoundRuntime = """
        runtime: mine
        name: Mine
        programs: [mine]
        chips:
          - {vendors: [nvidia]}
        formats: [gguf]
        architectures: [llama]
        launch: {arguments: ["{program}", ["--model", "{model}"]]}
        memory: {fixedMiB: 100}
        source: us
        tested: nothing
        """;

    [Theory]
    [InlineData(SoundVendor)]
    [InlineData(SoundRuntime)]
    public void A_sound_file_has_no_problem(string text) => Assert.Empty(CatalogueCheck.Run(text));

    [Theory]
    [InlineData("memoryMiB: 8192", "memoryGB: 8", 17, "unknown field \"memoryGB\"; did you mean \"memoryMiB\"?")]
    [InlineData("memoryMiB: 8192", "memoryMiB: 80", 17, "the unit is MiB: 80 GiB are 81920")]
    [InlineData("memoryMiB: 8192", "memoryMiB: 80 GB", 17, "must be a number")]
    [InlineData("memoryMiB: 8192", "memoryBandwidthGBps: 0.9", 17, "the unit is GB/s")]
    [InlineData("memoryMiB: 8192", "peakTflops: {int8: 4}", 17, "unknown field \"int8\"")]
    [InlineData("memoryMiB: 8192", "exportControlled: perhaps", 17, "must be true or false")]
    [InlineData("match: ['^C9000$']", "match: ['(C9000']", 16, "no valid regular expression")]
    [InlineData("match: ['^C9000$']", "powerWatts: 10", 14, "\"match\" is missing for \"contoso-9000\"")]
    [InlineData("    source: its data sheet", "    exportNote: none", 14, "\"source\" is missing")]
    [InlineData("id: contoso-9000", "id: nvidia-l4", 14, "belongs to a chip of vendor \"nvidia\"")]
    [InlineData("id: contoso-9000", "id: Contoso 9000", 14, "is no id")]
    [InlineData("format: csv", "format: xml", 9, "must be csv, json, regex or blocks")]
    [InlineData("format: csv", "format: json", 9, "needs \"items\"")]
    [InlineData("name: 1,", "title: 1,", 10, "unknown field \"title\"")]
    [InlineData("unit: MiB", "unit: mb", 10, "\"unit\" must be one of")]
    [InlineData("at: 2", "once: 'Memory \\d+'", 10, "must capture the value in a group")]
    [InlineData("install: the driver", "", 1, "\"install\" is missing: \"contoso\" is a new vendor")]
    [InlineData("format: index}", "format: serial}", 5, "\"format\" must be one of index, uuid, pci")]
    public void A_mistake_in_a_vendor_file_is_found_with_its_line(string sound, string wrong, int line, string message) =>
        Finds(SoundVendor, sound, wrong, line, message);

    [Theory]
    [InlineData("- {vendors: [nvidia]}", "- {classes: [nvidia-h100-90gb]}", 5, "names the class \"nvidia-h100-90gb\", which the catalogue does not have; did you mean \"nvidia-h100-80gb\"?")]
    [InlineData("- {vendors: [nvidia]}", "- {vendors: [nvida]}", 5, "names the vendor \"nvida\", which the catalogue does not have; did you mean \"nvidia\"?")]
    [InlineData("- {vendors: [nvidia]}", "- {note: all}", 5, "needs \"vendors\" or \"classes\"")]
    [InlineData("{model}", "{modle}", 8, "unknown placeholder {modle}; did you mean \"model\"?")]
    [InlineData("formats: [gguf]", "", 1, "\"formats\" is missing")]
    [InlineData("programs: [mine]", "", 1, "\"programs\" is missing")]
    [InlineData("memory: {fixedMiB: 100}", "memory: {deviceShare: 90}", 9, "a share of the device's memory, 0 to 1")]
    [InlineData("source: us", "source: us\nhealth: {path: health}", 11, "must begin with /")]
    [InlineData("source: us", "source: us\nstop: {signal: SIGKILL}", 11, "\"signal\" must be one of SIGTERM, SIGINT")]
    public void A_mistake_in_a_runtime_file_is_found_with_its_line(string sound, string wrong, int line, string message) =>
        Finds(SoundRuntime, sound, wrong, line, message);

    [Theory]
    [InlineData("a: [1", 0, "no valid YAML")]
    [InlineData("", 1, "must hold a YAML mapping")]
    [InlineData("- 1", 1, "must hold a YAML mapping")]
    [InlineData("name: x", 1, "must begin with \"vendor: ID\"")]
    [InlineData("vendor: x\nvendor: y", 0, "no valid YAML")]
    [InlineData("vendor: x\n---\nvendor: y", 1, "one YAML document")]
    public void A_file_that_is_no_catalogue_file_is_said_to_be_none(string text, int line, string message)
    {
        var problem = CatalogueCheck.Run(text, "f.yaml")[0];

        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
        Assert.True(line == 0 || line == problem.Line, problem.ToString());
        Assert.StartsWith("f.yaml:", problem.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Two_chips_of_one_id_are_found()
    {
        var text = SoundVendor + "\n  - {id: contoso-9000, name: Again, match: ['^Again$'], source: us}\n";

        Assert.Contains("given to 2 chips", Assert.Single(CatalogueCheck.Run(text)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_larger_than_any_catalogue_is_refused_unread() =>
        Assert.Contains("at most", Assert.Single(CatalogueCheck.Run(new string('#', 2 << 20))).Message, StringComparison.Ordinal);

    private static void Finds(string text, string sound, string wrong, int line, string message)
    {
        Assert.Contains(sound, text, StringComparison.Ordinal);

        var problems = CatalogueCheck.Run(text.Replace(sound, wrong, StringComparison.Ordinal));

        Assert.True(
            problems.Any(problem => problem.Line == line && problem.Message.Contains(message, StringComparison.Ordinal)),
            $"wanted line {line}: {message}\ngot\n{string.Join('\n', problems)}");
    }
}
