// The client marks its Responses part as experimental; using it is the point of this test.
#pragma warning disable OPENAI001
using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text;
using Amalgam.SystemTests.Gateway.Rig;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Responses;
using Xunit;

namespace Amalgam.SystemTests.Gateway;

/// <summary>The official OpenAI client for .NET, unchanged, only its endpoint set.</summary>
public sealed class OfficialDotNetClientTests
{
    private static OpenAIClient Client(GatewayRig rig, string key = "developer-key") =>
        new(new ApiKeyCredential(key), new OpenAIClientOptions { Endpoint = new Uri(rig.Address + "/v1"), RetryPolicy = new ClientRetryPolicy(0) });

    [Fact]
    public async Task It_chats()
    {
        await using var rig = await GatewayRig.StartAsync();
        ChatCompletion answer = await Client(rig).GetChatClient("normal").CompleteChatAsync("one two");
        Assert.Equal("w0 w1 w2", answer.Content[0].Text);
        Assert.Equal((3, 1), (answer.Usage.OutputTokenCount, answer.Usage.InputTokenDetails.CachedTokenCount));
        Assert.Equal("normal", answer.Model);
    }

    [Fact]
    public async Task It_streams_with_usage()
    {
        await using var rig = await GatewayRig.StartAsync(progress: true);
        var text = new StringBuilder();
        ChatTokenUsage? usage = null;
        await foreach (var update in Client(rig).GetChatClient("normal").CompleteChatStreamingAsync([new UserChatMessage("one two")]))
        {
            foreach (var part in update.ContentUpdate) text.Append(part.Text);
            usage = update.Usage ?? usage;
        }
        Assert.Equal("w0 w1 w2 ", text.ToString());
        Assert.Equal(3, usage!.OutputTokenCount);
        Assert.Equal(3, rig.Ledger.Settled.Single().OutputTokens);
    }

    [Fact]
    public async Task It_embeds()
    {
        await using var rig = await GatewayRig.StartAsync();
        var embedding = await Client(rig).GetEmbeddingClient("normal").GenerateEmbeddingAsync("one two");
        Assert.Equal([0.25f, -0.5f, 1f], embedding.Value.ToFloats().ToArray());
    }

    [Fact]
    public async Task It_lists_and_finds_models()
    {
        await using var rig = await GatewayRig.StartAsync();
        var models = Client(rig).GetOpenAIModelClient();
        Assert.Equal(["normal", "owner/model"], (await models.GetModelsAsync()).Value.Select(m => m.Id));
        Assert.Equal("normal", (await models.GetModelAsync("normal")).Value.Id);
    }

    [Fact]
    public async Task It_gets_a_response()
    {
        await using var rig = await GatewayRig.StartAsync();
        var options = new CreateResponseOptions { Model = "normal", Instructions = "Be brief.", MaxOutputTokenCount = 2, StoredOutputEnabled = false };
        options.InputItems.Add(ResponseItem.CreateUserMessageItem("one two"));
        ResponseResult response = await Client(rig).GetResponsesClient().CreateResponseAsync(options);
        Assert.Equal("w0 w1", response.GetOutputText());
        Assert.Equal(ResponseStatus.Incomplete, response.Status);
        Assert.Equal(2, response.Usage.OutputTokenCount);
        Assert.Contains("""{"role":"system","content":"Be brief."},{"role":"user","content":"one two"}""", rig.Upstreams[0].Requests.Values.Single().Body, StringComparison.Ordinal);
        Assert.Equal("/v1/responses", rig.Ledger.Settled.Single().Endpoint);
    }

    [Fact]
    public async Task It_streams_a_response()
    {
        await using var rig = await GatewayRig.StartAsync(progress: true);
        var options = new CreateResponseOptions { Model = "normal", StreamingEnabled = true };
        options.InputItems.Add(ResponseItem.CreateUserMessageItem("one two"));
        var text = new StringBuilder();
        var kinds = new List<string>();
        ResponseResult? completed = null;
        await foreach (var update in await Client(rig).GetResponsesClient().CreateResponseStreamingAsync(options))
        {
            kinds.Add(update.GetType().Name);
            if (update is StreamingResponseOutputTextDeltaUpdate delta) text.Append(delta.Delta);
            if (update is StreamingResponseCompletedUpdate done) completed = done.Response;
        }
        Assert.Equal("w0 w1 w2 ", text.ToString());
        Assert.Equal("w0 w1 w2 ", completed!.GetOutputText());
        Assert.Equal(3, completed.Usage.OutputTokenCount);
        Assert.Equal(11, kinds.Count);
        Assert.Single(rig.Ledger.Settled);
    }

    [Theory]
    [InlineData("nobody", "normal", 401)]
    [InlineData("auditor-key", "normal", 403)]
    [InlineData("developer-key", "absent", 404)]
    [InlineData("developer-key", "too-long", 400)]
    [InlineData("developer-key", "limited", 429)]
    [InlineData("developer-key", "broken", 500)]
    [InlineData("developer-key", "reset", 502)]
    public async Task It_throws_its_own_exception_with_status_and_message(string key, string model, int status)
    {
        await using var rig = await GatewayRig.StartAsync();
        var chat = Client(rig, key).GetChatClient(model);
        var whole = await Assert.ThrowsAsync<ClientResultException>(() => chat.CompleteChatAsync("hi"));
        Assert.Equal(status, whole.Status);
        Assert.Contains("HTTP " + status, whole.Message, StringComparison.Ordinal);
        var streamed = await Assert.ThrowsAsync<ClientResultException>(async () =>
        {
            await foreach (var _ in chat.CompleteChatStreamingAsync([new UserChatMessage("hi")]))
            {
            }
        });
        Assert.Equal(status, streamed.Status);
    }

    [Fact]
    public async Task It_cancels_a_stream_and_the_replica_stops()
    {
        await using var rig = await GatewayRig.StartAsync();
        using var leave = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            var options = new ChatCompletionOptions { MaxOutputTokenCount = 1_000_000 };
            await foreach (var _ in Client(rig).GetChatClient("stall:2").CompleteChatStreamingAsync([new UserChatMessage("hi")], options, leave.Token)) await leave.CancelAsync();
        });
        await rig.Upstreams[0].Requests.Values.Single().Cancelled.Task.WaitAsync(TimeSpan.FromMinutes(1));
        await GatewayRig.UntilAsync(() => rig.Ledger.Settled.Count == 1, "the charge is settled");
    }
}
