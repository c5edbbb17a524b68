using System.Net;
using Amalgam.Runtime.Model;
using Amalgam.Runtime.Sampling;
using Amalgam.Runtime.Serving.Batching;
using Amalgam.Runtime.Tokenizing;
using Xunit;

namespace Core.Tests.Runtime.Serving;

public sealed class BatchingTests
{
    private static readonly Tokenizer Tokenizer = ByteVocabulary.Read().Tokenizer;
    private static readonly CandidateList Candidates = new(ByteVocabulary.Count + 3);

    [Fact]
    public async Task Two_answers_share_passes()
    {
        using var gate = new ManualResetEventSlim();
        var model = new SimulatedLanguageModel(SimulatedLanguageModel.Alphabet) { BeforePass = _ => gate.Wait() };
        using var loop = new GenerationLoop(model, new LoopLimits(), TimeProvider.System);
        Assert.True(loop.TrySubmit(Generate("\n", 20)));
        var second = Generate("k", 5);
        var third = Generate("\n", 20);
        Assert.True(loop.TrySubmit(second));
        Assert.True(loop.TrySubmit(third));
        gate.Set();
        Assert.Equal("lmnop", await TextOf(second));
        Assert.Equal("abcdefghijklmnopqrst", await TextOf(third)); // waited for a slot, and got it when the second had ended
        Assert.Contains(model.Passes, pass => pass.Select(token => token.Slot).Distinct().Count() == 2);
    }

    [Fact]
    public async Task A_long_prompt_does_not_stop_an_answer()
    {
        using var gate = new SemaphoreSlim(1);
        var model = new SimulatedLanguageModel(SimulatedLanguageModel.Alphabet, maxBatch: 16) { BeforePass = _ => gate.Wait() };
        using var loop = new GenerationLoop(model, new LoopLimits { PromptBesideAnswers = 8 }, TimeProvider.System);
        var answer = Generate("\n", 24);
        Assert.True(loop.TrySubmit(answer));
        await answer.Events.ReadAsync(); // the first pass is over, the second waits at the gate
        var prompt = Generate(new string('x', 63) + "\n", 1);
        Assert.True(loop.TrySubmit(prompt));
        gate.Release(1000);
        await TextOf(prompt);
        await TextOf(answer);
        BatchToken[][] mixed = [.. model.Passes.Where(pass => pass.Any(token => token.Token == 'x'))];
        Assert.Equal(8, mixed.Length); // 64 tokens, 8 at a time
        Assert.All(mixed, pass => Assert.Equal(2, pass.Select(token => token.Slot).Distinct().Count()));
    }

    [Fact]
    public async Task An_idle_loop_takes_a_prompt_in_whole_batches()
    {
        var model = new SimulatedLanguageModel(SimulatedLanguageModel.Alphabet, maxBatch: 16);
        using var loop = new GenerationLoop(model, new LoopLimits { PromptBesideAnswers = 4 }, TimeProvider.System);
        var prompt = Generate(new string('x', 63) + "\n", 1);
        Assert.True(loop.TrySubmit(prompt));
        Assert.Equal("a", await TextOf(prompt));
        Assert.Equal([16, 16, 16, 16], model.Passes.Select(pass => pass.Length));
    }

    [Fact]
    public async Task One_who_leaves_is_gone_by_the_next_pass_and_the_slot_is_free()
    {
        using var gate = new SemaphoreSlim(0);
        var model = new SimulatedLanguageModel(SimulatedLanguageModel.Alphabet, slots: 1) { BeforePass = _ => gate.Wait() };
        using var loop = new GenerationLoop(model, new LoopLimits(), TimeProvider.System);
        var leaver = Generate("\n", 20);
        var next = Generate("x", 1);
        Assert.True(loop.TrySubmit(leaver));
        Assert.True(loop.TrySubmit(next));
        gate.Release();
        await leaver.Events.ReadAsync();
        leaver.Leave();
        gate.Release(100);
        Assert.Equal("y", await TextOf(next));

        // At most the pass that was already under way.
        Assert.InRange(model.Passes.Count(pass => pass.Length > 0), 2, 3);
    }

