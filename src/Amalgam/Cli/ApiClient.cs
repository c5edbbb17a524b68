using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Amalgam.Contracts;
using Amalgam.Hosting;

namespace Amalgam.Cli;

/// <summary>The cloud, as the CLI talks to it. Every failure becomes one line.</summary>
internal sealed class ApiClient : IDisposable
{
    private readonly HttpClient _http;

    private ApiClient(string url, string key)
    {
        Url = url.TrimEnd('/');
        _http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5), UseProxy = false }) { Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    public string Url { get; }

    /// <summary>`--server` and `--key`, else AMALGAM_URL and AMALGAM_KEY, else what `up` left for this user.</summary>
    public static ApiClient Connect(string? server, string? key)
    {
        server ??= NonEmpty("AMALGAM_URL");
        key ??= NonEmpty("AMALGAM_KEY");
        if (server is null || key is null)
        {
            var left = Credentials.Read();
            (server, key) = (server ?? left?.Url, key ?? left?.Key);
        }

        if (server is null || key is null)
        {
            throw new CommandException("no cloud is known: start one with `amalgam up`, or give --server and --key (or AMALGAM_URL and AMALGAM_KEY)");
        }

        return Uri.TryCreate(server, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? new ApiClient(server, key)
            : throw new CommandException($"'{server}' is no address of a cloud: write for instance http://127.0.0.1:8686", 2);
    }

    public Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type) => SendAsync(HttpMethod.Get, path, null, type);

    public Task<T> SendAsync<TBody, T>(HttpMethod method, string path, TBody body, JsonTypeInfo<TBody> bodyType, JsonTypeInfo<T> type) =>
        SendAsync(method, path, JsonSerializer.SerializeToUtf8Bytes(body, bodyType), type);

    public async Task<T> SendAsync<T>(HttpMethod method, string path, byte[]? body, JsonTypeInfo<T> type)
    {
        using var answer = await AskAsync(method, path, body, HttpCompletionOption.ResponseContentRead);
        await using var stream = await answer.Content.ReadAsStreamAsync();
        try
        {
            return (await JsonSerializer.DeserializeAsync(stream, type))!;
        }
        catch (JsonException)
        {
            throw new CommandException($"{Url} did not answer like an Amalgam of this version ({AppVersion.Text}): check --server");
        }
    }

    public async Task SendAsync(HttpMethod method, string path)
    {
        using var answer = await AskAsync(method, path, null, HttpCompletionOption.ResponseContentRead);
    }

    /// <summary>The answer as it comes; refusals are thrown.</summary>
    public async Task<HttpResponseMessage> AskAsync(HttpMethod method, string path, byte[]? body, HttpCompletionOption completion, CancellationToken cancel = default)
    {
        using var request = new HttpRequestMessage(method, Url + path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        }

        HttpResponseMessage answer;
        try
        {
            answer = await _http.SendAsync(request, completion, cancel);
        }
        catch (Exception fault) when (fault is HttpRequestException or System.Net.Sockets.SocketException)
        {
            throw new CommandException($"no cloud answers at {Url} ({(fault as HttpRequestException)?.HttpRequestError ?? HttpRequestError.ConnectionError}): start it with `amalgam up`, or give another --server");
        }

        if (!answer.IsSuccessStatusCode)
        {
            using (answer)
            {
                throw new CommandException(await ProblemAsync(answer));
            }
        }

        return answer;
    }

    private async Task<string> ProblemAsync(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync();
        try
        {
            using var json = JsonDocument.Parse(text);
            if (json.RootElement.TryGetProperty("error", out var error) && error.TryGetProperty("message", out var message) && message.GetString() is { } line)
            {
                return answer.StatusCode == HttpStatusCode.Unauthorized ? $"{line} (the CLI used the key for {Url})" : line;
            }
        }
        catch (JsonException)
        {
            // Not ours: say what came.
        }

        return $"{Url} answered {(int)answer.StatusCode} {answer.ReasonPhrase}";
    }

    private static string? NonEmpty(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? value : null;

    public void Dispose() => _http.Dispose();
}
