using System.Runtime.InteropServices;
using Amalgam.Runtime.Model;

namespace Amalgam.Runtime.Serving.Batching;

/// <summary>Limits of the loop; all in tokens or sequences.</summary>
public sealed record LoopLimits
{
    /// <summary>Sequences that may wait for a slot; one more is refused.</summary>
    public int Waiting { get; init; } = 64;

    /// <summary>The most prompt tokens in a pass that also continues answers: the pause that a long prompt may put into them.</summary>
    public int PromptBesideAnswers { get; init; } = 64;
}

/// <summary>
/// Continuous batching: every pass of the model carries the next token of each running answer and pieces of the prompts that have just come in.
/// One thread does everything between two passes, so no state here needs a lock but the queue.
/// </summary>
public sealed class GenerationLoop : IDisposable
{
    private const string NobodyWaits = "Nobody waits for this any more.";

    private readonly ILanguageModel model;
    private readonly LoopLimits limits;
    private readonly TimeProvider time;
    private readonly Queue<Sequence> waiting = new();
    private readonly List<Sequence> running = [];
    private readonly SlotCache slots;
    private readonly BatchToken[] batch;
    private readonly float[] rows;
    private readonly int[] pending;
    private readonly int[] take;
    private readonly Thread thread;
    private bool stopping;
    private int turn;

    public GenerationLoop(ILanguageModel model, LoopLimits limits, TimeProvider time)
    {
        (this.model, this.limits, this.time) = (model, limits, time);
        slots = new SlotCache(model.Slots);
        batch = new BatchToken[model.MaxBatch];
        rows = new float[(model.MaxBatch * model.Shape.Width) + (Math.Min(model.Slots, model.MaxBatch) * model.Shape.Vocabulary)];
        pending = new int[model.Slots];
        take = new int[model.Slots];
        thread = new Thread(Run) { IsBackground = true, Name = "generation loop" };
        thread.Start();
    }

    public LoopCounters Counters { get; } = new();

    public int Waiting
    {
        get
        {
            lock (waiting)
            {
                return waiting.Count;
            }
        }
    }

    /// <summary>Takes a sequence in, or refuses it because too many wait or the loop is stopping.</summary>
    /// <param name="others">More that must come in together with it, or not at all.</param>
    public bool TrySubmit(Sequence sequence, params ReadOnlySpan<Sequence> others)
    {
        lock (waiting)
        {
            // Checked against those who wait already: a request of several parts is never too large for an idle loop.
            if (stopping || waiting.Count >= limits.Waiting)
            {
                return false;
            }

            waiting.Enqueue(sequence);
            foreach (var other in others)
            {
                waiting.Enqueue(other);
            }

            Monitor.Pulse(waiting);
            return true;
        }
    }

    /// <summary>Ends what runs and waits with a failure, after the pass that is under way.</summary>
    public void Dispose()
    {
        lock (waiting)
        {
            stopping = true;
            Monitor.Pulse(waiting);
        }

        thread.Join();
    }

    private void Run()
    {
        while (Admit())
        {
            if (running.Count > 0)
            {
                Pass();
            }
        }

        foreach (var sequence in running.Concat(waiting))
        {
            sequence.Fail("The runtime is stopping.");
        }
    }

    /// <summary>Drops those who left, lets in who fits, and sleeps while there is nothing to do. False when the loop is to end.</summary>
    private bool Admit()
    {
        for (var i = running.Count - 1; i >= 0; i--)
        {
            if (running[i].HasLeft)
            {
                running[i].Fail(NobodyWaits);
                End(i);
            }
        }

        lock (waiting)
        {
            while (!stopping && running.Count == 0 && waiting.Count == 0)
            {
                Monitor.Wait(waiting);
            }

            while (waiting.Count > 0 && (slots.HasFree || waiting.Peek().HasLeft))
            {
                var next = waiting.Dequeue();
                if (next.HasLeft)
                {
                    next.Fail(NobodyWaits);
                }
                else
                {
                    Begin(next);
                }
            }

            return !stopping;
        }
    }

    private void Begin(Sequence sequence)
    {
        (sequence.Slot, sequence.Cached) = slots.Take(sequence.Tokens, sequence.MostReusable);
        sequence.Fed = sequence.Cached;
        running.Add(sequence);
        Counters.Began(sequence, running.Count);
    }

    private void End(int index)
    {
        slots.Free(running[index].Slot);
        running.RemoveAt(index);
        Counters.Ended(running.Count);
    }

    private void Pass()
    {
        var started = time.GetTimestamp();
        var count = FillBatch();
        var generated = 0;
        try
        {
            model.Forward(batch.AsSpan(0, count), rows);
            generated = HandOut();
        }
#pragma warning disable CA1031 // Whatever broke this pass, those who wait must hear of it, and the next request deserves a try.
        catch (Exception error)
#pragma warning restore CA1031
        {
            slots.Forget();
            running.ForEach(sequence => sequence.Fail($"The model failed on this request: {error.Message}"));
        }

        for (var i = running.Count - 1; i >= 0; i--)
        {
            if (running[i].Finished)
            {
                End(i);
            }
        }

        Counters.Passed(time.GetElapsedTime(started), generated, slots.Held);
    }

    private int FillBatch()
    {
        for (var i = 0; i < running.Count; i++)
        {
            pending[i] = running[i].Pending;
        }

        BatchShare.Split(pending.AsSpan(0, running.Count), take, batch.Length, limits.PromptBesideAnswers, turn++ & int.MaxValue);
        var count = 0;
        for (var i = 0; i < running.Count; i++)
        {
            var sequence = running[i];
            for (var position = sequence.Fed; position < sequence.Fed + take[i]; position++)
            {
                batch[count++] = new BatchToken(sequence.Tokens[position], position, sequence.Slot, sequence.OutputAt(position));
            }
        }

        return count;
    }

    /// <summary>Gives each sequence its rows, in the order of the batch; returns how many tokens were generated.</summary>
    private int HandOut()
    {
        var (offset, generated) = (0, 0);
        for (var i = 0; i < running.Count; i++)
        {
            var sequence = running[i];
            var (from, to) = (sequence.Fed, sequence.Fed + take[i]);
            slots.Append(sequence.Slot, CollectionsMarshal.AsSpan(sequence.Tokens)[from..to]);
            sequence.Fed = to;
            var before = sequence.Tokens.Count;
            for (var position = from; position < to; position++)
            {
                var width = WidthOf(sequence.OutputAt(position));
                if (width > 0)
                {
                    sequence.Take(rows.AsSpan(offset, width), position);
                    offset += width;
                }
            }

            generated += sequence.Tokens.Count - before;
        }

        return generated;
    }

    private int WidthOf(BatchOutput output) => output switch
    {
        BatchOutput.Logits => model.Shape.Vocabulary,
        BatchOutput.Hidden => model.Shape.Width,
        _ => 0,
    };
}
