using Amalgam.Core.Access;
using Amalgam.Gateway.Answers;
using Amalgam.Gateway.Limits;
using Amalgam.Gateway.Ports;
using Amalgam.Gateway.Requests;
using Microsoft.AspNetCore.Http;

namespace Amalgam.Gateway.Forwarding;

/// <summary>One request on its way through: what is known of it, and what has happened to it.</summary>
internal sealed class Exchange : IDisposable
{
    private readonly CancellationTokenSource _ended;

    public Exchange(HttpContext http, InferenceEndpoint endpoint, string requestId, DateTimeOffset now, long timestamp, CancellationToken cut)
    {
        Http = http;
        Endpoint = endpoint;
        RequestId = requestId;
        Started = now;
        StartedAt = timestamp;
        BodyReadAt = timestamp;
        _ended = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, cut);
    }

    public HttpContext Http { get; }

    public InferenceEndpoint Endpoint { get; }

    public string RequestId { get; }

    /// <summary>Made here once; whatever is retried, one request has one charge.</summary>
    public string ChargeId { get; } = "chg_" + Guid.CreateVersion7().ToString("N");

    public DateTimeOffset Started { get; }

    /// <summary>Timestamps of <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public long StartedAt { get; }

    public long BodyReadAt { get; set; }

    /// <summary>Time spent waiting for others: for a replica to be given, and for its bytes.</summary>
    public TimeSpan Held { get; set; }

    public TimeSpan Upstream { get; set; }

    public Caller Caller { get; set; } = null!;

    public ServedModel Model { get; set; } = null!;

    public ReadOnlyMemory<byte> Body { get; set; }

    public RequestScan Scan;

    /// <summary>Makes the dialect of one attempt.</summary>
    public Func<AnswerContext, IAnswerDialect> Dialect { get; set; } = static context => new PassThroughDialect(context);

    public LimitPass? Pass { get; set; }

    /// <summary>The replica that the request was last sent to.</summary>
    public ReplicaTicket? SentTo { get; set; }

    public bool Reserved { get; set; }

    public bool IsSettled { get; set; }

    public TokenCounts Charged { get; set; }

    /// <summary>Input tokens when nobody reports them: four bytes of text each.</summary>
    public long InputEstimate => Scan.ContentBytes / 4;

    /// <summary>The client left, or the gateway's grace is over.</summary>
    public CancellationToken Ended => _ended.Token;

    public bool ClientLeft => Http.RequestAborted.IsCancellationRequested;

    public AnswerContext AnswerContext() => new()
    {
        Model = Model.Model,
        ChargeId = ChargeId,
        IncludeUsage = Scan.IncludeUsage,
        ContinuousUsage = Scan.ContinuousUsage,
        CreatedUnixSeconds = Started.ToUnixTimeSeconds(),
        ChunkObject = Endpoint == InferenceEndpoint.Completions ? "text_completion" : "chat.completion.chunk",
    };

    public void Dispose() => _ended.Dispose();
}
