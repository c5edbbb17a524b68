using Amalgam.Runtime.Sampling;
using Amalgam.Runtime.Serving.Batching;
using Microsoft.AspNetCore.Http;

namespace Amalgam.Runtime.Serving.Http;

/// <summary>The generations of one request, from the queue of the loop to the end of the answer.</summary>
internal sealed class AnswerRun
{
    /// <summary>Asks for <see cref="Answer.Amalgam"/> in every chunk.</summary>
    public const string ProgressHeader = "x-amalgam-progress";

    private readonly LoadedModel model;
    private readonly string id;
    private readonly long created;
    private readonly Generation[] generations;
    private readonly int[] cached;
    private readonly int[] outputs;

    public AnswerRun(AnswerRequest request, LoadedModel model, DateTimeOffset now)
    {
        (Request, this.model) = (request, model);
        id = (request.IsChat ? "chatcmpl-" : "cmpl-") + Guid.NewGuid().ToString("N");
        created = now.ToUnixTimeSeconds();
        generations = new Generation[request.Prompts.Count * request.Options.Choices];
        cached = new int[generations.Length];
        outputs = new int[generations.Length];
        for (var i = 0; i < generations.Length; i++)
        {
            generations[i] = NewGeneration(i);
        }
    }

    public AnswerRequest Request { get; }

    public int Choices => generations.Length;

    private bool LogsProbabilities => Request.Options.Sampling.TopLogprobs is not null;

    public async Task AnswerAsync(HttpContext context)
    {
        if (!model.Loop.TrySubmit(generations[0], generations.AsSpan(1).ToArray()))
        {
            throw RefusedException.Unavailable("This replica has as much waiting work as it may hold; try again in a moment.", "overloaded");
        }

        try
        {
            await using var left = context.RequestAborted.Register(LeaveAll);
            await (Request.Options.Stream ? WriteStreamAsync(context) : WriteWholeAsync(context));
        }
        finally
        {
            LeaveAll();
        }
    }

    /// <summary>The events of one choice; counts what they say on the way.</summary>
    public async IAsyncEnumerable<GenerationEvent> EventsOf(int choice)
    {
        var reader = generations[choice].Events;
        while (await reader.WaitToReadAsync())
        {
            while (reader.TryRead(out var one))
            {
                (cached[choice], outputs[choice]) = (one.CachedTokens, one.OutputTokens);
                yield return one;
            }
        }
    }

    public LogprobList? NewLogprobs() => LogsProbabilities ? new LogprobList(model.Tokenizer, Request.IsChat) : null;

    public string EchoOf(int choice) => Request.Echo?[choice / Request.Options.Choices] ?? "";

    public Answer NewAnswer(bool chunk, IReadOnlyList<Choice> choices) =>
        new(id, Request.IsChat ? chunk ? "chat.completion.chunk" : "chat.completion" : "text_completion", created, model.Name, choices);

    public Progress Progress()
    {
        var usage = Usage();
        return new Progress(usage.PromptTokens, usage.PromptTokensDetails.CachedTokens, usage.CompletionTokens);
    }

    /// <summary>A prompt counts once, however many answers it gets.</summary>
    public Usage Usage()
    {
        var (prompt, found) = (0, 0);
        for (var i = 0; i < Request.Prompts.Count; i++)
        {
            prompt += Request.Prompts[i].Length;
            found += cached[i * Request.Options.Choices];
        }

        var output = outputs.Sum();
        return new Usage(prompt, output, prompt + output, new PromptTokensDetails(found));
    }

    public static string NameOf(FinishReason reason) => reason == FinishReason.Length ? "length" : "stop";

    private Generation NewGeneration(int index)
    {
        var prompt = Request.Prompts[index / Request.Options.Choices];
        var sampling = Request.Options.Sampling;
        return new Generation(
            new GenerationRequest(prompt, Math.Min(Request.MostTokens, model.ContextLength - prompt.Length), sampling with { Seed = sampling.Seed + (ulong)index }, Request.Options.Stops),
            model.Tokenizer,
            model.Candidates);
    }

    private void LeaveAll()
    {
        foreach (var generation in generations)
        {
            generation.Leave();
        }
    }

    /// <summary>A generation that failed because nobody waits for it any more is no failure.</summary>
    public static RefusedException Failure(GenerationEvent one, HttpContext context)
    {
        context.RequestAborted.ThrowIfCancellationRequested();
        return new RefusedException(500, one.Text, "server_error", code: "generation_failed");
    }

    private async Task WriteStreamAsync(HttpContext context)
    {
        using var stream = new AnswerStream(this, context);
        await stream.WriteAsync();
    }

    private async Task WriteWholeAsync(HttpContext context)
    {
        var choices = new Choice[Choices];
        for (var i = 0; i < Choices; i++)
        {
            choices[i] = await CollectAsync(i, context);
        }

        var answer = NewAnswer(chunk: false, choices) with { Usage = Usage() };
        await context.Response.WriteAsJsonAsync(answer, WireJson.Relaxed.Answer, cancellationToken: context.RequestAborted);
    }

    private async Task<Choice> CollectAsync(int index, HttpContext context)
    {
        var text = new System.Text.StringBuilder(EchoOf(index));
        var logprobs = NewLogprobs();
        var finish = FinishReason.None;
        await foreach (var one in EventsOf(index))
        {
            if (one.Finish == FinishReason.Failed)
            {
                throw Failure(one, context);
            }

            text.Append(one.Text);
            finish = one.Finish;
            Log(logprobs, one);
        }

        return Request.IsChat
            ? new Choice(index) { Message = new ChatMessage { Role = "assistant", Content = text.ToString() }, Logprobs = logprobs?.Take(), FinishReason = NameOf(finish) }
            : new Choice(index) { Text = text.ToString(), Logprobs = logprobs?.Take(), FinishReason = NameOf(finish) };
    }

    /// <summary>Notes the token of an event; the end token has no text, so it is not listed, and a stop text takes its tokens with it.</summary>
    public static void Log(LogprobList? logprobs, GenerationEvent one)
    {
        if (one.Finish == FinishReason.StopText)
        {
            logprobs?.DropHeld();
        }
        else if (one.Finish != FinishReason.Stop)
        {
            logprobs?.Add(one.Token);
        }
    }
}
