using Amalgam.SystemTests.Cloud;
using Xunit;
using Xunit.Abstractions;

namespace Amalgam.SystemTests.Browser;

/// <summary>The pictures of docs/pictures, made anew by `tools/pictures/make`: AMALGAM_PICTURES names the folder.</summary>
public sealed class PictureTests(ITestOutputHelper output)
{
    private const int MostBytes = 200_000;

    [Fact]
    public async Task Pictures_of_every_page_are_taken_when_asked_for()
    {
        if (Environment.GetEnvironmentVariable("AMALGAM_PICTURES") is not { Length: > 0 } folder || await Browser.MissingAsync() is not null)
        {
            output.WriteLine("SKIPPED: no pictures were asked for (tools/pictures/make), or there is no browser");
            return;
        }

        Directory.CreateDirectory(folder);
        await using var cloud = RunningCloud.NotStarted();
        var fleet = Path.Combine(cloud.Folder, "fleet.yaml");
        await File.WriteAllTextAsync(fleet, "job_seconds: 36000\nnodes:\n  - { chip: h100, count: 4, devices: 8, per_rack: 2 }\n  - { chip: ascend-910b, count: 3, devices: 8 }\n  - { chip: mi300x, count: 2, devices: 8 }\n");
        cloud.UpArguments.AddRange(["--fleet", fleet]);
        await cloud.StartAsync();
        await Browser.PlayAsync("pictures", cloud, null, Path.GetFullPath(folder, RunningCloud.RepositoryRoot), Environment.GetEnvironmentVariable("AMALGAM_PICTURES_AFTER") ?? "20");
        Assert.All(Directory.EnumerateFiles(Path.GetFullPath(folder, RunningCloud.RepositoryRoot), "*.png"), picture => Assert.InRange(new FileInfo(picture).Length, 1, MostBytes));
    }
}
