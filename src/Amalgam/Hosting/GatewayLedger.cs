using System.Collections.Concurrent;
using Amalgam.ControlPlane.Ports;
using Amalgam.ControlPlane.State;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger.Budgets;
using Amalgam.Gateway.Ports;

namespace Amalgam.Hosting;

/// <summary>
/// The ledger as the gateway asks it. 1. What a request may cost at most is set aside in all budgets over the caller's unit at once, or in none; the record of it
/// is written while the replica works, and only the first byte waits for it. 2. Streams are marked as they are delivered. 3. The charge is acknowledged when it
/// is in the journal on disk, at most once per id.
/// </summary>
internal sealed class GatewayLedger(Cloud cloud, StreamMarks marks, AdmissionDoor door) : ITokenLedger
{
    private static readonly Actor Me = Actor.Loop("gateway");

    /// <summary>Settlements under way, so that a second call for the same id waits for the first instead of being decided beside it.</summary>
    private readonly ConcurrentDictionary<string, Lazy<Task<ChargeReceipt>>> _settling = new(StringComparer.Ordinal);

    public LedgerRefusal? Reserve(Caller caller, string chargeId, ServedModel model, long inputTokensEstimate, long maxOutputTokens) =>
        Reserve(caller, new RequestNames(chargeId, "", ""), model, inputTokensEstimate, maxOutputTokens);

    public LedgerRefusal? Reserve(Caller caller, RequestNames names, ServedModel model, long inputTokensEstimate, long maxOutputTokens)
    {
        if (door.Refuse(caller, model) is { } closed)
        {
            return closed;
        }

        // What is delivered must be charged, and a charge would wait with its stream.
        if (cloud.Defect is null && cloud.Trouble is not null)
        {
            return Away;
        }

        KillPoints.At("before-reservation");
        var asked = new Asked(caller, names, model, inputTokensEstimate, maxOutputTokens);
        var refusal = TryReserve(asked);
        if (refusal is { Code: "insufficient_quota" } && cloud.Read(state => state.Budgets.Held.Expired(cloud.NowMs).Count > 0))
        {
            // What nobody speaks for any more must not keep others out.
            _ = SafelyAsync(cloud.ChangeAsync(Me, (state, nowMs) => Decide.Yes(true, RequestRules.Expired(state, nowMs))));
            refusal = TryReserve(asked);
        }

        KillPoints.At("after-reservation");
        return refusal;
    }

    public Task StartedAsync(string chargeId) => marks.Find(chargeId)?.Started ?? Task.CompletedTask;

    public void Delivered(string chargeId, ReplicaTicket ticket, long inputTokens, long cachedInputTokens, long outputTokens)
    {
        KillPoints.At("mid-stream");
        marks.Delivered(chargeId, ticket, inputTokens, cachedInputTokens, outputTokens);
    }

    /// <summary>Nobody waits for it: if it is lost with the process, the next start frees what was set aside.</summary>
    public void Release(Caller caller, string chargeId)
    {
        marks.Forget(chargeId);
        _ = SafelyAsync(cloud.ChangeAsync(Me, (state, _) => state.Budgets.Held.Request(chargeId) is null
            ? Decide.Yes(false)
            : Decide.Yes(true, new RequestClosed(chargeId, RequestClosing.Released))));
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

    private LedgerRefusal? TryReserve(Asked asked)
    {
        LedgerRefusal? refusal = null;
        var started = cloud.ChangeAsync<bool>(Me, (state, nowMs) =>
        {
            var nano = TokenPricing.AtMost(state, asked.Caller.Unit, asked.Model.Model, nowMs, asked.Input, asked.Output);
            if (state.Budgets.Refusing(asked.Caller.Unit, new BudgetUse(nano), nowMs) is { } counter)
            {
                refusal = Exhausted(state, counter, nano, nowMs);
                return Decide.Yes(false);
            }

            var request = asked.Start(nano, nowMs);
            marks.Begin(request);
            return Decide.Yes(true, request);
        });
        if (refusal is null && started.IsCompleted && (started.IsFaulted || started.Result.Refusal is not null))
        {
            refusal = Unavailable;
        }

        if (refusal is null)
        {
            marks.Find(asked.Names.ChargeId)?.Started = started;
        }

        return refusal;
    }

    private static LedgerRefusal Unavailable { get; } = new(503, "server_error", "ledger_unavailable", "the cloud cannot record charges now, so it answers nothing: its operator must restart it", null);

    private static LedgerRefusal Away { get; } = new(503, "server_error", "ledger_unavailable", "the cloud cannot record charges now, because its database is away, so it answers nothing: try again soon", TimeSpan.FromSeconds(2));

    private static LedgerRefusal Exhausted(CloudState state, BudgetCounter counter, long nano, long nowMs)
    {
        var budget = counter.Budget;
        var left = BudgetText.Amount(budget, Math.Max(0, counter.LeftAt(nowMs)), state.Currency);
        return new LedgerRefusal(
            429, "insufficient_quota", "insufficient_quota",
            $"The budget {budget.Id} of {budget.Unit} ({BudgetText.Amount(budget, budget.Amount, state.Currency)} {BudgetText.Per(budget.Period)}) has {left} left, and this request may cost up to "
            + $"{BudgetText.Amount(budget, nano, state.Currency)}. Ask for fewer tokens (max_tokens), or have the budget raised.", null);
    }

    private async Task<ChargeReceipt> ChargeAsync(Caller caller, TokenUsage usage)
    {
        KillPoints.At("before-charge");
        var request = marks.Find(usage.ChargeId)?.Request ?? Unknown(caller, usage);
        var outcome = await cloud.ChangeAsync<ChargeReceipt>(Me, (state, nowMs) =>
            RequestRules.Settle(state, request, usage.LeaseId, usage.ChipClass, new TokenUse(usage.InputTokens, usage.CachedInputTokens, usage.OutputTokens, usage.Estimated), usage.Outcome.ToString(), nowMs)
                is { } charge ? Decide.Yes(new ChargeReceipt(usage.ChargeId, charge.AmountNano, state.Currency), charge) : Decide.Yes(new ChargeReceipt(usage.ChargeId, 0, state.Currency)));
        marks.Forget(usage.ChargeId);
        KillPoints.At("after-charge");
        return outcome.Value ?? throw new IOException(outcome.Refusal!.Message);
    }

    /// <summary>A usage without a start, which the gateway does not send: rated as it came.</summary>
    private static OpenRequest Unknown(Caller caller, TokenUsage usage) => new()
    {
        ChargeId = usage.ChargeId, RequestId = usage.RequestId, KeyId = caller.KeyId, Unit = caller.Unit, Model = usage.Model, WorkloadId = usage.WorkloadId, Endpoint = usage.Endpoint,
        StartedMs = usage.StartedUnixMs, ReservedNano = 0, ExpiresMs = usage.EndedUnixMs,
    };

    private static async Task SafelyAsync(Task change)
    {
        try
        {
            await change;
        }
        catch (JournalException)
        {
            // The cloud knows already that its journal failed, and says so to whoever asks.
        }
    }

    private sealed record Asked(Caller Caller, RequestNames Names, ServedModel Model, long Input, long Output)
    {
        public RequestStarted Start(long nano, long nowMs) =>
            new(Names.ChargeId, Names.RequestId, Caller.KeyId, Caller.Unit, Model.Model, Model.WorkloadId, Names.Endpoint, nowMs, nano, nowMs + RequestRules.LifetimeMs);
    }
}
