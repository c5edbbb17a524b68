using System.Collections.Concurrent;
using Amalgam.Core.Access;
using Amalgam.Gateway.Ports;

namespace Amalgam.SystemTests.Gateway.Rig;

internal sealed class MemoryCallers : ICallers
{
    public ConcurrentDictionary<string, Caller> Keys { get; } = new()
    {
        ["developer-key"] = new Caller("key-1", "/acme/lab", Role.Developer),
        ["auditor-key"] = new Caller("key-2", "/acme/lab", Role.Auditor),
        ["other-key"] = new Caller("key-3", "/acme/shop", Role.Developer),
    };

    public Caller? Find(string presentedKey) => Keys.GetValueOrDefault(presentedKey);
}

internal sealed class MemoryLimits : ILimits
{
    public IReadOnlyList<LimitScope> Scopes { get; set; } = [];

    public IReadOnlyList<LimitScope> For(Caller caller) => Scopes;
}

/// <summary>Every model name exists for /acme/lab; all its replicas serve all of them.</summary>
internal sealed class MemoryReplicas : IReplicas
{
    private readonly ConcurrentDictionary<string, (string Address, bool Progress)> _replicas = new();
    private readonly ConcurrentDictionary<string, int> _load = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _waiting;

    public ConcurrentQueue<(string Lease, string Reason)> Failures { get; } = new();

    public int ContextLength { get; set; } = 4096;

    public int Waiting => Volatile.Read(ref _waiting);

    public int Load => _load.Values.Sum();

    public void Add(string lease, string address, bool progress = false)
    {
        _replicas[lease] = (address, progress);
        Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }

    public IReadOnlyList<ServedModel> Visible(Caller caller) => [Served("normal"), Served("owner/model")];

    public ServedModel? Find(Caller caller, string model) => caller.Unit == "/acme/lab" && model != "absent" ? Served(model) : null;

    public async ValueTask<ReplicaAnswer> AcquireAsync(Caller caller, string model, IReadOnlyCollection<string> avoid, TimeSpan patience, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(patience);
        Interlocked.Increment(ref _waiting);
        try
        {
            while (true)
            {
                var changed = Volatile.Read(ref _changed).Task;
                var lease = _replicas.Keys.Where(name => !avoid.Contains(name)).OrderBy(name => _load.GetValueOrDefault(name)).ThenBy(name => name, StringComparer.Ordinal).FirstOrDefault();
                if (lease is not null) return new ReplicaAnswer(Ticket(lease, model), ReplicaRefusal.None, null);
                await changed.WaitAsync(limit.Token);
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new ReplicaAnswer(null, ReplicaRefusal.NotReady, "It waits for a device of class cpu.");
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    public void ReportFailure(string leaseId, string reason) => Failures.Enqueue((leaseId, reason));

    private ServedModel Served(string model) => new(model, "w-" + model, "/acme/lab", 1_700_000_000, ContextLength);

    private ReplicaTicket Ticket(string lease, string model)
    {
        _load.AddOrUpdate(lease, 1, (_, n) => n + 1);
        var (address, progress) = _replicas[lease];
        // Modes travel as model names, so the upstream name is the served one, except for the model that shows the renaming.
        var upstream = model == "owner/model" ? "normal" : model;
        return new ReplicaTicket(lease, address, "replica-secret", upstream, "w-" + model, model, "cpu", "node-1", progress, () => _load.AddOrUpdate(lease, 0, (_, n) => n - 1));
    }
}

/// <summary>The ledger that remembers everything: what the tests hold the gateway to.</summary>
internal sealed class MemoryLedger : ITokenLedger
{
    public ConcurrentDictionary<string, (long Input, long Output)> Reservations { get; } = new();

    public ConcurrentQueue<TokenUsage> Settled { get; } = new();

    public ConcurrentQueue<string> Released { get; } = new();

    public LedgerRefusal? Refusal { get; set; }

    /// <summary>Settlements wait for this; at the end of a test they wait no longer, however it ended.</summary>
    public TaskCompletionSource? Gate { get; set; }

    public int Asked;

    public bool Broken { get; set; }

    public LedgerRefusal? Reserve(Caller caller, string chargeId, ServedModel model, long inputTokensEstimate, long maxOutputTokens)
    {
        if (Refusal is not null) return Refusal;
        if (!Reservations.TryAdd(chargeId, (inputTokensEstimate, maxOutputTokens))) throw new InvalidOperationException("One reservation per charge.");
        return null;
    }

    public async ValueTask<ChargeReceipt> SettleAsync(Caller caller, TokenUsage usage)
    {
        Interlocked.Increment(ref Asked);
        if (Gate is { } gate) await gate.Task;
        if (Broken) throw new IOException("The journal's disk is full.");
        Settled.Enqueue(usage);
        return new ChargeReceipt(usage.ChargeId, usage.InputTokens * 10 + usage.OutputTokens * 1_000_000_000, "EUR");
    }

    public void Release(Caller caller, string chargeId) => Released.Enqueue(chargeId);
}
