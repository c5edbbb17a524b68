using System.Collections.Concurrent;
using Amalgam.Core.Access;
using Amalgam.Gateway.Ports;

namespace Amalgam.Benchmarks.Gateway;

/// <summary>Ports in memory: the figures are the gateway's own. What a durable ledger adds is measured where the ledger is.</summary>
internal sealed class BenchmarkPorts(string upstream) : ICallers, IReplicas, ITokenLedger, ILimits
{
    private static readonly Caller Someone = new("key-1", "/bench", Role.Developer);
    private static readonly ServedModel Model = new("bench", "w-1", "/bench", 1_700_000_000, 8192);
    private readonly IReadOnlyList<LimitScope> _scopes =
    [
        new LimitScope("key:1", new GatewayLimits(int.MaxValue, long.MaxValue / 1024, 1_000_000)),
        new LimitScope("unit:/bench", new GatewayLimits(int.MaxValue, long.MaxValue / 1024, 1_000_000)),
    ];
    private readonly ConcurrentDictionary<string, long> _reserved = new();
    private long _charged;

    public Caller? Find(string presentedKey) => presentedKey == "bench-key" ? Someone : null;

    public IReadOnlyList<ServedModel> Visible(Caller caller) => [Model];

    public ServedModel? Find(Caller caller, string model) => model == Model.Model ? Model : null;

    public ValueTask<ReplicaAnswer> AcquireAsync(Caller caller, string model, IReadOnlyCollection<string> avoid, TimeSpan patience, CancellationToken cancel) =>
        new(new ReplicaAnswer(new ReplicaTicket("lease-1", upstream, null, "upstream", "w-1", model, "cpu", "node-1", false, static () => { }), ReplicaRefusal.None, null));

    public void ReportFailure(string leaseId, string reason) => throw new InvalidOperationException($"The upstream failed: {reason}");

    public LedgerRefusal? Reserve(Caller caller, string chargeId, ServedModel model, long inputTokensEstimate, long maxOutputTokens)
    {
        _reserved[chargeId] = inputTokensEstimate + maxOutputTokens;
        return null;
    }

    public ValueTask<ChargeReceipt> SettleAsync(Caller caller, TokenUsage usage)
    {
        if (!_reserved.TryRemove(usage.ChargeId, out _)) throw new InvalidOperationException("Settled what was not reserved.");
        var amount = usage.InputTokens * 100 + usage.OutputTokens * 400;
        Interlocked.Add(ref _charged, amount);
        return new(new ChargeReceipt(usage.ChargeId, amount, "EUR"));
    }

    public IReadOnlyList<LimitScope> For(Caller caller) => _scopes;
}
