using Amalgam.ControlPlane.Commands;
using Amalgam.ControlPlane.Views;
using Amalgam.Contracts;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;

namespace Amalgam.ControlPlane.State;

/// <summary>The latest changes by people and loops, from the journal; older ones are read with `amalgam verify --print`.</summary>
public sealed class Audit
{
    private const int Kept = 50_000;

    private readonly Lock _gate = new();
    private readonly Queue<JournalRecord> _records = new();
    private readonly Cloud _cloud;

    public Audit(Cloud cloud)
    {
        _cloud = cloud;
        foreach (var record in cloud.TakeRecent())
        {
            Keep(record);
        }

        cloud.Changed += records =>
        {
            lock (_gate)
            {
                foreach (var record in records)
                {
                    Keep(record);
                }
            }
        };
    }

    /// <summary>Newest first. Records of units that the caller does not see are left out.</summary>
    public List<AuditLine> Read(Caller caller, int limit, bool loops)
    {
        JournalRecord[] records;
        lock (_gate)
        {
            records = [.. _records];
        }

        return _cloud.Read(state => records.Reverse()
            .Where(record => loops || record.By.KeyId is not null)
            .Select(record => (Record: record, About: AuditText.Of(state, record.Event)))
            .Where(item => item.About.Unit is null ? caller.Unit == state.Units.Root.Name : state.Units.IsWithin(item.About.Unit, caller.Unit))
            .Take(limit)
            .Select(item => new AuditLine
            {
                Sequence = item.Record.Sequence,
                At = DateTimeOffset.FromUnixTimeMilliseconds(item.Record.AtMs),
                Who = Who(state, item.Record.By),
                From = item.Record.By.From,
                What = item.About.What,
                Subject = item.About.Subject,
                Detail = item.About.Detail,
            })
            .ToList());
    }

    /// <summary>Not what comes with every request and every minute.</summary>
    internal static bool IsKept(JournalEvent fact) => fact is not (TokensCharged or LeaseCharged or RequestStarted or RequestsMarked or RequestClosed or LeaseFunded or ReservedIdleCharged or IdleDevicesShared);

    private static string Who(CloudState state, Actor by) => by.KeyId is { } id && state.Key(id) is { } key ? $"{id} ({key.Name})" : by.Name;

    /// <summary>Charges are bills, not changes: they would push everything else out.</summary>
    private void Keep(JournalRecord record)
    {
        if (!IsKept(record.Event))
        {
            return;
        }

        _records.Enqueue(record);
        while (_records.Count > Kept)
        {
            _records.Dequeue();
        }
    }
}

