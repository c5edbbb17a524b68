namespace Amalgam.Runtime.Serving.Batching;

/// <summary>
/// How many tokens of each sequence go into one pass. Sequences that wait for one token come first, so that a text in the middle of its answer is never
/// kept waiting by more than one piece of somebody's long prompt; prompts share what is left evenly, so that a short one is not behind a long one.
/// </summary>
internal static class BatchShare
{
    /// <param name="pending">Tokens each sequence has to feed, at least 1.</param>
    /// <param name="take">Written: how many of them go into this pass.</param>
    /// <param name="most">The largest batch.</param>
    /// <param name="mostPromptBesideAnswers">The most prompt tokens in a pass that also has answers in it.</param>
    /// <param name="turn">Counts the passes; who comes first moves on with it.</param>
    public static void Split(ReadOnlySpan<int> pending, Span<int> take, int most, int mostPromptBesideAnswers, int turn)
    {
        var (left, answers, prompts) = (most, 0, 0);
        for (var i = 0; i < pending.Length; i++)
        {
            var index = (i + turn) % pending.Length;
            var answering = pending[index] == 1;
            take[index] = answering && left > 0 ? 1 : 0;
            left -= take[index];
            answers += take[index];
            prompts += answering ? 0 : 1;
        }

        left = answers > 0 ? Math.Min(left, mostPromptBesideAnswers) : left;
        while (left > 0 && prompts > 0)
        {
            (left, prompts) = ShareOnce(pending, take, left, prompts, turn);
        }
    }

    private static (int Left, int Unserved) ShareOnce(ReadOnlySpan<int> pending, Span<int> take, int left, int prompts, int turn)
    {
        var share = Math.Max(1, left / prompts);
        var unserved = 0;
        for (var i = 0; i < pending.Length && left > 0; i++)
        {
            var index = (i + turn) % pending.Length;
            if (pending[index] == 1)
            {
                continue;
            }

            var more = Math.Min(Math.Min(share, left), pending[index] - take[index]);
            take[index] += more;
            left -= more;
            unserved += take[index] < pending[index] ? 1 : 0;
        }

        return (left, unserved);
    }
}
