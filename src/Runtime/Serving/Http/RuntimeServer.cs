using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Amalgam.Runtime.Serving.Http;

/// <summary>The HTTP face of one replica: OpenAI's endpoints, health, metrics. It listens before the model is loaded and says so until it is.</summary>
public sealed class RuntimeServer : IAsyncDisposable
{
    private const int MostConnections = 1024;

    private readonly WebApplication app;
    private readonly TimeProvider time;
    private readonly byte[]? key;
    private readonly RequestCounts counts = new();
    private volatile LoadedModel? model;
    private volatile bool draining;

    private RuntimeServer(IPAddress address, int port, string? key, TimeProvider time)
    {
        this.time = time;
        this.key = key is null ? null : SHA256.HashData(Encoding.UTF8.GetBytes(key));
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ApplicationName = "amalgam-runtime" });
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = RequestBody.MostBytes;
            kestrel.Limits.MaxConcurrentConnections = MostConnections;
            kestrel.Listen(address, port);
        });
        app = builder.Build();
        Map();
    }

    /// <summary>Where it listens, with the port the system chose.</summary>
    public string Url => app.Urls.First();

    /// <summary>Requests under way.</summary>
    public long Running => counts.Running;

    /// <param name="key">What every request but health must bring as a bearer token; null for none.</param>
    /// <exception cref="IOException">The port is taken or the address is not this machine's.</exception>
    public static async Task<RuntimeServer> StartAsync(IPAddress address, int port, string? key, TimeProvider time, CancellationToken cancel = default)
    {
        var server = new RuntimeServer(address, port, key, time);
        try
        {
            await server.app.StartAsync(cancel);
            return server;
        }
        catch
        {
            await server.app.DisposeAsync();
            throw;
        }
    }

    /// <summary>From now on it answers. The model stays the caller's.</summary>
    public void Ready(LoadedModel loaded) => model = loaded;

    /// <summary>From now on it refuses new requests; those under way go on.</summary>
    public void Drain() => draining = true;

    public async ValueTask DisposeAsync()
    {
        using var brief = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await app.StopAsync(brief.Token);
        await app.DisposeAsync();
    }

    private void Map()
    {
        app.Use(async (context, next) =>
        {
            await ErrorAnswers.GuardAsync(context, () =>
            {
                CheckKey(context);
                return next(context);
            });
        });
        app.MapGet("/health", HealthAsync);
        app.MapGet("/v1/models", ModelsAsync);
        app.MapGet("/v1/models/{**id}", ModelAsync);
        app.MapGet("/metrics", context => context.Response.WriteAsync(MetricsText.Prometheus(Current(), counts), context.RequestAborted));
        app.MapGet("/stats", context => context.Response.WriteAsJsonAsync(MetricsText.Stats(Current()), StatsJson.Default.RuntimeStats));
        app.MapPost("/v1/chat/completions", context => CountedAsync(context, (body, loaded) =>
            new AnswerRun(ChatRequest.Read(body, loaded, time.GetLocalNow()), loaded, time.GetUtcNow()).AnswerAsync(context)));
        app.MapPost("/v1/completions", context => CountedAsync(context, (body, loaded) =>
            new AnswerRun(CompletionRequest.Read(body, loaded), loaded, time.GetUtcNow()).AnswerAsync(context)));
        app.MapPost("/v1/embeddings", context => CountedAsync(context, (body, loaded) => EmbeddingRun.AnswerAsync(context, body, loaded)));
        app.MapFallback(context => throw new RefusedException(
            404, $"There is nothing at {context.Request.Method} {context.Request.Path}; this is the OpenAI API of one model, under /v1.", code: "not_found"));
    }

    private void CheckKey(HttpContext context)
    {
        if (key is null || context.Request.Path == "/health")
        {
            return;
        }

        var given = context.Request.Headers.Authorization.ToString();
        given = given.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? given["Bearer ".Length..].Trim() : "";

        // Hashes have one length, so the comparison takes one time.
        if (!CryptographicOperations.FixedTimeEquals(key, SHA256.HashData(Encoding.UTF8.GetBytes(given))))
        {
            throw new RefusedException(401, "This replica answers only its gateway; send the request there.", "authentication_error", code: "invalid_api_key");
        }
    }

    private async Task CountedAsync(HttpContext context, Func<JsonElement, LoadedModel, Task> answer)
    {
        counts.Begin();
        var status = StatusCodes.Status500InternalServerError;
        try
        {
            status = await ErrorAnswers.GuardAsync(context, async () =>
            {
                var loaded = draining ? throw RefusedException.Unavailable("This replica is stopping; try another.", "stopping") : Current();
                using var body = await RequestBody.ReadAsync(context);
                CheckModel(body.RootElement, loaded);
                await answer(body.RootElement, loaded);
            });
        }
        finally
        {
            counts.End(status, context.RequestAborted.IsCancellationRequested);
        }
    }

    private static void CheckModel(JsonElement body, LoadedModel loaded)
    {
        var name = new RequestFields(body).Required("model");
        if (name.ValueKind != JsonValueKind.String)
        {
            throw RequestFields.WrongType("model", "a text", name);
        }

        if (!name.ValueEquals(loaded.Name))
        {
            throw new RefusedException(404, $"There is no model '{name.GetString()}' here; this replica serves '{loaded.Name}'.", param: "model", code: "model_not_found");
        }
    }

    private LoadedModel Current() => model ?? throw RefusedException.Unavailable("The model is still being loaded; try again in a moment.", "loading");

    private Task HealthAsync(HttpContext context)
    {
        var status = draining ? "stopping" : model is null ? "loading" : "ready";
        context.Response.StatusCode = status == "ready" ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        return context.Response.WriteAsJsonAsync(new Health(status), WireJson.Relaxed.Health);
    }

    private Task ModelsAsync(HttpContext context) =>
        context.Response.WriteAsJsonAsync(new ModelList("list", [Entry(Current())]), WireJson.Relaxed.ModelList);

    private Task ModelAsync(HttpContext context)
    {
        var loaded = Current();
        return context.Request.RouteValues["id"] as string == loaded.Name
            ? context.Response.WriteAsJsonAsync(Entry(loaded), WireJson.Relaxed.ModelEntry)
            : throw new RefusedException(404, $"There is no such model here; this replica serves '{loaded.Name}'.", param: "model", code: "model_not_found");
    }

    private static ModelEntry Entry(LoadedModel loaded) => new(loaded.Name, "model", loaded.Created.ToUnixTimeSeconds(), "amalgam", loaded.ContextLength);
}
