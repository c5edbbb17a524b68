using System.Text;
using System.Threading.Channels;
using Amalgam.Runtime.Model;
using Amalgam.Runtime.Sampling;
using Amalgam.Runtime.Tokenizing;

namespace Amalgam.Runtime.Serving.Batching;

/// <summary>What is to be generated: at most <paramref name="MostTokens"/> tokens after the prompt, ended early by the model or by a stop text.</summary>
public sealed record GenerationRequest(int[] Prompt, int MostTokens, SamplingOptions Sampling, IReadOnlyList<string> Stops);

/// <summary>A text being generated; the events come out of <see cref="Events"/>, the last one with a finish reason.</summary>
public sealed class Generation : Sequence
{
    private readonly Channel<GenerationEvent> events =
        Channel.CreateUnbounded<GenerationEvent>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true }); // bounded by the most tokens

    private readonly GenerationRequest request;
    private readonly Tokenizer tokenizer;
    private readonly Sampler sampler;
    private readonly StopMatcher stop;
    private readonly TextAssembler assembler = new();
    private readonly StringBuilder text = new();

    /// <param name="candidates">Shared by all generations of one loop.</param>
    public Generation(GenerationRequest request, Tokenizer tokenizer, CandidateList candidates)
        : base(request.Prompt)
    {
        (this.request, this.tokenizer) = (request, tokenizer);
        sampler = new Sampler(request.Sampling, request.Prompt, candidates);
        stop = new StopMatcher(request.Stops);
    }

    public ChannelReader<GenerationEvent> Events => events.Reader;

    // The last prompt token is always computed again: its logits are needed.
    internal override int MostReusable => PromptLength - 1;

    private int OutputTokens => Tokens.Count - PromptLength;

    internal override BatchOutput OutputAt(int position) => position == Tokens.Count - 1 ? BatchOutput.Logits : BatchOutput.None;

    internal override void Take(Span<float> row, int position)
    {
        SampledToken sampled;
        try
        {
            sampled = sampler.Next(row[..Math.Min(row.Length, tokenizer.Vocabulary.Count)]);
        }
        catch (ArithmeticException error)
        {
            Fail(error.Message);
            return;
        }

        Tokens.Add(sampled.Token);
        var ended = tokenizer.Vocabulary.Ends.Contains(sampled.Token);
        var shown = ended ? "" : stop.Push(Assemble(sampled.Token));
        var finish = ended ? FinishReason.Stop
            : stop.Stopped ? FinishReason.StopText
            : OutputTokens >= request.MostTokens ? FinishReason.Length
            : FinishReason.None;
        Publish(shown, sampled, finish);
    }

    internal override void Fail(string reason)
    {
        Finished = true;
        events.Writer.TryWrite(new GenerationEvent(reason, default, OutputTokens, Cached, FinishReason.Failed));
        events.Writer.TryComplete();
    }

    private string Assemble(int token)
    {
        text.Clear();
        assembler.Append(tokenizer.Piece(token), text);
        return text.ToString();
    }

    private void Publish(string shown, SampledToken sampled, FinishReason finish)
    {
        if (finish is FinishReason.Stop or FinishReason.Length)
        {
            text.Clear();
            assembler.Flush(text);
            shown += stop.Push(text.ToString()) + stop.Flush();
        }

        events.Writer.TryWrite(new GenerationEvent(shown, sampled, OutputTokens, Cached, finish));
        if (finish != FinishReason.None)
        {
            Finished = true;
            events.Writer.TryComplete();
        }
    }
}
