using Amalgam.Catalogue;
using Amalgam.Catalogue.Entries;
using Xunit;

namespace Core.Tests.Catalogue;

public class ChipTableTests
{
    [Fact]
    public void The_reference_page_is_what_the_catalogue_says()
    {
        var page = Path.GetFullPath(Path.Combine(RecordedProbe.Folder(), "..", "..", "..", "docs", "reference", "chips.md"));
        var text = ChipTable.Markdown(ChipCatalogue.Load());
        if (Environment.GetEnvironmentVariable("AMALGAM_RECORD") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(page)!);
            File.WriteAllText(page, text);
        }

        Assert.Equal(text, File.ReadAllText(page));
    }
}
