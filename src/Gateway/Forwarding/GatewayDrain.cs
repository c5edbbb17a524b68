namespace Amalgam.Gateway.Forwarding;

/// <summary>
/// The way out: after <see cref="StopAsync"/> began, new requests are refused, those in flight may finish within the grace, and what is
/// left then is ended with an error event and charged for what was delivered.
/// </summary>
public sealed class GatewayDrain : IDisposable
{
    private readonly CancellationTokenSource _cut = new();
    private readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _inFlight;
    private volatile bool _stopping;

    public bool IsStopping => _stopping;

    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Fires when the grace is over: every request ends now.</summary>
    internal CancellationToken Cut => _cut.Token;

    internal bool TryEnter()
    {
        Interlocked.Increment(ref _inFlight);
        if (!_stopping) return true;
        Leave();
        return false;
    }

    internal void Leave()
    {
        if (Interlocked.Decrement(ref _inFlight) == 0 && _stopping) _empty.TrySetResult();
    }

    /// <summary>Returns when no request is in flight any more. Safe to call twice.</summary>
    public async Task StopAsync(TimeSpan grace, TimeProvider time)
    {
        _stopping = true;
        Interlocked.MemoryBarrier();
        if (InFlight == 0) return;
        try
        {
            await _empty.Task.WaitAsync(grace, time);
        }
        catch (TimeoutException)
        {
            await _cut.CancelAsync();
            await _empty.Task;
        }
    }

    public void Dispose() => _cut.Dispose();
}
