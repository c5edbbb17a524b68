using System.Diagnostics;
using System.Globalization;
using Amalgam.ControlPlane.Ports;
using Amalgam.Engines.Local;
using Xunit;
using Xunit.Abstractions;

namespace Amalgam.SystemTests.Engines;

/// <summary>
/// Many real members at once. Prints what it measured and asserts no time; `AMALGAM_SCALE_MEMBERS=1000` makes it the size that
/// docs/performance.md quotes.
/// </summary>
public sealed class ManyMembersTests(ITestOutputHelper output) : IDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("amalgam-many-").FullName;
    private readonly int _count = int.TryParse(Environment.GetEnvironmentVariable("AMALGAM_SCALE_MEMBERS"), CultureInfo.InvariantCulture, out var count) ? count : 100;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public async Task Many_members_start_are_observed_adopted_and_stopped_and_nothing_stays()
    {
        var options = new LocalEngineOptions { DataDirectory = _data, Nodes = () => [] };
        await using (var engine = new LocalEngine(options))
        {
            await MeasureAsync("start, each", _count, async () =>
            {
                for (var i = 0; i < _count; i++) await engine.ApplyAsync(Start(i), default);
            });
            Assert.All(await engine.ObserveAsync(default), member => Assert.Equal(MemberPhase.Running, member.Phase));
            await MeasureAsync("four observations a second and the attendance to logs, per second", 3, async () =>
            {
                for (var i = 0; i < 12; i++)
                {
                    await engine.ObserveAsync(default);
                    await Task.Delay(250);
                }
            });
            await Task.Delay(2000);
            await MeasureAsync("attendance to quiet logs alone, per second", 3, () => Task.Delay(3000));
        }

        LocalEngine? adopted = null;
        await MeasureAsync("adoption by a new engine", 1, () =>
        {
            adopted = new LocalEngine(options);
            return Task.CompletedTask;
        });
        await using var next = adopted!;
        Assert.All(await next.ObserveAsync(default), member => Assert.Equal(MemberPhase.Running, member.Phase));
        await MeasureAsync("stop, each", _count, () => StopAllAsync(next));
        var seen = await next.ObserveAsync(default);
        Assert.Equal(_count, seen.Count);
        Assert.All(seen, member => Assert.Equal(143, member.ExitCode));
    }

    private static StartMember Start(int index) => new(
        $"l{index}", 1, new MemberLaunch("w", "many", index, ["sleep", "100000"], new Dictionary<string, string>(), null, "cpu", [index], [], NeedsPort: false));

    private async Task StopAllAsync(LocalEngine engine)
    {
        for (var i = 0; i < _count; i++) await engine.ApplyAsync(new StopMember($"l{i}", 2, TimeSpan.FromSeconds(60)), default);
        while ((await engine.ObserveAsync(default)).Any(member => member.EndedAtUnixMs is null)) await Task.Delay(20);
    }

    private async Task MeasureAsync(string what, int times, Func<Task> work)
    {
        using var self = Process.GetCurrentProcess();
        var (wall, cpu) = (Stopwatch.GetTimestamp(), self.TotalProcessorTime);
        await work();
        self.Refresh();
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{_count} members: {what}: {Stopwatch.GetElapsedTime(wall).TotalMilliseconds / times:0.00} ms, of processor time {(self.TotalProcessorTime - cpu).TotalMilliseconds / times:0.00} ms"));
    }
}