/// <summary>One record in words.</summary>
internal static class AuditText
{
    public static (string What, string Subject, string Detail, string? Unit) Of(CloudState state, JournalEvent fact) => fact switch
    {
        UnitSet set => ("unit set", set.Unit.Name, $"under {set.Unit.Parent ?? "nothing"}, weight {set.Unit.Weight}{Amounts("guarantee", set.Unit.Guarantee)}{Amounts("limit", set.Unit.Limit)}", set.Unit.Name),
        UnitMoveScheduled scheduled => ("unit move scheduled", scheduled.Move.Unit, $"under {scheduled.Move.ToParent} at {DateTimeOffset.FromUnixTimeMilliseconds(scheduled.Move.AtMs):u}", scheduled.Move.Unit),
        UnitMoved moved => ("unit moved", moved.Unit, $"from under {moved.FromParent} to under {moved.ToParent}, as of {DateTimeOffset.FromUnixTimeMilliseconds(moved.AtMs):u}", moved.Unit),
        UnitMoveCancelled cancelled => ("unit move cancelled", cancelled.MoveId, cancelled.Why, null),
        InvoiceIssued issued => ("invoice issued", $"{issued.Invoice.Number}", $"{issued.Invoice.Customer}, {Core.Ledger.Nano.Format(issued.Invoice.TotalNano)} {issued.Invoice.Currency}", issued.Invoice.Customer),
        CreditNoteIssued credited => ("invoice credited", $"{credited.Note.InvoiceNumber}", $"credit note {credited.Note.Number}: {credited.Note.Why}", credited.Note.Customer),
        UnitRemoved removed => ("unit removed", removed.Name, "", null),
        KeyCreated created => ("key created", created.Key.Id, $"{created.Key.Name}, {Permission.Name(created.Key.Role)} of {created.Key.Unit}", created.Key.Unit),
        KeyRevoked revoked => ("key revoked", revoked.KeyId, "", state.Key(revoked.KeyId)?.Unit),
        PriceSet priced => ("price set", priced.Price.Subject, $"version {priced.Price.Version}, from {DateTimeOffset.FromUnixTimeMilliseconds(priced.Price.FromMs):u}", null),
        PriceChanged changed => (changed.Undoes is null ? "price change" : "price change undone", changed.ChangeId, $"{changed.Why}: versions {string.Join(", ", changed.Prices.Select(price => price.Version))}", null),
        IdlePolicySet set => ("idle policy", set.Policy.Rule.ToString().ToLowerInvariant(),
            $"from {DateTimeOffset.FromUnixTimeMilliseconds(set.Policy.FromMs):yyyy-MM-dd}, shares are {(set.Policy.ChargeBack ? "charged" : "shown")}", null),
        CommitmentMade made => ("commitment", made.Commitment.Id, $"{made.Commitment.DeviceHours} device-hours of {made.Commitment.ChipClass} a month", made.Commitment.Unit),
        CommitmentEnded ended => ("commitment ended", ended.CommitmentId, $"with {Core.Ledger.Pricing.Months.Name(ended.ToMs)}: {ended.Why}", state.Commitments.Find(ended.CommitmentId)?.Unit),
        CommitmentShortfallCharged unused => ("commitment not used", unused.CommitmentId, unused.Rule, unused.Unit),
        BudgetEvent budget => BudgetViews.Audit(state, budget),
        WorkloadSubmitted submitted => ("submitted", submitted.WorkloadId, $"{submitted.Spec.Name} in {submitted.Spec.Unit}", submitted.Spec.Unit),
        WorkloadScaled scaled => OfWorkload(state, "scaled", scaled.WorkloadId, $"to {scaled.Wanted} replicas: {scaled.Why}"),
        WorkloadStopRequested stop => OfWorkload(state, "stop asked", stop.WorkloadId, ""),
        WorkloadDelayed delayed => OfWorkload(state, "restart delayed", delayed.WorkloadId, delayed.Why),
        WorkloadEnded ended => OfWorkload(state, "ended", ended.WorkloadId, ended.Detail),
        LeaseStarted started => ("lease started", started.Lease.Id, $"{started.Lease.WorkloadId} member {started.Lease.Member} on {started.Lease.Node} {string.Join(',', started.Lease.Devices)}", started.Lease.Unit),
        LeaseEnding ending => ("lease ending", ending.LeaseId, $"{ending.Because}{(ending.Beneficiary is null ? "" : $" for {ending.Beneficiary}")}", state.Lease(ending.LeaseId)?.Unit),
        LeaseEnded ended => ("lease ended", ended.LeaseId, ended.Because.ToString(), state.Lease(ended.LeaseId)?.Unit),
        ContractEvent or StockEvent or AdmissionEvent => SupplyAudit.Of(state, fact),
        _ => OfMachinery(fact),
    };

    private static (string What, string Subject, string Detail, string? Unit) OfMachinery(JournalEvent fact) => fact switch
    {
        CloudFounded founded => ("cloud founded", "", $"in {founded.Currency}, version {founded.Version}", null),
        CloudStarted started => ("cloud started", "", $"version {started.Version}", null),
        CloudStopped stopped => ("cloud stopped", "", stopped.Why, null),
        NodesSeen seen => ("nodes seen", Names(seen.Changed.Select(node => node.Name)), seen.Gone.IsEmpty ? "" : $"gone: {Names(seen.Gone)}", null),
        WorkloadsFitted fitted => ("classes rated", Names(fitted.WorkloadIds), fitted.Speeds.IsEmpty ? "no class can run it" : string.Join(' ', fitted.Speeds.Select(speed => $"{speed.ChipClass}={speed.Millionths / 1e6:0.###}")), null),
        SpeedMeasured speed => ("speed measured", speed.ModelKey, $"{speed.DecodeMilliTokensPerSecond / 1000m:0.#} tokens/s on {speed.ChipClass} by {speed.Runtime}", null),
        MemoryObserved memory => ("memory observed", memory.ModelKey, $"{memory.UsedMiB} MiB on {memory.ChipClass}, {memory.EstimatedMiB} estimated", null),
        PlanMade plan => ("planned", "", Names(plan.Decisions), null),
        _ => (fact.GetType().Name, "", "", null),
    };

    private static string Names(IEnumerable<string> names)
    {
        var all = names.ToList();
        return all.Count <= 3 ? string.Join(", ", all) : $"{string.Join(", ", all.Take(3))} and {all.Count - 3} more";
    }

    private static (string What, string Subject, string Detail, string? Unit) OfWorkload(CloudState state, string what, string id, string detail) =>
        (what, id, detail, state.Workload(id)?.Spec.Unit);

    private static string Amounts(string what, System.Collections.Immutable.ImmutableSortedDictionary<string, long> amounts) =>
        amounts.Count == 0 ? "" : $", {what} {string.Join(' ', amounts.Select(entry => $"{entry.Key}={entry.Value / 1000m}"))}";
}
