using Amalgam.ControlPlane.Ports;
using Amalgam.Engines.Local;
using Xunit;

namespace Amalgam.SystemTests.Engines;

/// <summary>The output of real members, read live and afterwards.</summary>
public sealed class MemberLogTests : IAsyncLifetime
{
    private const int BytesPerStream = 64 << 10;
    private readonly string _data = Directory.CreateTempSubdirectory("amalgam-logs-").FullName;
    private LocalEngine _engine = null!;

    public Task InitializeAsync()
    {
        _engine = Open();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        foreach (var member in await _engine.ObserveAsync(default)) await _engine.ApplyAsync(new StopMember(member.LeaseId, 9, TimeSpan.Zero), default);
        Assert.All(await _engine.ObserveAsync(default), member => Assert.NotNull(member.EndedAtUnixMs));
        await _engine.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    [Fact]
    public async Task Both_streams_come_in_the_order_they_were_written_live_and_afterwards()
    {
        // Each line waits until the one before it was read, so the order is certain.
        await StartAsync("i=0; while [ $i -lt 6 ]; do echo out$i; i=$((i+1)); until [ -e go$i ]; do sleep 0.02; done; echo err$i >&2; i=$((i+1)); until [ -e go$i ]; do sleep 0.02; done; done");
        var live = new List<LogLine>();
        await foreach (var line in _engine.ReadAsync("a", follow: true, null, Patience()))
        {
            live.Add(line);
            await File.WriteAllTextAsync(Path.Combine(_data, $"go{live.Count}"), "");
        }

        Assert.Equal(["out0", "err1", "out2", "err3", "out4", "err5"], live.Select(line => line.Text));
        Assert.Equal(["stdout", "stderr", "stdout", "stderr", "stdout", "stderr"], live.Select(line => line.Stream));
        Assert.Equal(live, await ReadAsync());
        Assert.Equal(live.TakeLast(3), await ReadAsync(tail: 3));
        await _engine.ObserveAsync(default);
        await _engine.DisposeAsync();
        _engine = Open();
        Assert.Equal(live, await ReadAsync());
    }

    [Fact]
    public async Task A_line_is_shown_while_the_member_goes_on()
    {
        await StartAsync("echo first; sleep 1000");
        await foreach (var line in _engine.ReadAsync("a", follow: true, null, Patience()))
        {
            Assert.Equal("first", line.Text);
            break; // a reader that leaves
        }

        Assert.Null((await _engine.ObserveAsync(default)).Single().EndedAtUnixMs);
    }

    [Fact]
    public async Task A_tail_of_lines_begins_anywhere_and_goes_on_live()
    {
        await StartAsync("seq 1 5000; until [ -e go ]; do sleep 0.02; done; echo more; printf unfinished");
        var patience = Patience();
        while ((await ReadAsync()).Count < 5000) await Task.Delay(20, patience);
        Assert.Equal(["4998", "4999", "5000"], (await ReadAsync(tail: 3)).Select(line => line.Text));
        Assert.Empty(await ReadAsync(tail: 0));
        Assert.Equal(5000, (await ReadAsync(tail: 9999)).Count);
        await File.WriteAllTextAsync(Path.Combine(_data, "go"), "");
        Assert.Equal(["5000", "more", "unfinished"], (await ReadAsync(tail: 1, follow: true)).Select(line => line.Text));
    }

    [Fact]
    public async Task Bytes_that_are_no_text_are_replaced_and_a_progress_bar_shows_its_last_state()
    {
        await StartAsync(@"printf 'bad \377\376 bytes\n'; printf '10%%\r50%%\r100%%\n'; printf 'windows\r\n'; printf '\000zero\n'; printf '\n'");
        Assert.Equal(["bad \ufffd\ufffd bytes", "100%", "windows", "\0zero", ""], (await ReadAsync(follow: true)).Select(line => line.Text));
    }

    [Fact]
    public async Task A_line_without_end_is_cut_and_says_how_much()
    {
        await _engine.DisposeAsync();
        _engine = Open(bytesPerStream: 1 << 20);
        await StartAsync("head -c 70000 /dev/zero | tr '\\0' x; echo; echo after");
        var lines = await ReadAsync(follow: true);
        Assert.Equal("after", lines[^1].Text);
        Assert.Equal(2, lines.Count);
        Assert.EndsWith($"xx [{70000 - (64 << 10)} more bytes of this line are not shown]", lines[0].Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("sleep 1000")]
    public async Task Output_without_end_is_kept_at_its_beginning_and_its_end(string then)
    {
        const int Lines = 200_000;
        await StartAsync($"seq 1 {Lines}; {then}");
        var file = Path.Combine(_data, "members", "a", "stdout.log");
        var patience = Patience();
        while (new FileInfo(file).Length < 1_288_895) await Task.Delay(20, patience);
        List<string> lines = [];
        while (!lines.Exists(line => line.Contains("are not kept here", StringComparison.Ordinal)))
        {
            lines = [.. (await ReadAsync()).Select(line => line.Text)];
            await Task.Delay(20, patience);
        }

        var notice = lines.FindIndex(line => line.Contains("are not kept here", StringComparison.Ordinal));
        Assert.Equal(Enumerable.Range(1, notice).Select(n => $"{n}"), lines.Take(notice));
        Assert.Equal($"{Lines}", lines[^1]);
        // The first line after the hole is cut; from the next on they are whole and without a gap.
        var rest = lines.Skip(notice + 2).Select(int.Parse).ToList();
        Assert.Equal(Enumerable.Range(rest[0], rest.Count), rest);
        Assert.InRange(lines.Sum(line => line.Length + 1), BytesPerStream / 2, 2 * BytesPerStream);
        Assert.Equal($"{Lines}", (await ReadAsync(tail: 1)).Single().Text);
        var more = await ReadAsync(tail: Lines);
        Assert.Contains("are not kept here", more[0].Text, StringComparison.Ordinal);
        Assert.InRange(AllocatedBytes(file), 1, 3 * BytesPerStream);
    }

    [Fact]
    public async Task The_oldest_logs_go_when_all_together_are_too_much()
    {
        for (var i = 0; i < 48; i++) await StartAsync("echo some output of this member that is kept", lease: $"l{i}");
        for (var i = 0; i < 48; i++)
        {
            Assert.Single(await ReadAsync(follow: true, lease: $"l{i}"));
            await _engine.ApplyAsync(new ForgetMember($"l{i}", 2), default);
        }

        Assert.Empty(await ReadAsync(lease: "l0"));
        Assert.Single(await ReadAsync(lease: "l47"));
    }

    private LocalEngine Open(long bytesPerStream = BytesPerStream) =>
        new(new LocalEngineOptions { DataDirectory = _data, Nodes = () => [], LogBytesPerStream = bytesPerStream, KeptLogBytes = 20_000 });

    private async Task StartAsync(string script, string lease = "a")
    {
        var launch = new MemberLaunch("w", "logs", 0, ["sh", "-c", script], new Dictionary<string, string>(), _data, "cpu", [0], [], NeedsPort: false);
        await _engine.ApplyAsync(new StartMember(lease, 1, launch), default);
    }

    private async Task<List<LogLine>> ReadAsync(bool follow = false, int? tail = null, string lease = "a")
    {
        var lines = new List<LogLine>();
        await foreach (var line in _engine.ReadAsync(lease, follow, tail, Patience())) lines.Add(line);
        return lines;
    }

    private static long AllocatedBytes(string file)
    {
        using var stat = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("stat", ["-c", "%b", file]) { RedirectStandardOutput = true })!;
        return long.Parse(stat.StandardOutput.ReadToEnd(), System.Globalization.CultureInfo.InvariantCulture) * 512;
    }

    private static CancellationToken Patience() => new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;
}
