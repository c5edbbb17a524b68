using Amalgam.ControlPlane.Ports;

namespace Amalgam.Engines.Local;

/// <summary>
/// What the engine does by itself while members run: the order and the bound of their logs, and the end of a grace. Sleeps when none runs.
/// </summary>
internal sealed class Attendance : IAsyncDisposable
{
    private static readonly TimeSpan WhileTheyWrite = TimeSpan.FromMilliseconds(50), WhileTheyAreQuiet = TimeSpan.FromMilliseconds(250);

    private readonly LocalEngineOptions _options;
    private readonly Func<IEnumerable<Member>> _live;
    private readonly Func<CancellationToken, ValueTask> _endOverdue;
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    public Attendance(LocalEngineOptions options, Func<IEnumerable<Member>> live, Func<CancellationToken, ValueTask> endOverdue)
    {
        (_options, _live, _endOverdue) = (options, live, endOverdue);
        _loop = Task.Run(LoopAsync);
    }

    public void Wake()
    {
        try
        {
            if (_wake.CurrentCount == 0) _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // someone else woke it
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        _wake.Dispose();
    }

    private async Task LoopAsync()
    {
        var lastWriting = DateTimeOffset.MinValue;
        while (true)
        {
            var (any, writing, overdue) = Look();
            var now = _options.Clock.GetUtcNow();
            if (writing) lastWriting = now;
            if (overdue) await TryEndOverdueAsync().ConfigureAwait(false);
            var wait = !any ? Timeout.InfiniteTimeSpan : now - lastWriting < TimeSpan.FromSeconds(2) ? WhileTheyWrite : WhileTheyAreQuiet;
            await _wake.WaitAsync(wait, _stop.Token).ConfigureAwait(false);
        }
    }

    private (bool Any, bool Writing, bool Overdue) Look()
    {
        var (any, writing, overdue) = (false, false, false);
        var nowUnixMs = _options.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (var member in _live())
        {
            any = true;
            writing |= TryNote(member);
            overdue |= member.Stop?.DeadlineUnixMs <= nowUnixMs;
        }

        return (any, writing, overdue);
    }

    /// <summary>A log that cannot be looked at now (a full disk, a folder that someone removed) is looked at again; the member is not disturbed.</summary>
    private bool TryNote(Member member)
    {
        try
        {
            return member.Log.Note(_options.LogBytesPerStream);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private async ValueTask TryEndOverdueAsync()
    {
        try
        {
            await _endOverdue(_stop.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Its end could not be written (a full disk): the next look, and the next observation, try again and report.
        }
    }
}
