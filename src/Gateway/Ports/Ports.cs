using Amalgam.Core.Access;

namespace Amalgam.Gateway.Ports;

/// <summary>Who is behind a key. Called for every request: must not wait.</summary>
public interface ICallers
{
    /// <summary>Null for a key that is unknown or revoked.</summary>
    Caller? Find(string presentedKey);
}

/// <summary>The models a caller may use and the replicas behind them.</summary>
public interface IReplicas
{
    IReadOnlyList<ServedModel> Visible(Caller caller);

    /// <summary>The one model of that name that this caller may use. Called for every request; an owner with an index answers faster than this scan.</summary>
    ServedModel? Find(Caller caller, string model)
    {
        foreach (var served in Visible(caller))
        {
            if (string.Equals(served.Model, model, StringComparison.Ordinal)) return served;
        }
        return null;
    }

    /// <summary>
    /// A replica to send one request to, the least busy one; waits while a replica is being started (a service at zero is woken), at most
    /// <paramref name="patience"/>. <paramref name="avoid"/> names leases that failed this request already. The ticket must be disposed when the request is over:
    /// it counts as load until then, and a draining replica ends when its last ticket is gone.
    /// </summary>
    ValueTask<ReplicaAnswer> AcquireAsync(Caller caller, string model, IReadOnlyCollection<string> avoid, TimeSpan patience, CancellationToken cancel);

    /// <summary>The replica did not answer (connection refused, cut): it is not chosen again until it is found healthy.</summary>
    void ReportFailure(string leaseId, string reason);
}

/// <param name="Model">The served name.</param>
/// <param name="ContextLength">Tokens per sequence; 0 = unknown.</param>
public sealed record ServedModel(string Model, string WorkloadId, string Unit, long CreatedUnixSeconds, int ContextLength);

/// <summary>Either a ticket, or why there is none.</summary>
public sealed record ReplicaAnswer(ReplicaTicket? Ticket, ReplicaRefusal Refusal, string? Detail);

public enum ReplicaRefusal
{
    None,

    /// <summary>No such model, or not visible to this caller: the same answer.</summary>
    ModelNotFound,

    /// <summary>No replica became ready in time; the detail says what it waits for.</summary>
    NotReady,

    /// <summary>Too many requests wait for this model already.</summary>
    QueueFull,

    /// <summary>The cloud is stopping.</summary>
    Stopping,
}

/// <summary>One request's hold on a replica.</summary>
/// <param name="Address">`http://127.0.0.1:PORT`</param>
/// <param name="ApiKey">What the replica wants as bearer token; null = none.</param>
/// <param name="UpstreamModel">The model name that the runtime expects.</param>
/// <param name="Progress">The replica understands `x-amalgam-progress: 1`.</param>
public sealed class ReplicaTicket(
    string leaseId, string address, string? apiKey, string upstreamModel, string workloadId, string model, string chipClass, string node, bool progress, Action release) : IDisposable
{
    private Action? _release = release;

    public string LeaseId { get; } = leaseId;
    public string Address { get; } = address;
    public string? ApiKey { get; } = apiKey;
    public string UpstreamModel { get; } = upstreamModel;
    public string WorkloadId { get; } = workloadId;
    public string Model { get; } = model;
    public string ChipClass { get; } = chipClass;
    public string Node { get; } = node;
    public bool Progress { get; } = progress;

    public void Dispose() => Interlocked.Exchange(ref _release, null)?.Invoke();
}

/// <summary>The ledger, as the gateway sees it.</summary>
public interface ITokenLedger
{
    /// <summary>
    /// May this caller start a request now (budget, limits, admission)? Returns null when it may, otherwise the refusal. Reserves what the request may cost at most, under
    /// <paramref name="chargeId"/>, until it is settled or expires.
    /// </summary>
    LedgerRefusal? Reserve(Caller caller, string chargeId, ServedModel model, long inputTokensEstimate, long maxOutputTokens);

    /// <summary>The same, with what a later look at the charge asks for: the client's request id and the path it called.</summary>
    LedgerRefusal? Reserve(Caller caller, RequestNames names, ServedModel model, long inputTokensEstimate, long maxOutputTokens) =>
        Reserve(caller, names.ChargeId, model, inputTokensEstimate, maxOutputTokens);

    /// <summary>
    /// Done when the start of the request is on disk; fails when it cannot be. The client gets no byte before: what it gets is then known to have been under way,
    /// even if the process dies in the middle.
    /// </summary>
    Task StartedAsync(string chargeId) => Task.CompletedTask;

    /// <summary>
    /// What was handed to the client's connection so far. Called after every flush of a stream, so it must be cheap: it is what the request is charged if the process dies.
    /// </summary>
    void Delivered(string chargeId, ReplicaTicket ticket, long inputTokens, long cachedInputTokens, long outputTokens)
    {
    }

    /// <summary>
    /// Settles the request: when the returned task is done the charge is on disk. At most one charge per <see cref="TokenUsage.ChargeId"/>, however often it is called.
    /// Returns what was charged, in nano-units of the cloud's currency.
    /// </summary>
    ValueTask<ChargeReceipt> SettleAsync(Caller caller, TokenUsage usage);

    /// <summary>
    /// The request ended with nothing delivered and nothing to charge (refused, every replica failed): what <see cref="Reserve"/> set aside is free again.
    /// A reservation gets either one settlement or one release. Without an own implementation it runs until it expires.
    /// </summary>
    void Release(Caller caller, string chargeId)
    {
    }
}

/// <summary>What one request is called: by the ledger, by the client, and where it knocked.</summary>
public readonly record struct RequestNames(string ChargeId, string RequestId, string Endpoint);

/// <param name="Code">OpenAI error code, for instance `insufficient_quota` or `rate_limit_exceeded`.</param>
public sealed record LedgerRefusal(int HttpStatus, string Type, string Code, string Message, TimeSpan? RetryAfter);

/// <param name="Outcome">complete, stopped by client, upstream failed, refused.</param>
/// <param name="Estimated">The upstream did not report usage; counts are of what was delivered.</param>
public sealed record TokenUsage(
    string ChargeId, string RequestId, string Endpoint, string Model, string WorkloadId, string LeaseId, string ChipClass,
    long InputTokens, long CachedInputTokens, long OutputTokens, RequestOutcome Outcome, bool Estimated, long StartedUnixMs, long EndedUnixMs);

public enum RequestOutcome
{
    Complete,
    ClientLeft,
    UpstreamFailed,
}

public sealed record ChargeReceipt(string ChargeId, long AmountNano, string Currency);
