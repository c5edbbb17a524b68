using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Amalgam.Gateway.Ports;
using Amalgam.Gateway.Requests;

namespace Amalgam.Gateway.Forwarding;

/// <summary>The connections to replicas.</summary>
internal sealed class Upstream(GatewayOptions options) : IDisposable
{
    private static readonly ReadOnlyMemory<byte> AskForUsage = "\"stream_options\":{\"include_usage\":true},"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> UsageOptions = "{\"include_usage\":true}"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> UsageMember = "{\"include_usage\":true,"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> True = "true"u8.ToArray();

    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        ConnectTimeout = options.ConnectTimeout,
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        // An answer nobody wants any more must end the work at once: its connection is closed, not read to the end.
        MaxResponseDrainSize = 0,
    });

    /// <summary>Returns when the replica's headers are here. Throws what HttpClient documents.</summary>
    public async Task<HttpResponseMessage> SendAsync(Exchange exchange, ReplicaTicket ticket, CancellationToken cancel)
    {
        var message = new HttpRequestMessage(HttpMethod.Post, ticket.Address + exchange.Endpoint.UpstreamPath)
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new UpstreamContent(exchange.Body, Edits(exchange.Scan, ticket)),
        };
        if (ticket.ApiKey is { } key) message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        message.Headers.TryAddWithoutValidation("x-request-id", exchange.RequestId);
        if (ticket.Progress && exchange.Scan.Stream) message.Headers.TryAddWithoutValidation("x-amalgam-progress", "1");
        try
        {
            return await _client.SendAsync(message, cancel);
        }
        catch (SocketException fault)
        {
            // A replica that dies between being reached and being asked for its address: HttpClient lets that one through as it is.
            throw new HttpRequestException(HttpRequestError.ConnectionError, fault.Message, fault);
        }
    }

    public void Dispose() => _client.Dispose();

    /// <summary>The replica's own model name, and usage at the end of every stream whether the client wants to see it or not.</summary>
    private static SpliceList Edits(in RequestScan scan, ReplicaTicket ticket)
    {
        var edits = default(SpliceList);
        if (!string.Equals(ticket.UpstreamModel, scan.Model, StringComparison.Ordinal))
        {
            edits.Add(new Splice(scan.ModelStart, scan.ModelLength, System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(ticket.UpstreamModel, GatewayJson.Default.String)));
        }
        if (!scan.Stream || scan.IncludeUsage) return edits;
        if (scan.OptionsStart == 0) edits.Add(new Splice(scan.BodyStart, 0, AskForUsage));
        else if (!scan.OptionsHasMembers) edits.Add(new Splice(scan.OptionsStart, scan.OptionsLength, UsageOptions));
        else if (scan.IncludeUsageLength > 0) edits.Add(new Splice(scan.IncludeUsageStart, scan.IncludeUsageLength, True));
        else edits.Add(new Splice(scan.OptionsStart, 1, UsageMember));
        return edits;
    }
}
