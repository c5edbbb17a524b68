using Amalgam.ControlPlane.Ports;

namespace Amalgam.Engines.Local;

/// <summary>
/// What the engine does by itself while members run: the order and the bound of their logs, the stop signal that had to wait, and the end of a grace. Sleeps when none runs.
/// </summary>
internal sealed class Attendance : IAsyncDisposable
{
    private static readonly TimeSpan WhileTheyWrite = TimeSpan.FromMilliseconds(50), WhileTheyAreQuiet = TimeSpan.FromMilliseconds(250);

    private readonly LocalEngineOptions _options;
    private readonly Func<IEnumerable<Member>> _live;
    private readonly Func<CancellationToken, ValueTask> _continueStops;
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    public Attendance(LocalEngineOptions options, Func<IEnumerable<Member>> live, Func<CancellationToken, ValueTask> continueStops)
    {
        (_options, _live, _continueStops) = (options, live, continueStops);
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
            var (any, writing, due) = Look();
            var now = _options.Clock.GetUtcNow();
            if (writing) lastWriting = now;
            if (due) await TryContinueStopsAsync().ConfigureAwait(false);
            var wait = !any ? Timeout.InfiniteTimeSpan : due || now - lastWriting < TimeSpan.FromSeconds(2) ? WhileTheyWrite : WhileTheyAreQuiet;
            await _wake.WaitAsync(wait, _stop.Token).ConfigureAwait(false);
        }
    }

    private (bool Any, bool Writing, bool Due) Look()
    {
        var (any, writing, due) = (false, false, false);
        var nowUnixMs = _options.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (var member in _live())
        {
            any = true;
            writing |= TryNote(member);
            due |= member.AwaitsSignal || member.Stop?.DeadlineUnixMs <= nowUnixMs;
        }

        return (any, writing, due);
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

    private async ValueTask TryContinueStopsAsync()
    {
        try
        {
            await _continueStops(_stop.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Its end could not be written (a full disk): the next look, and the next observation, try again and report.
        }
    }
}
