using System.Net.Http.Headers;
using System.Text;
using Amalgam.Gateway;
using Amalgam.Gateway.Forwarding;
using Amalgam.Gateway.Ports;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Amalgam.SystemTests.Gateway.Rig;

/// <summary>The gateway in a real Kestrel host, with ports that remember and replicas that misbehave on demand.</summary>
internal sealed class GatewayRig : IAsyncDisposable
{
    private readonly WebApplication _app;

    private GatewayRig(WebApplication app, List<FakeReplica> upstreams)
    {
        _app = app;
        Upstreams = upstreams;
        Client = new HttpClient { BaseAddress = new Uri(Address), Timeout = TimeSpan.FromMinutes(2) };
        Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "developer-key");
    }

    public string Address => _app.Urls.First();

    public List<FakeReplica> Upstreams { get; }

    public HttpClient Client { get; }

    public MemoryLedger Ledger => _app.Services.GetRequiredService<MemoryLedger>();

    public MemoryReplicas Replicas => _app.Services.GetRequiredService<MemoryReplicas>();

    public MemoryLimits Limits => _app.Services.GetRequiredService<MemoryLimits>();

    public MemoryCallers Callers => _app.Services.GetRequiredService<MemoryCallers>();

    public GatewayDrain Drain => _app.Services.GetRequiredService<GatewayDrain>();

    public static GatewayOptions Quick { get; } = new()
    {
        MaxBodyBytes = 1 << 20,
        Patience = TimeSpan.FromSeconds(2),
        RetryPatience = TimeSpan.FromMilliseconds(200),
    };

    public static async Task<GatewayRig> StartAsync(int replicas = 1, bool progress = false, GatewayOptions? options = null, Func<string, string, string>? modeOf = null)
    {
        var upstreams = new List<FakeReplica>();
        for (var i = 0; i < replicas; i++) upstreams.Add(await FakeReplica.StartAsync($"lease-{i}", modeOf));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton<MemoryCallers>().AddSingleton<ICallers>(s => s.GetRequiredService<MemoryCallers>());
        builder.Services.AddSingleton<MemoryReplicas>().AddSingleton<IReplicas>(s => s.GetRequiredService<MemoryReplicas>());
        builder.Services.AddSingleton<MemoryLedger>().AddSingleton<ITokenLedger>(s => s.GetRequiredService<MemoryLedger>());
        builder.Services.AddSingleton<MemoryLimits>().AddSingleton<ILimits>(s => s.GetRequiredService<MemoryLimits>());
        builder.Services.AddGateway(options ?? Quick);
        var app = builder.Build();
        app.MapGateway();
        await app.StartAsync();
        var rig = new GatewayRig(app, upstreams);
        foreach (var upstream in upstreams) rig.Replicas.Add(upstream.Name, upstream.Address, progress);
        return rig;
    }

    public static string Chat(string model, string more = "") => $$"""{"model":"{{model}}","messages":[{"role":"user","content":"one two three"}]{{more}}}""";

    public Task<HttpResponseMessage> PostAsync(string body, string path = "/v1/chat/completions", string? requestId = null, CancellationToken cancel = default)
    {
        var message = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (requestId is not null) message.Headers.Add("x-request-id", requestId);
        return Client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancel);
    }

    /// <summary>The data of all events of a streamed chat.</summary>
    public async Task<List<string>> StreamAsync(string model, string more = "", string path = "/v1/chat/completions")
    {
        var body = path.Contains("chat", StringComparison.Ordinal) ? Chat(model, ",\"stream\":true" + more) : $$"""{"model":"{{model}}","prompt":"one two","stream":true{{more}}}""";
        using var response = await PostAsync(body, path);
        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        return Events(await response.Content.ReadAsStringAsync());
    }

    public static List<string> Events(string stream) =>
        [.. stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(e => e[(e.IndexOf("data: ", StringComparison.Ordinal) + 6)..])];

    /// <summary>Waits for something that happens soon after an answer ended; fails after a minute.</summary>
    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        for (var i = 0; !condition(); i++)
        {
            Assert.True(i < 6000, $"This never came true: {what}.");
            await Task.Delay(10);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Ledger.Gate?.TrySetResult();
        await Drain.StopAsync(TimeSpan.Zero, TimeProvider.System);
        await _app.DisposeAsync();
        foreach (var upstream in Upstreams) await upstream.DisposeAsync();
    }
}
