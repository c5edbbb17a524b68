using System.Collections.Concurrent;
using System.Diagnostics;
using Amalgam.Storage;
using Xunit;

namespace Amalgam.SystemTests.Cloud.Kill;

/// <summary>The disk fills up, or fsync fails, under the real process: nothing that a client saw the end of is lost, nothing more is answered, and a restart carries on.</summary>
public sealed class DiskTroubleTests
{
    [Fact]
    public async Task On_a_full_disk_nothing_is_acknowledged_that_is_not_on_it()
    {
        await using var counting = await CountingCloud.StartAsync();
        var cloud = counting.Cloud;
        await cloud.KillAsync();
        // A file may grow by half a MiB more and no further: what a full disk is to a database, without needing to be root. The signal that comes with it is ignored.
        var limit = (new FileInfo(Path.Combine(cloud.Data, "journal.db")).Length / 1024) + 512;
        cloud.Wrapper = ["bash", "-c", $"trap '' XFSZ; ulimit -f {limit}; exec \"$@\"", "bash"];
        // The runtime's own files in memory would meet the limit too.
        cloud.Variables["DOTNET_EnableWriteXorExecute"] = "0";
        await cloud.StartAsync();
        await BreakAsync(counting, static () => { });
    }

    [CompilerFact]
    public async Task After_a_failed_fsync_nothing_is_acknowledged_until_a_restart_has_read_what_is_on_disk()
    {
        await using var counting = await CountingCloud.StartAsync();
        var cloud = counting.Cloud;
        var fail = Path.Combine(cloud.Folder, "fail");
        await cloud.KillAsync();
        cloud.Variables["LD_PRELOAD"] = await CompilerFactAttribute.BuildAsync(cloud.Folder, $$"""
            #define _GNU_SOURCE
            #include <dlfcn.h>
            #include <errno.h>
            #include <unistd.h>
            static int fails(void) { if (access("{{fail}}", F_OK) != 0) return 0; errno = EIO; return 1; }
            int fsync(int fd) { static int (*real)(int); if (!real) real = dlsym(RTLD_NEXT, "fsync"); return fails() ? -1 : real(fd); }
            int fdatasync(int fd) { static int (*real)(int); if (!real) real = dlsym(RTLD_NEXT, "fdatasync"); return fails() ? -1 : real(fd); }
            """);
        await cloud.StartAsync();
        await BreakAsync(counting, () => File.WriteAllText(fail, ""));
    }

    private static async Task BreakAsync(CountingCloud counting, Action trouble)
    {
        var cloud = counting.Cloud;
        using var client = new TornClient(cloud, cloud.Key, 1);
        using var stop = new CancellationTokenSource();
        var received = new ConcurrentQueue<Received>();
        await RunningCloud.UntilAsync("an answer", async () => await AnsweredAsync(client));
        var load = Enumerable.Range(0, 16).Select(_ => Task.Run(() => client.AskAsync(received, stop.Token))).ToList();
        await RunningCloud.UntilAsync("some answers", () => received.Count(seen => seen.Done) > 10);
        trouble();
        await RunningCloud.UntilAsync("the journal to fail", () => received.Any(seen => seen.Code is "ledger_unavailable"));
        await stop.CancelAsync();
        await Task.WhenAll(load);
        using (var http = cloud.Client())
        {
            Assert.Equal(503, (int)(await http.GetAsync("/health/ready")).StatusCode);
        }

        // Not until a restart, even when the disk is well again.
        cloud.Variables.Remove("LD_PRELOAD");
        File.Delete(Path.Combine(cloud.Folder, "fail"));
        Assert.Equal("ledger_unavailable", (await client.AskAsync("late", 3, 0, whole: true, CancellationToken.None)).Code);
        await cloud.KillAsync();
        cloud.Wrapper = [];
        await cloud.StartAsync();
        await RunningCloud.UntilAsync("an answer", async () => await AnsweredAsync(client));
        await cloud.StopAsync();
        var judge = JournalJudge.Of(Path.Combine(cloud.Data, "journal.db"));
        Assert.All(received.Where(seen => seen.Done), seen => Assert.Equal(seen.Tokens, judge.Charges[seen.RequestId].OutputTokens));
        Assert.All(received.Where(seen => !seen.Done && judge.Charges.ContainsKey(seen.RequestId) && !seen.Whole), seen => Assert.True(judge.Charges[seen.RequestId].OutputTokens <= seen.Asked));
        Assert.True(JournalFile.Verify(Path.Combine(cloud.Data, "journal.db")).Records > 0);
    }

    private static async Task<bool> AnsweredAsync(TornClient client)
    {
        try
        {
            return (await client.AskAsync($"first-{Guid.NewGuid():N}", 3, 0, whole: true, CancellationToken.None)).Done;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}

/// <summary>A test that builds a small C library; shown as skipped where there is no C compiler.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class CompilerFactAttribute : FactAttribute
{
    private static readonly string? Compiler = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, "cc")).FirstOrDefault(File.Exists);

    public CompilerFactAttribute()
    {
        if (Compiler is null || !OperatingSystem.IsLinux()) Skip = "there is no C compiler here (cc), or this is not Linux";
    }

    public static async Task<string> BuildAsync(string folder, string source)
    {
        var (code, library) = (Path.Combine(folder, "trouble.c"), Path.Combine(folder, "trouble.so"));
        await File.WriteAllTextAsync(code, source);
        using var build = Process.Start(new ProcessStartInfo(Compiler!, ["-shared", "-fPIC", "-O1", "-o", library, code, "-ldl"]) { RedirectStandardError = true })!;
        var error = await build.StandardError.ReadToEndAsync();
        await build.WaitForExitAsync();
        return build.ExitCode == 0 ? library : throw new InvalidOperationException($"cc failed: {error}");
    }
}
