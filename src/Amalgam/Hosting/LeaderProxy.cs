using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Amalgam.Hosting;

/// <summary>
/// Passes a request on to the leader as it came, and the answer back as it comes. Where the leader cannot be reached, the request waits for the next one; a request that was passed on
/// and not answered is not repeated, because it may have been carried out; one that only reads is.
/// </summary>
internal sealed class LeaderProxy(Func<string?> leader) : IDisposable
{
    /// <summary>Longer than a change of leadership takes.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private const string Mark = "x-amalgam-passed-on";

    private static readonly HashSet<string> OfOneConnection = new(StringComparer.OrdinalIgnoreCase)
    {
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade", "host",
    };

    private readonly CancellationTokenSource _ended = new();
    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler
    {
        UseProxy = false, UseCookies = false, AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.None, ConnectTimeout = TimeSpan.FromSeconds(2),
    });

    /// <summary>Cuts off what is being passed on.</summary>
    public void End() => _ended.Cancel();

    public void Dispose()
    {
        _client.Dispose();
        _ended.Dispose();
    }

    public async Task PassAsync(HttpContext context)
    {
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _ended.Token);
        try
        {
            if (context.Request.Headers.ContainsKey(Mark) || await SendAsync(context, cut.Token) is not { } answer)
            {
                await RefuseAsync(context, 503, "no control plane leads this cloud at the moment: try again in a few seconds");
                return;
            }

            using (answer)
            {
                await CopyAsync(answer, context, cut.Token);
            }
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or OperationCanceledException)
        {
            if (context.Response.HasStarted || context.RequestAborted.IsCancellationRequested)
            {
                context.Abort();
                return;
            }

            await RefuseAsync(context, 502, "the leader was lost while it worked on this: look whether it was done before you ask for it again");
        }
    }

    /// <summary>Null when no leader could be reached in time.</summary>
    private async Task<HttpResponseMessage?> SendAsync(HttpContext context, CancellationToken cut)
    {
        for (var begun = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(begun) < Patience && !cut.IsCancellationRequested; await Task.Delay(100, cut).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing))
        {
            if (leader() is not { } address)
            {
                continue;
            }

            using var request = Request(context, address);
            try
            {
                return await _client.SendAsync(request, cut);
            }
            catch (HttpRequestException away) when (away.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError)
            {
                // Nothing was sent: the next leader may have it.
            }
            catch (HttpRequestException) when (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
            {
                // Asking twice changes nothing.
            }
        }

        return null;
    }

    private static HttpRequestMessage Request(HttpContext context, string address)
    {
        var from = context.Request;
        var request = new HttpRequestMessage(new HttpMethod(from.Method), new Uri(new Uri(address), from.Path + from.QueryString))
        {
            Content = context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true ? new StreamContent(from.Body) : null,
        };
        foreach (var (name, values) in from.Headers)
        {
            if (!OfOneConnection.Contains(name) && !request.Headers.TryAddWithoutValidation(name, values.AsEnumerable()))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, values.AsEnumerable());
            }
        }

        request.Headers.TryAddWithoutValidation(Mark, "1");
        return request;
    }

    private static async Task CopyAsync(HttpResponseMessage answer, HttpContext context, CancellationToken cut)
    {
        var to = context.Response;
        to.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers))
        {
            if (!OfOneConnection.Contains(name))
            {
                to.Headers[name] = values.ToArray();
            }
        }

        await using var from = await answer.Content.ReadAsStreamAsync(cut);
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await from.ReadAsync(buffer, cut)) > 0)
        {
            await to.Body.WriteAsync(buffer.AsMemory(0, read), cut);
            await to.Body.FlushAsync(cut);
        }
    }

    private static async Task RefuseAsync(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;
        context.Response.Headers.RetryAfter = "2";
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync($$$"""{"error":{"message":"{{{message}}}","type":"server_error","code":"unavailable","param":null}}""");
    }
}
