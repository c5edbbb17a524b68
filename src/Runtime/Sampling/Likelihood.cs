namespace Amalgam.Runtime.Sampling;

/// <summary>What logits say, without any option.</summary>
internal static class Likelihood
{
    /// <summary>The index of the largest finite logit, the first of equals.</summary>
    public static int Argmax(ReadOnlySpan<float> logits)
    {
        var best = -1;
        var value = float.NegativeInfinity;
        for (var i = 0; i < logits.Length; i++)
        {
            // NaN compares false; an infinite logit is as broken as NaN.
            if (logits[i] > value && logits[i] < float.PositiveInfinity)
            {
                (best, value) = (i, logits[i]);
            }
        }

        return best >= 0 ? best : throw new ArithmeticException("The model computed no finite number for any token.");
    }

    /// <summary>log(sum(exp(x))), the term that turns logits into log probabilities.</summary>
    public static float LogSumExp(ReadOnlySpan<float> logits)
    {
        var most = logits[Argmax(logits)];
        var sum = 0.0;
        foreach (var logit in logits)
        {
            if (float.IsFinite(logit))
            {
                sum += MathF.Exp(logit - most);
            }
        }

        return most + (float)Math.Log(sum);
    }

    /// <summary>The likeliest tokens, best first.</summary>
    public static TokenLogprob[] Top(ReadOnlySpan<float> logits, int count, float normaliser)
    {
        var top = new TokenLogprob[Math.Min(count, logits.Length)];
        var filled = 0;
        for (var token = 0; token < logits.Length; token++)
        {
            var logprob = logits[token] - normaliser;
            if (!float.IsFinite(logprob) || (filled == top.Length && logprob <= top[^1].Logprob))
            {
                continue;
            }

            var at = filled < top.Length ? filled++ : top.Length - 1;
            for (; at > 0 && top[at - 1].Logprob < logprob; at--)
            {
                top[at] = top[at - 1];
            }

            top[at] = new TokenLogprob(token, logprob);
        }

        return filled == top.Length ? top : top[..filled];
    }
}
