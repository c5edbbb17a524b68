namespace Amalgam.Runtime.Sampling;

/// <summary>The tokens that may still be drawn, with their weights; its arrays are as long as the vocabulary and used again for each token.</summary>
public sealed class CandidateList(int vocabulary)
{
    /// <summary>Tokens less than a thousand-millionth as likely as the best are left out: together they are beyond the precision of the weights.</summary>
    private const double LeastRelativeWeight = 1e-9;

    private readonly int[] tokens = new int[vocabulary];
    private readonly float[] negativeWeights = new float[vocabulary];
    private int count;

    /// <summary>Takes the tokens whose weight exp((logit - best) / temperature) is at least <paramref name="minP"/>.</summary>
    public void Fill(ReadOnlySpan<float> logits, float best, double temperature, double minP)
    {
        var inverse = (float)(1 / temperature);
        var threshold = best + (float)(temperature * Math.Log(Math.Max(minP, LeastRelativeWeight)));
        count = 0;
        for (var token = 0; token < logits.Length; token++)
        {
            var logit = logits[token];
            if (logit >= threshold && logit <= best)
            {
                tokens[count] = token;
                negativeWeights[count++] = -MathF.Exp((logit - best) * inverse);
            }
        }
    }

    public void KeepTop(int most)
    {
        if (count > most)
        {
            Sort();
            count = most;
        }
    }

    /// <summary>Keeps the likeliest until they have at least this share of the weight; always one.</summary>
    public void KeepProbability(double share)
    {
        Sort();
        var (enough, sum) = (Total() * share, 0.0);
        for (var i = 0; i < count; i++)
        {
            sum -= negativeWeights[i];
            if (sum >= enough)
            {
                count = i + 1;
                return;
            }
        }
    }

    /// <param name="at">From 0 up to, not including, 1.</param>
    public int Draw(double at)
    {
        var left = at * Total();
        for (var i = 0; i < count - 1; i++)
        {
            left += negativeWeights[i];
            if (left < 0)
            {
                return tokens[i];
            }
        }

        return tokens[count - 1];
    }

    // Weights are held negated so that the ascending order of the framework's sort is best first.
    private void Sort() => Array.Sort(negativeWeights, tokens, 0, count);

    private double Total()
    {
        var total = 0.0;
        for (var i = 0; i < count; i++)
        {
            total -= negativeWeights[i];
        }

        return total;
    }
}
