using System.Buffers;
using System.Text.Json;
using Amalgam.Runtime.Serving.Batching;
using Microsoft.AspNetCore.Http;

namespace Amalgam.Runtime.Serving.Http;

/// <summary>Hands an answer out as server-sent events, as OpenAI does: a chunk whenever there is text, then the finish reason, the usage if asked for, and [DONE].</summary>
internal sealed class AnswerStream(AnswerRun run, HttpContext context) : IDisposable
{
    private readonly SemaphoreSlim turn = new(1);
    private readonly bool reportsProgress = context.Request.Headers.ContainsKey(AnswerRun.ProgressHeader);
    private Utf8JsonWriter? writer;

    public async Task WriteAsync()
    {
        await Task.WhenAll(Enumerable.Range(0, run.Choices).Select(WriteChoiceAsync));
        if (run.Request.Options.IncludeUsage)
        {
            WriteData(run.NewAnswer(chunk: true, []) with { Usage = run.Usage() });
        }

        WriteRaw("data: [DONE]\n\n"u8);
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    public void Dispose()
    {
        turn.Dispose();
        writer?.Dispose();
    }

    /// <summary>Ends a stream that has begun with an error event and without [DONE], so that nobody takes it for a whole answer.</summary>
    public static async Task WriteErrorAsync(HttpContext context, ErrorEnvelope error)
    {
        var pipe = context.Response.BodyWriter;
        pipe.Write("data: "u8);
        pipe.Write(JsonSerializer.SerializeToUtf8Bytes(error, WireJson.Relaxed.ErrorEnvelope));
        pipe.Write("\n\n"u8);
        await pipe.FlushAsync();
    }

    private async Task WriteChoiceAsync(int index)
    {
        var logprobs = run.NewLogprobs();
        var first = true;
        await foreach (var one in run.EventsOf(index))
        {
            if (one.Finish == FinishReason.Failed)
            {
                throw AnswerRun.Failure(one, context);
            }

            AnswerRun.Log(logprobs, one);
            await turn.WaitAsync(context.RequestAborted);
            try
            {
                WriteEvent(index, one, first, logprobs);
                await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
            }
            finally
            {
                turn.Release();
            }

            first = false;
        }
    }

    private void WriteEvent(int index, GenerationEvent one, bool first, LogprobList? logprobs)
    {
        Begin();
        var echo = first ? run.EchoOf(index) : "";
        if (first && run.Request.IsChat)
        {
            WriteData(run.NewAnswer(chunk: true, [new Choice(index) { Delta = new ChatMessage { Role = "assistant", Content = "" } }]));
        }

        // A token without text to show, half a character say, makes a chunk only for those who count tokens.
        var ends = one.Finish != FinishReason.None;
        if (one.Text.Length + echo.Length > 0 || (reportsProgress && !ends))
        {
            WriteData(run.NewAnswer(chunk: true, [TextOf(index, echo + one.Text, one.Text.Length > 0 || ends ? logprobs?.Take() : null)]));
        }

        if (ends)
        {
            WriteData(run.NewAnswer(chunk: true, [Ended(index, one.Finish, logprobs)]));
        }
    }

    private Choice TextOf(int index, string text, object? logprobs) => run.Request.IsChat
        ? new Choice(index) { Delta = new ChatMessage { Content = text }, Logprobs = logprobs }
        : new Choice(index) { Text = text, Logprobs = logprobs };

    private Choice Ended(int index, FinishReason reason, LogprobList? logprobs) => run.Request.IsChat
        ? new Choice(index) { Delta = new ChatMessage(), Logprobs = logprobs?.Take(), FinishReason = AnswerRun.NameOf(reason) }
        : new Choice(index) { Text = "", Logprobs = logprobs?.Take(), FinishReason = AnswerRun.NameOf(reason) };

    private void Begin()
    {
        if (!context.Response.HasStarted)
        {
            context.Response.ContentType = "text/event-stream";
            context.Response.Headers.CacheControl = "no-cache";
        }
    }

    private void WriteData(Answer answer)
    {
        WriteRaw("data: "u8);
        var pipe = context.Response.BodyWriter;
        writer ??= new Utf8JsonWriter(pipe, new JsonWriterOptions { Encoder = WireJson.Relaxed.Options.Encoder });
        writer.Reset(pipe);
        JsonSerializer.Serialize(writer, reportsProgress ? answer with { Amalgam = run.Progress() } : answer, WireJson.Relaxed.Answer);
        writer.Flush();
        WriteRaw("\n\n"u8);
    }

    private void WriteRaw(ReadOnlySpan<byte> bytes) => context.Response.BodyWriter.Write(bytes);
}
