namespace Amalgam.Runtime.Serving.Batching;

/// <summary>What the loop has done so far. Written by its thread alone, read by anyone.</summary>
public sealed class LoopCounters
{
    private long promptTokens;
    private long cachedTokens;
    private long outputTokens;
    private long finished;
    private long passes;
    private long passTicks;
    private int running;
    private long heldTokens;

    /// <summary>Prompt tokens taken in, those found in the cache included.</summary>
    public long PromptTokens => Volatile.Read(ref promptTokens);

    public long CachedTokens => Volatile.Read(ref cachedTokens);

    public long OutputTokens => Volatile.Read(ref outputTokens);

    /// <summary>Sequences ended, whatever the reason.</summary>
    public long Finished => Volatile.Read(ref finished);

    public long Passes => Volatile.Read(ref passes);

    public TimeSpan PassTime => new(Volatile.Read(ref passTicks));

    public int Running => Volatile.Read(ref running);

    /// <summary>Tokens in the model's cache.</summary>
    public long HeldTokens => Volatile.Read(ref heldTokens);

    internal void Began(Sequence sequence, int nowRunning)
    {
        Volatile.Write(ref promptTokens, promptTokens + sequence.PromptLength);
        Volatile.Write(ref cachedTokens, cachedTokens + sequence.Cached);
        Volatile.Write(ref running, nowRunning);
    }

    internal void Ended(int nowRunning)
    {
        Volatile.Write(ref finished, finished + 1);
        Volatile.Write(ref running, nowRunning);
    }

    internal void Passed(TimeSpan took, int generated, long held)
    {
        Volatile.Write(ref passes, passes + 1);
        Volatile.Write(ref passTicks, passTicks + took.Ticks);
        Volatile.Write(ref outputTokens, outputTokens + generated);
        Volatile.Write(ref heldTokens, held);
    }
}
