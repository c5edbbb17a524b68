using System.Diagnostics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Amalgam.ControlPlane.Loops;

/// <summary>
/// One reconciler: idempotent, no input, run by a signal or a timer, never twice at once, no retry inside. What it last came to is visible.
/// A step that throws is a fault of the world: it is noted and tried again at the next turn.
/// </summary>
public abstract partial class Loop(string name, TimeSpan interval, ILogger logger) : BackgroundService
{
    private readonly SemaphoreSlim _signal = new(0, 1);

    public string Name { get; } = name;

    public DateTimeOffset? LastRunAt { get; private set; }

    public double LastRunMilliseconds { get; private set; }

    public string LastResult { get; private set; } = "not run yet";

    public long Runs { get; private set; }

    public long Failures { get; private set; }

    /// <summary>Run soon. Many signals before a turn make one turn.</summary>
    public void Signal()
    {
        try
        {
            _signal.Release();
        }
        catch (SemaphoreFullException)
        {
            // A turn is due already.
        }
    }

    /// <summary>One turn. Returns one line about what was done.</summary>
    protected abstract Task<string> RunOnceAsync(CancellationToken cancel);

    /// <summary>The longest wait before the next turn.</summary>
    protected virtual TimeSpan NextWait => interval;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await TurnAsync(stoppingToken);
            try
            {
                await _signal.WaitAsync(NextWait, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task TurnAsync(CancellationToken cancel)
    {
        var begun = Stopwatch.GetTimestamp();
        try
        {
            LastResult = await RunOnceAsync(cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
        }
#pragma warning disable CA1031 // The one place where a loop's faults end: noted, shown, tried again.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            Failures++;
            LastResult = $"failed: {fault.Message}";
            LogFault(logger, Name, fault);
        }

        Runs++;
        LastRunAt = DateTimeOffset.UtcNow;
        LastRunMilliseconds = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "loop {Loop} failed")]
    private static partial void LogFault(ILogger logger, string loop, Exception fault);

    public override void Dispose()
    {
        _signal.Dispose();
        base.Dispose();
        GC.SuppressFinalize(this);
    }
}
