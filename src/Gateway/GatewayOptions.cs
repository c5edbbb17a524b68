namespace Amalgam.Gateway;

/// <summary>Bounds of the data plane. Every one has a default that suits a first cloud.</summary>
public sealed record GatewayOptions
{
    /// <summary>Largest request body, bytes. A larger one is refused with 413 before it is read.</summary>
    public int MaxBodyBytes { get; init; } = 32 << 20;

    /// <summary>Request bodies held in memory at once, bytes; past it requests are refused with 503.</summary>
    public long MaxBodyBytesInFlight { get; init; } = 1L << 30;

    /// <summary>Largest answer that is not streamed, bytes: it is held until its charge is durable.</summary>
    public int MaxAnswerBytes { get; init; } = 64 << 20;

    /// <summary>Largest single event of a stream, bytes.</summary>
    public int MaxEventBytes { get; init; } = 4 << 20;

    /// <summary>How long a request may be held while a replica is being started.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>How long a request that a replica turned away (502, 503, 504) may wait for another one.</summary>
    public TimeSpan RetryPatience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Replicas tried for one request, the first included.</summary>
    public int MaxAttempts { get; init; } = 3;

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>From sending a request to a replica until its first byte. Long: a big prompt on a slow chip takes minutes.</summary>
    public TimeSpan FirstByteTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Longest silence inside an answer that has begun.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Output tokens to set aside when neither the request nor the model names a bound.</summary>
    public int DefaultMaxOutputTokens { get; init; } = 4096;
}
