namespace Amalgam.Runtime.Sampling;

/// <summary>A token and the natural logarithm of its probability under the model, before any sampling option.</summary>
public readonly record struct TokenLogprob(int Token, float Logprob);

/// <summary>What was chosen; <paramref name="Top"/> has the likeliest tokens, best first, when they were asked for.</summary>
public readonly record struct SampledToken(int Token, float Logprob, TokenLogprob[]? Top);
