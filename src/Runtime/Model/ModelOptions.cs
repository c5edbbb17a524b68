namespace Amalgam.Runtime.Model;

/// <summary>How a model is loaded. <paramref name="ContextLength"/> is in positions per slot, <paramref name="MaxBatch"/> in tokens.</summary>
public sealed record ModelOptions(int Slots = 1, int ContextLength = 2048, int Threads = 0, int MaxBatch = 512)
{
    /// <summary>The threads asked for, or, where none were, the cores this process may use (its affinity and its group's limit, as the runtime sees them).</summary>
    public int EffectiveThreads => Threads > 0 ? Threads : Environment.ProcessorCount;

    /// <exception cref="ArgumentOutOfRangeException">A number is not positive, or too large for an index.</exception>
    public void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Slots, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Slots, 4096);
        ArgumentOutOfRangeException.ThrowIfLessThan(ContextLength, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ContextLength, 1 << 24);
        ArgumentOutOfRangeException.ThrowIfNegative(Threads);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Threads, 1024);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxBatch, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxBatch, 1 << 16);
    }
}
