using System.Net;
using System.Text.Json;
using Amalgam.Runtime.Gguf;
using Amalgam.Runtime.Serving;
using Amalgam.Runtime.Serving.Http;
using Xunit;
using Xunit.Abstractions;

namespace Core.Tests.Runtime.Serving;

/// <summary>The whole runtime, from the file to the answer: random weights for the machinery, the demo model for sense.</summary>
public sealed class RealModelTests(ITestOutputHelper output)
{
    private static readonly TinyModel Tiny = new() { Vocabulary = ByteVocabulary.Count, Metadata = ByteVocabulary.Metadata() };

    [Theory]
    [InlineData("llama")]
    [InlineData("qwen2")]
    [InlineData("qwen3")]
    public async Task The_answer_does_not_depend_on_what_else_runs_or_what_is_cached(string architecture)
    {
        var path = TinyGguf.WriteTemporary(Tiny with { Architecture = architecture });
        await ServeAsync(new RuntimeOptions { ModelPath = path, Name = "tiny", Slots = 2, Threads = 1 }, async client =>
        {
            const string body = """{"model":"tiny","prompt":"the quick brown fox","temperature":0,"max_tokens":24}""";
            var alone = await TextOf(client, body);
            var again = await TextOf(client, body);
            var together = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => TextOf(client, i % 2 == 0 ? body : body.Replace("fox", $"cat {i}", StringComparison.Ordinal))));
            Assert.NotEmpty(alone);
            Assert.Equal([alone, alone, alone, alone], [again, together[0], together[2], together[4]]);
        });
        File.Delete(path);
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_answer()
    {
        var path = TinyGguf.WriteTemporary(Tiny);
        await ServeAsync(new RuntimeOptions { ModelPath = path, Name = "tiny", Slots = 1, Threads = 1 }, async client =>
        {
            string Body(int seed) => $$"""{"model":"tiny","prompt":"once","temperature":1.5,"seed":{{seed}},"max_tokens":32}""";
            Assert.Equal(await TextOf(client, Body(1)), await TextOf(client, Body(1)));
            Assert.NotEqual(await TextOf(client, Body(1)), await TextOf(client, Body(2)));
        });
        File.Delete(path);
    }

    [Fact]
    public async Task The_demo_model_can_add()
    {
        var path = DemoPath();
        if (path is null)
        {
            output.WriteLine("SKIPPED: models/demo.gguf is not there.");
            return;
        }

        await ServeAsync(new RuntimeOptions { ModelPath = path, Name = "demo", Threads = 1 }, async client =>
        {
            using var content = new StringContent("""{"model":"demo","temperature":0,"messages":[{"role":"user","content":"What is 2 + 3?"}]}""");
            using var response = await client.PostAsync("/v1/chat/completions", content);
            var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
            Assert.Contains("5", answer.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString(), StringComparison.Ordinal);
        });
    }

    [Fact]
    public void A_file_that_cannot_be_served_is_refused_in_one_line()
    {
        var without = TinyGguf.WriteTemporary(new TinyModel());
        var broken = TinyGguf.WriteTemporary(Tiny with { Missing = new HashSet<string> { "output_norm.weight" } });
        var small = TinyGguf.WriteTemporary(Tiny with { TrainedContext = 64 });
        Assert.Contains("no_vocab", Refusal(new RuntimeOptions { ModelPath = without }), StringComparison.Ordinal);
        Assert.Contains("output_norm.weight", Refusal(new RuntimeOptions { ModelPath = broken }), StringComparison.Ordinal);
        Assert.Contains("64", Refusal(new RuntimeOptions { ModelPath = small, ContextLength = 65 }), StringComparison.Ordinal);
        Array.ForEach([without, broken, small], File.Delete);
    }

    private static string Refusal(RuntimeOptions options)
    {
        var message = Assert.Throws<ModelFormatException>(() => LoadedModel.Load(options, TimeProvider.System)).Message;
        Assert.DoesNotContain('\n', message);
        return message;
    }

    private static async Task ServeAsync(RuntimeOptions options, Func<HttpClient, Task> use)
    {
        using var loaded = LoadedModel.Load(options, TimeProvider.System);
        await using var server = await RuntimeServer.StartAsync(IPAddress.Loopback, 0, null, TimeProvider.System);
        server.Ready(loaded);
        using var client = new HttpClient { BaseAddress = new Uri(server.Url) };
        await use(client);
    }

    private static async Task<string> TextOf(HttpClient client, string body)
    {
        using var content = new StringContent(body);
        using var response = await client.PostAsync("/v1/completions", content);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement.GetProperty("choices")[0].GetProperty("text").GetString()!;
    }

    private static string? DemoPath()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var path = Path.Combine(folder.FullName, "models", "demo.gguf");
            if (File.Exists(path))
            {
                return path;
            }
        }

        return null;
    }
}
