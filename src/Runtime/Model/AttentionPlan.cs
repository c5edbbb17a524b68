namespace Amalgam.Runtime.Model;

/// <summary>One <see cref="Kernels.AttentionUnit"/> of a batch: either some tokens of one head, or some heads of one token.</summary>
internal readonly record struct AttentionItem(int Token, int Tokens, int Head, int Heads);

/// <summary>Cuts the attention of a batch into units of up to four queries that share a head of the cache.</summary>
internal sealed class AttentionPlan
{
    private const int Queries = 4;
    private readonly AttentionItem[] items;
    private readonly int heads;
    private readonly int headGroup;

    public AttentionPlan(ModelSettings settings, int maxBatch)
    {
        (heads, headGroup) = (settings.Shape.Heads, settings.HeadGroup);
        items = new AttentionItem[maxBatch * heads];
    }

    public int Count { get; private set; }

    public AttentionItem this[int index] => items[index];

    /// <summary>From the last token to the first, so that the units with the most positions are handed out first.</summary>
    public void Make(ReadOnlySpan<BatchToken> batch)
    {
        Count = 0;
        for (int end = batch.Length; end > 0;)
        {
            int tokens = 1;
            while (tokens < Queries && tokens < end && Follows(batch[end - tokens - 1], batch[end - tokens])) tokens++;
            if (tokens < Math.Min(Queries, headGroup)) tokens = 1;
            end -= tokens;
            if (tokens == 1) AddHeads(end);
            else for (int head = 0; head < heads; head++) items[Count++] = new AttentionItem(end, tokens, head, 1);
        }
    }

    private static bool Follows(BatchToken first, BatchToken second) => first.Slot == second.Slot && first.Position + 1 == second.Position;

    private void AddHeads(int token)
    {
        for (int first = 0; first < heads; first += headGroup)
        {
            for (int head = first; head < first + headGroup; head += Queries)
            {
                items[Count++] = new AttentionItem(token, 1, head, Math.Min(Queries, first + headGroup - head));
            }
        }
    }
}
