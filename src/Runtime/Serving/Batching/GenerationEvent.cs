using Amalgam.Runtime.Sampling;

namespace Amalgam.Runtime.Serving.Batching;

public enum FinishReason
{
    None,

    /// <summary>The model ended its turn.</summary>
    Stop,

    /// <summary>One of the caller's stop texts came up.</summary>
    StopText,

    /// <summary>As many tokens as asked for, or as fit.</summary>
    Length,

    /// <summary>The runtime could not go on.</summary>
    Failed,
}

/// <summary>
/// One generated token. <paramref name="Text"/> is what may be shown now: nothing while a character or a possible stop text is incomplete, more than
/// one token's text after that. For <see cref="FinishReason.Failed"/> it is the reason, and there is no token.
/// </summary>
public readonly record struct GenerationEvent(string Text, SampledToken Token, int OutputTokens, int CachedTokens, FinishReason Finish);
