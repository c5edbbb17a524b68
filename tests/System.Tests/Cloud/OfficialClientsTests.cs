using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text;
using System.Text.Json;
using Amalgam.SystemTests.Gateway;
using OpenAI;
using OpenAI.Chat;
using Xunit;
using Xunit.Abstractions;

namespace Amalgam.SystemTests.Cloud;

/// <summary>The official clients, unchanged, against a real cloud: real replica, real gateway, real bill.</summary>
public sealed class OfficialClientsTests(ITestOutputHelper output) : IAsyncLifetime
{
    private RunningCloud _cloud = null!;

    public async Task InitializeAsync()
    {
        _cloud = await RunningCloud.StartNewAsync();
        await _cloud.MustAsync("serve", "demo", "--chips", "cpu");
    }

    public async Task DisposeAsync() => await _cloud.DisposeAsync();

    [Fact]
    public async Task The_client_for_NET_chats_streams_embeds_lists_and_gets_typed_errors()
    {
        var chat = Client(_cloud.Key).GetChatClient("demo");
        ChatCompletion whole = await chat.CompleteChatAsync([new UserChatMessage("What is 17 + 25?")], new ChatCompletionOptions { Temperature = 0 });
        Assert.Contains("42", whole.Content[0].Text, StringComparison.Ordinal);

        var text = new StringBuilder();
        ChatTokenUsage? usage = null;
        await foreach (var update in chat.CompleteChatStreamingAsync([new UserChatMessage("What is 17 + 25?")], new ChatCompletionOptions { Temperature = 0 }))
        {
            foreach (var part in update.ContentUpdate)
            {
                text.Append(part.Text);
            }

            usage = update.Usage ?? usage;
        }

        Assert.Equal(whole.Content[0].Text, text.ToString());
        Assert.Equal(whole.Usage.OutputTokenCount, usage!.OutputTokenCount);
        var embedding = await Client(_cloud.Key).GetEmbeddingClient("demo").GenerateEmbeddingAsync("seventeen");
        Assert.True(embedding.Value.ToFloats().Length > 8);
        Assert.Equal(["demo"], (await Client(_cloud.Key).GetOpenAIModelClient().GetModelsAsync()).Value.Select(model => model.Id));

        Assert.Equal(401, await StatusAsync("amk_wrong", "demo", "hi"));
        Assert.Equal(404, await StatusAsync(_cloud.Key, "absent", "hi"));
        Assert.Equal(400, await StatusAsync(_cloud.Key, "demo", string.Concat(Enumerable.Repeat("word ", 20_000))));
        var auditor = (await _cloud.MustAsync("key", "create", "--role", "auditor")).Trim();
        Assert.Equal(403, await StatusAsync(auditor, "demo", "hi"));
    }

    [Fact]
    public async Task The_client_for_JavaScript_works_unchanged()
    {
        if (await OfficialJavaScriptClientTests.InstallAsync(OfficialJavaScriptClientTests.Folder) is { } missing)
        {
            Say($"SKIPPED: the official JavaScript client was not tried against the cloud: {missing}");
            return;
        }

        var script = Path.Combine(RunningCloud.RepositoryRoot, "tests", "System.Tests", "Cloud", "cloud-client.mjs");
        var (code, text) = await OfficialJavaScriptClientTests.RunAsync("node", [script, OfficialJavaScriptClientTests.Folder, _cloud.Url, _cloud.Key], OfficialJavaScriptClientTests.Folder);
        output.WriteLine(text);
        Assert.True(code == 0, text);
        Assert.Equal(8, text.Split('\n').Count(line => line.StartsWith("ok ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_demo_model_gives_the_checked_answers_through_the_gateway()
    {
        var file = Path.Combine(RunningCloud.RepositoryRoot, "models", "demo-answers.json");
        if (!File.Exists(file))
        {
            Say("SKIPPED: models/demo-answers.json is not there");
            return;
        }

        var right = 0;
        var wrong = new List<string>();
        using var client = _cloud.Client();
        foreach (var item in Answers(JsonDocument.Parse(await File.ReadAllTextAsync(file)).RootElement))
        {
            var (asked, expected, text) = (item.GetRawText(), item.GetProperty("answer").GetString()!, await AskAsync(client, item));
            right += text == expected ? 1 : 0;
            if (text != expected)
            {
                wrong.Add($"{asked} -> {text}");
            }
        }

        Say($"demo model: {right} checked answers right, {wrong.Count} wrong");
        Assert.True(right > 0);
        Assert.Empty(wrong);
    }

    /// <summary>A list of objects with `messages` or `prompt`, and `answer`.</summary>
    private static JsonElement.ArrayEnumerator Answers(JsonElement root) =>
        (root.ValueKind == JsonValueKind.Array ? root : root.EnumerateObject().First(member => member.Value.ValueKind == JsonValueKind.Array).Value).EnumerateArray();

    private static async Task<string> AskAsync(HttpClient client, JsonElement item)
    {
        var chat = item.TryGetProperty("messages", out var messages);
        var body = chat
            ? $$"""{"model":"demo","temperature":0,"messages":{{messages.GetRawText()}}}"""
            : $$"""{"model":"demo","temperature":0,"max_tokens":{{item.GetProperty("answer").GetString()!.Length}},"prompt":{{item.GetProperty("prompt").GetRawText()}}}""";
        using var answer = await client.PostAsync(chat ? "/v1/chat/completions" : "/v1/completions", new StringContent(body));
        var choice = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("choices")[0];
        var text = chat ? choice.GetProperty("message").GetProperty("content").GetString()! : choice.GetProperty("text").GetString()!;
        // A completion goes on after its answer until its limit; a chat ends by itself.
        return chat ? text : text[..Math.Min(text.Length, item.GetProperty("answer").GetString()!.Length)];
    }

    private OpenAIClient Client(string key) =>
        new(new ApiKeyCredential(key), new OpenAIClientOptions { Endpoint = new Uri(_cloud.Url + "/v1"), RetryPolicy = new ClientRetryPolicy(0) });

    private async Task<int> StatusAsync(string key, string model, string text) =>
        (await Assert.ThrowsAsync<ClientResultException>(() => Client(key).GetChatClient(model).CompleteChatAsync(text))).Status;

    private void Say(string line)
    {
        output.WriteLine(line);
        Console.WriteLine(line);
    }
}
