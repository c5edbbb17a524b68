using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Amalgam.Contracts;

namespace Amalgam.Pages;

/// <summary>What a call came to: a value, or the one line that the cloud refused it with.</summary>
/// <param name="Status">Of HTTP; 0 = the cloud did not answer.</param>
public readonly record struct Reply<T>(T? Value, string? Problem, int Status)
{
    public bool Ok => Problem is null;
}

/// <summary>The connection of all pages to the server that they are part of.</summary>
public sealed class CloudConnection : IDisposable
{
    private readonly Lazy<HttpClient> _client;

    public CloudConnection(ConsoleOptions options) => _client = new(() =>
    {
        var handler = new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(10), UseProxy = false, UseCookies = false, MaxResponseDrainSize = 0 };
        if (options.Certificate is { } own)
        {
            handler.SslOptions.RemoteCertificateValidationCallback = (_, presented, _, _) => presented?.GetCertHashString() == own.GetCertHashString();
        }

        return new HttpClient(handler) { BaseAddress = Loopback(options.Address()), Timeout = Timeout.InfiniteTimeSpan };
    });

    public HttpClient Client => _client.Value;

    public void Dispose()
    {
        if (_client.IsValueCreated)
        {
            _client.Value.Dispose();
        }
    }

    /// <summary>A server that listens on all addresses is reached over loopback.</summary>
    private static Uri Loopback(string address)
    {
        var uri = new UriBuilder(address);
        if (uri.Host is "0.0.0.0" or "[::]" or "+" or "*")
        {
            uri.Host = uri.Host == "[::]" ? "[::1]" : "127.0.0.1";
        }

        return uri.Uri;
    }
}

/// <summary>/api/v1 and /v1 with the key of the person who looks.</summary>
public sealed class CloudApi(CloudConnection connection, string key, CancellationToken left)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public Task<Reply<T>> GetAsync<T>(string path) => SendAsync<T>(HttpMethod.Get, path, null);

    public Task<Reply<T>> PostAsync<TBody, T>(string path, TBody body) => SendAsync<T>(HttpMethod.Post, path, JsonContent.Create(body, Type<TBody>()));

    public Task<Reply<T>> PatchAsync<TBody, T>(string path, TBody body) => SendAsync<T>(HttpMethod.Patch, path, JsonContent.Create(body, Type<TBody>()));

    public Task<Reply<T>> PostAsync<T>(string path) => SendAsync<T>(HttpMethod.Post, path, null);

    /// <summary>For endpoints that take or give nothing.</summary>
    public Task<Reply<object>> DoAsync(HttpMethod method, string path) => SendAsync<object>(method, path, null);

    /// <summary>The raw answer, for streams and downloads; the caller disposes it.</summary>
    public Task<HttpResponseMessage> OpenAsync(HttpMethod method, string path, HttpContent? body = null, CancellationToken cancel = default) =>
        connection.Client.SendAsync(Request(method, path, body), HttpCompletionOption.ResponseHeadersRead, cancel == default ? left : cancel);

    /// <summary>The line of an answer that is not a success, of /api/v1 or of /v1.</summary>
    public static async Task<string> ProblemAsync(HttpResponseMessage answer, CancellationToken cancel)
    {
        try
        {
            using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(cancel));
            return body.RootElement.GetProperty("error").GetProperty("message").GetString() ?? "";
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return $"the cloud answered {(int)answer.StatusCode}";
        }
    }

    private async Task<Reply<T>> SendAsync<T>(HttpMethod method, string path, HttpContent? body)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(left);
        limit.CancelAfter(Patience);
        try
        {
            using var answer = await connection.Client.SendAsync(Request(method, path, body), limit.Token);
            if (!answer.IsSuccessStatusCode)
            {
                return new(default, await ProblemAsync(answer, limit.Token), (int)answer.StatusCode);
            }

            return typeof(T) == typeof(object) ? new(default, null, (int)answer.StatusCode) : new(await answer.Content.ReadFromJsonAsync(Type<T>(), limit.Token), null, (int)answer.StatusCode);
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException || (fault is OperationCanceledException && !left.IsCancellationRequested))
        {
            return new(default, $"the cloud did not answer ({fault.Message}): try again in a moment", 0);
        }
    }

    private HttpRequestMessage Request(HttpMethod method, string path, HttpContent? body)
    {
        var request = new HttpRequestMessage(method, path) { Content = body };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return request;
    }

    private static JsonTypeInfo<T> Type<T>() => (JsonTypeInfo<T>)ContractsJson.Default.GetTypeInfo(typeof(T))!;
}