    [Fact]
    public async Task A_full_queue_refuses_with_503()
    {
        using var gate = new SemaphoreSlim(0);
        var model = new SimulatedLanguageModel(SimulatedLanguageModel.Alphabet, slots: 1) { BeforePass = _ => gate.Wait() };
        await using var server = await TestServer.StartAsync(model, new LoopLimits { Waiting = 1 });
        const string body = """{"model":"alphabet","prompt":"w"}""";
        var running = server.AskAsync("/v1/completions", body);
        await Until(() => server.Loaded.Loop.Counters.Running == 1);
        var waiting = server.AskAsync("/v1/completions", body);
        await Until(() => server.Loaded.Loop.Waiting == 1);
        using var refused = await server.PostAsync("/v1/completions", body);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Equal("1", refused.Headers.RetryAfter?.ToString());
        gate.Release(1000);
        Assert.Equal(HttpStatusCode.OK, (await running).Status);
        Assert.Equal(HttpStatusCode.OK, (await waiting).Status);
    }

    [Fact]
    public async Task A_client_that_hangs_up_ends_its_generation()
    {
        using var gate = new SemaphoreSlim(3);
        var model = new SimulatedLanguageModel(_ => 'x', context: 4000) { BeforePass = _ => gate.Wait() };
        await using var server = await TestServer.StartAsync(model);
        using var leave = new CancellationTokenSource();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/completions")
        {
            Content = new StringContent("""{"model":"alphabet","prompt":"w","max_tokens":3000,"stream":true}"""),
        };
        using var response = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, leave.Token);
        await leave.CancelAsync();
        response.Dispose();
        await Until(() =>
        {
            gate.Release();
            return server.Loaded.Loop.Counters.Running == 0;
        });
        Assert.True(server.Loaded.Loop.Counters.OutputTokens < 3000);
    }

    [Fact]
    public async Task A_pass_that_fails_ends_its_requests_and_not_the_loop()
    {
        var fails = true;
        var model = new SimulatedLanguageModel(SimulatedLanguageModel.Alphabet)
        {
            BeforePass = _ => FailWhen(fails, "the machine room is on fire"),
        };
        await using var server = await TestServer.StartAsync(model);
        var (status, body) = await server.AskAsync("/v1/completions", """{"model":"alphabet","prompt":"w"}""");
        fails = false;
        var (after, answer) = await server.AskAsync("/v1/completions", """{"model":"alphabet","prompt":"w"}""");
        Assert.Equal((HttpStatusCode.InternalServerError, HttpStatusCode.OK), (status, after));
        Assert.Contains("on fire", body.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("xyz", answer.GetProperty("choices")[0].GetProperty("text").GetString());
    }

    [Fact]
    public async Task A_stream_that_breaks_ends_with_an_error_and_without_done()
    {
        var model = new SimulatedLanguageModel(SimulatedLanguageModel.Alphabet)
        {
            BeforePass = batch => FailWhen(batch[0].Token == 'y', "lost"),
        };
        await using var server = await TestServer.StartAsync(model);
        var events = await server.StreamAsync("/v1/completions", """{"model":"alphabet","prompt":"w","stream":true}""");
        Assert.DoesNotContain("[DONE]", events);
        Assert.Contains("generation_failed", events[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_conversation_finds_its_earlier_turns_in_the_cache_even_after_others()
    {
        var model = new SimulatedLanguageModel(SimulatedLanguageModel.Alphabet, slots: 2);
        using var loop = new GenerationLoop(model, new LoopLimits(), TimeProvider.System);
        var first = Generate(new string('p', 50) + "\n", 3);
        Assert.True(loop.TrySubmit(first));
        await TextOf(first);
        var other = Generate(new string('q', 50) + "\n", 3);
        Assert.True(loop.TrySubmit(other));
        await TextOf(other);
        var next = Generate(new string('p', 50) + "\nabc and more\n", 3);
        Assert.True(loop.TrySubmit(next));
        var one = await next.Events.ReadAsync();
        Assert.Equal(53, one.CachedTokens); // the prompt, and the answer but for its last token, which was never fed
        Assert.Equal("a", one.Text);
    }

    private static Generation Generate(string prompt, int most) =>
        new(new GenerationRequest([.. prompt.Select(c => (int)c)], most, SamplingOptions.Greedy, []), Tokenizer, Candidates);

    private static async Task<string> TextOf(Generation generation)
    {
        var text = "";
        await foreach (var one in generation.Events.ReadAllAsync())
        {
            text += one.Text;
        }

        return text;
    }

    private static void FailWhen(bool fails, string why)
    {
        if (fails)
        {
            throw new InvalidOperationException(why);
        }
    }

    private static async Task Until(Func<bool> condition)
    {
        for (var tries = 0; !condition(); tries++)
        {
            Assert.True(tries < 3000, "what was waited for never came");
            await Task.Delay(10);
        }
    }
}
