using System.Runtime.InteropServices;

namespace Amalgam.Runtime.Sampling;

/// <summary>Chooses the tokens of one answer. Not thread-safe; the candidate list may be shared by all samplers of one thread.</summary>
public sealed class Sampler
{
    /// <summary>So cold that only exact ties would be drawn; dividing by less would overflow.</summary>
    private const double GreedyBelow = 1e-4;

    private readonly SamplingOptions options;
    private readonly CandidateList candidates;
    private readonly HashSet<int>? promptTokens;
    private readonly Dictionary<int, int> answerCounts = [];
    private SplitMix random;

    public Sampler(SamplingOptions options, ReadOnlySpan<int> prompt, CandidateList candidates)
    {
        this.options = options;
        this.candidates = candidates;
        random = new SplitMix(options.Seed);
        if (options.RepetitionPenalty != 1)
        {
            promptTokens = [.. prompt];
        }
    }

    private bool CountsTokens => options.RepetitionPenalty != 1 || options.PresencePenalty != 0 || options.FrequencyPenalty != 0;

    private bool ChangesLogits => CountsTokens || options.LogitBias.Count > 0;

    /// <summary>Chooses the next token; may change the logits on the way.</summary>
    /// <exception cref="ArithmeticException">Not one logit is a finite number.</exception>
    public SampledToken Next(Span<float> logits)
    {
        if (options.TopLogprobs is not { } wanted)
        {
            return new SampledToken(Choose(logits), 0, null);
        }

        // Log probabilities are those of the model itself, so they are taken before the options change anything.
        var normaliser = Likelihood.LogSumExp(logits);
        var top = wanted > 0 ? Likelihood.Top(logits, wanted, normaliser) : [];
        var kept = ChangesLogits ? logits.ToArray() : null;
        var token = Choose(logits);
        return new SampledToken(token, (kept is null ? logits[token] : kept[token]) - normaliser, top);
    }

    private int Choose(Span<float> logits)
    {
        if (ChangesLogits)
        {
            Adjust(logits);
        }

        var token = Draw(logits);
        if (CountsTokens)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(answerCounts, token, out _)++;
        }

        return token;
    }

    private void Adjust(Span<float> logits)
    {
        foreach (var (token, bias) in options.LogitBias)
        {
            logits[token] += bias;
        }

        if (promptTokens is not null)
        {
            foreach (var token in promptTokens)
            {
                Repeat(logits, token);
            }
        }

        foreach (var (token, count) in answerCounts)
        {
            if (promptTokens is not null && !promptTokens.Contains(token))
            {
                Repeat(logits, token);
            }

            logits[token] -= (float)(options.PresencePenalty + (options.FrequencyPenalty * count));
        }
    }

    private void Repeat(Span<float> logits, int token) =>
        logits[token] *= (float)(logits[token] > 0 ? 1 / options.RepetitionPenalty : options.RepetitionPenalty);

    private int Draw(ReadOnlySpan<float> logits)
    {
        var best = Likelihood.Argmax(logits);
        if (options.Temperature < GreedyBelow)
        {
            return best;
        }

        candidates.Fill(logits, logits[best], options.Temperature, options.MinP);
        if (options.TopK > 0)
        {
            candidates.KeepTop(options.TopK);
        }

        if (options.TopP < 1)
        {
            candidates.KeepProbability(options.TopP);
        }

        return candidates.Draw(random.NextDouble());
    }
}
