using Amalgam.Runtime.Model;

namespace Amalgam.Runtime.Serving.Batching;

/// <summary>How the hidden values of a text become one vector, numbered as <c>{architecture}.pooling_type</c> in the model file.</summary>
public enum Pooling
{
    Mean = 1,
    First = 2,
    Last = 3,
}

/// <summary>A text being turned into one vector of unit length.</summary>
public sealed class Embedding(int[] prompt, int width, Pooling pooling) : Sequence(prompt)
{
    private readonly TaskCompletionSource<float[]> result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly double[] sum = new double[width];

    /// <exception cref="InvalidOperationException">The runtime could not finish it; the message says why.</exception>
    public Task<float[]> Result => result.Task;

    // Hidden values are not kept in the cache, so every position that is pooled must be computed.
    internal override int MostReusable => pooling == Pooling.Last ? PromptLength - 1 : 0;

    internal override BatchOutput OutputAt(int position) => pooling switch
    {
        Pooling.First => position == 0 ? BatchOutput.Hidden : BatchOutput.None,
        Pooling.Last => position == PromptLength - 1 ? BatchOutput.Hidden : BatchOutput.None,
        _ => BatchOutput.Hidden,
    };

    internal override void Take(Span<float> row, int position)
    {
        for (var i = 0; i < sum.Length; i++)
        {
            sum[i] += row[i];
        }

        if (position == PromptLength - 1 || pooling == Pooling.First)
        {
            Complete();
        }
    }

    internal override void Fail(string reason)
    {
        Finished = true;
        result.TrySetException(new InvalidOperationException(reason));
    }

    private void Complete()
    {
        Finished = true;
        var length = Math.Sqrt(sum.Sum(value => value * value));
        if (!double.IsFinite(length))
        {
            Fail("The model computed no finite vector for this text.");
            return;
        }

        result.TrySetResult(Array.ConvertAll(sum, value => length > 0 ? (float)(value / length) : 0));
    }
}
