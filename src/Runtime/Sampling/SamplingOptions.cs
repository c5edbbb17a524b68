namespace Amalgam.Runtime.Sampling;

/// <summary>
/// How the next token is chosen. The steps run in this order (as in vLLM and transformers): bias, penalties, temperature, min-p, top-k, top-p.
/// </summary>
public sealed record SamplingOptions
{
    public static readonly SamplingOptions Greedy = new() { Temperature = 0 };

    /// <summary>0 takes the likeliest token always; 1 is the model's own distribution.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Only so many of the likeliest; 0 for all.</summary>
    public int TopK { get; init; }

    /// <summary>Only the likeliest that together have this probability.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Only those at least this fraction as likely as the likeliest.</summary>
    public double MinP { get; init; }

    /// <summary>Divides positive and multiplies negative logits of tokens seen in prompt or answer (CTRL, arXiv:1909.05858); 1 for none.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Taken once from the logit of each token already in the answer.</summary>
    public double PresencePenalty { get; init; }

    /// <summary>Taken from the logit of a token as often as it is in the answer.</summary>
    public double FrequencyPenalty { get; init; }

    /// <summary>Added to the logits of these tokens.</summary>
    public IReadOnlyDictionary<int, float> LogitBias { get; init; } = new Dictionary<int, float>();

    /// <summary>The same seed gives the same answer on the same machine and batch shape.</summary>
    public ulong Seed { get; init; }

    /// <summary>How many likeliest tokens to report with each one chosen; null for no log probabilities.</summary>
    public int? TopLogprobs { get; init; }
}
