using System.Collections.Concurrent;
using Amalgam.ControlPlane.State;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Pricing;
using Amalgam.Core.Workloads;
using Amalgam.Gateway.Ports;

namespace Amalgam.Hosting;

/// <summary>The cloud as the gateway asks it: keys.</summary>
internal sealed class GatewayCallers(Callers callers) : ICallers
{
    public Caller? Find(string presentedKey) => callers.Find(presentedKey);
}

/// <summary>The cloud as the gateway asks it: models and replicas.</summary>
internal sealed class GatewayReplicas(Cloud cloud, Pool pool, ReplicaRouter router, Launches launches, ReplicaKeys keys) : IReplicas
{
    public IReadOnlyList<ServedModel> Visible(Caller caller) => cloud.Read(state => ReplicaRouter.Visible(state, caller).Select(Served).ToList());

    public ServedModel? Find(Caller caller, string model) => cloud.Read(state => ReplicaRouter.Find(state, caller, model)) is { } workload ? Served(workload) : null;

    public async ValueTask<ReplicaAnswer> AcquireAsync(Caller caller, string model, IReadOnlyCollection<string> avoid, TimeSpan patience, CancellationToken cancel)
    {
        if (router.Closed)
        {
            return new(null, ReplicaRefusal.Stopping, "the cloud is stopping");
        }

        if (cloud.Read(state => ReplicaRouter.Find(state, caller, model)) is not { } workload)
        {
            return new(null, ReplicaRefusal.ModelNotFound, null);
        }

        if (router.Load(workload.Id).Waiting >= ReplicaRouter.MaxWaiting)
        {
            return new(null, ReplicaRefusal.QueueFull, $"{ReplicaRouter.MaxWaiting} requests wait for {model} already");
        }

        var lease = await router.EnterAsync(workload, avoid, patience, cancel);
        return lease is null ? new(null, router.Closed ? ReplicaRefusal.Stopping : ReplicaRefusal.NotReady, WhyNot(workload)) : new(Ticket(workload, lease), ReplicaRefusal.None, null);
    }

    public void ReportFailure(string leaseId, string reason) => router.Distrust(leaseId, reason);

    private ReplicaTicket Ticket(Workload workload, Lease lease)
    {
        var facts = launches.Fit(workload, lease)?.Facts;
        return new ReplicaTicket(
            lease.Id, pool.Sight(lease.Id).Observation?.Address ?? "http://127.0.0.1:9", keys.For(lease.Id), facts?.UpstreamModel ?? workload.Spec.Name, workload.Id, workload.Spec.Name,
            lease.ChipClass, lease.Node, facts?.Progress ?? false, () => router.Leave(workload.Id, lease.Id));
    }

    private string WhyNot(Workload workload)
    {
        var pending = pool.PendingById().GetValueOrDefault(workload.Id);
        var trouble = cloud.Read(state => state.OpenLeasesOf(workload.Id).Select(lease => pool.Sight(lease.Id).Trouble).FirstOrDefault(text => text is not null));
        return pending?.Detail ?? trouble ?? workload.Detail ?? "its replicas are starting or busy";
    }

    private static ServedModel Served(Workload workload) =>
        new(workload.Spec.Name, workload.Id, workload.Spec.Unit, workload.SubmittedMs / 1000, workload.Spec.Service!.Context);
}

/// <summary>The ledger as the gateway asks it. A charge is acknowledged when it is in the journal on disk, and at most once per id.</summary>
internal sealed class GatewayLedger(Cloud cloud) : ITokenLedger
{
    private static readonly Actor Me = Actor.Loop("gateway");

    /// <summary>Settlements under way, so that a second call for the same id waits for the first instead of being decided beside it.</summary>
    private readonly ConcurrentDictionary<string, Lazy<Task<ChargeReceipt>>> _settling = new(StringComparer.Ordinal);

    public LedgerRefusal? Reserve(Caller caller, string chargeId, ServedModel model, long inputTokensEstimate, long maxOutputTokens) =>
        cloud.Defect is null ? null : new LedgerRefusal(503, "server_error", "ledger_unavailable", "the cloud cannot record charges now, so it answers nothing: its operator must restart it", null);

    /// <summary>Nothing is set aside before a request is settled: there are no budgets yet, so there is nothing to free.</summary>
    public void Release(Caller caller, string chargeId)
    {
    }

    public async ValueTask<ChargeReceipt> SettleAsync(Caller caller, TokenUsage usage)
    {
        var settling = _settling.GetOrAdd(usage.ChargeId, static (_, state) => new Lazy<Task<ChargeReceipt>>(() => state.This.ChargeAsync(state.Caller, state.Usage)), (This: this, Caller: caller, Usage: usage));
        try
        {
            return await settling.Value;
        }
        finally
        {
            _settling.TryRemove(usage.ChargeId, out _);
        }
    }

    private async Task<ChargeReceipt> ChargeAsync(Caller caller, TokenUsage usage)
    {
        var outcome = await cloud.ChangeAsync<ChargeReceipt>(Me, (state, _) =>
        {
            if (state.IsCharged(usage.ChargeId))
            {
                return Decide.Yes(new ChargeReceipt(usage.ChargeId, 0, state.Currency));
            }

            var charge = Rate(state, caller, usage);
            return Decide.Yes(new ChargeReceipt(usage.ChargeId, charge.AmountNano, state.Currency), charge);
        });
        return outcome.Value ?? throw new IOException(outcome.Refusal!.Message);
    }

    private static TokensCharged Rate(CloudState state, Caller caller, TokenUsage usage)
    {
        var cached = Math.Clamp(usage.CachedInputTokens, 0, usage.InputTokens);
        var rated = state.Rater().Rate(new TokenUse(caller.Unit, usage.Model, usage.ChipClass, usage.StartedUnixMs, usage.InputTokens - cached, cached, usage.OutputTokens));
        return new TokensCharged(
            usage.ChargeId, usage.RequestId, caller.KeyId, caller.Unit, usage.Model, usage.WorkloadId, usage.LeaseId, usage.ChipClass, usage.Endpoint, usage.InputTokens, cached,
            usage.OutputTokens, usage.Outcome.ToString(), usage.Estimated, rated.Tariff.Version, rated.InputNano, rated.CachedInputNano, rated.OutputNano,
            Rating.Book(caller.Unit, $"income/tokens/{usage.Model}", rated.AmountNano))
        {
            PricedAtMs = usage.StartedUnixMs, ContractId = rated.Tariff.ContractId, Rule = rated.Tariff.LineRule, Counted = rated.Counted,
        };
    }
}
