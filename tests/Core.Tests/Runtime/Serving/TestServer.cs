using System.Net;
using System.Text;
using System.Text.Json;
using Amalgam.Runtime.Serving;
using Amalgam.Runtime.Serving.Batching;
using Amalgam.Runtime.Serving.Http;
using Xunit;

namespace Core.Tests.Runtime.Serving;

/// <summary>The real HTTP server on a port of the system's choice, over a simulated model.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private TestServer(RuntimeServer server, LoadedModel loaded, SimulatedLanguageModel model)
    {
        (Server, Loaded, Model) = (server, loaded, model);
        Client = new HttpClient { BaseAddress = new Uri(server.Url) };
    }

    public RuntimeServer Server { get; }

    public LoadedModel Loaded { get; }

    public SimulatedLanguageModel Model { get; }

    public HttpClient Client { get; }

    public static async Task<TestServer> StartAsync(SimulatedLanguageModel? model = null, LoopLimits? limits = null, string? key = null, bool ready = true)
    {
        model ??= new SimulatedLanguageModel(SimulatedLanguageModel.Alphabet);
        var (tokenizer, template) = ByteVocabulary.Read();
        var loaded = new LoadedModel("alphabet", model, tokenizer, template, Pooling.Mean, limits ?? new LoopLimits(), TimeProvider.System);
        var server = await RuntimeServer.StartAsync(IPAddress.Loopback, 0, key, TimeProvider.System);
        if (ready)
        {
            server.Ready(loaded);
        }

        return new TestServer(server, loaded, model);
    }

    public Task<HttpResponseMessage> PostAsync(string path, string json) =>
        Client.PostAsync(path, new StringContent(json, Encoding.UTF8, "application/json"));

    public async Task<(HttpStatusCode Status, JsonElement Body)> AskAsync(string path, string json)
    {
        using var response = await PostAsync(path, json);
        var text = await response.Content.ReadAsStringAsync();
        return (response.StatusCode, JsonDocument.Parse(text).RootElement);
    }

    /// <summary>The data of each event of a stream, [DONE] included.</summary>
    public async Task<List<string>> StreamAsync(string path, string json, bool progress = false)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        if (progress)
        {
            request.Headers.Add("x-amalgam-progress", "1");
        }

        using var response = await Client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        return [.. text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(line => line["data: ".Length..])];
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Loaded.Dispose();
        await Server.DisposeAsync();
    }
}
