using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Amalgam.Core.Access;
using Amalgam.Core.Allocation;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Pricing;
using Amalgam.Core.Units;
using Amalgam.Core.Workloads;

namespace Amalgam.Core.Journal;

/// <summary>What can be recorded. The discriminators are part of the format on disk: never rename one.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type", UnknownDerivedTypeHandling = JsonUnknownDerivedTypeHandling.FailSerialization)]
[JsonDerivedType(typeof(CloudFounded), "cloud-founded")]
[JsonDerivedType(typeof(UnitSet), "unit-set")]
[JsonDerivedType(typeof(UnitRemoved), "unit-removed")]
[JsonDerivedType(typeof(KeyCreated), "key-created")]
[JsonDerivedType(typeof(KeyRevoked), "key-revoked")]
[JsonDerivedType(typeof(PriceSet), "price-set")]
[JsonDerivedType(typeof(WorkloadSubmitted), "workload-submitted")]
[JsonDerivedType(typeof(WorkloadScaled), "workload-scaled")]
[JsonDerivedType(typeof(WorkloadStopRequested), "workload-stop-requested")]
[JsonDerivedType(typeof(WorkloadDelayed), "workload-delayed")]
[JsonDerivedType(typeof(WorkloadEnded), "workload-ended")]
[JsonDerivedType(typeof(LeaseStarted), "lease-started")]
[JsonDerivedType(typeof(LeaseEnding), "lease-ending")]
[JsonDerivedType(typeof(LeaseEnded), "lease-ended")]
[JsonDerivedType(typeof(LeaseCharged), "lease-charged")]
[JsonDerivedType(typeof(TokensCharged), "tokens-charged")]
[JsonDerivedType(typeof(SpeedMeasured), "speed-measured")]
[JsonDerivedType(typeof(MemoryObserved), "memory-observed")]
[JsonDerivedType(typeof(NodesSeen), "nodes-seen")]
[JsonDerivedType(typeof(WorkloadsFitted), "workloads-fitted")]
[JsonDerivedType(typeof(PlanMade), "plan-made")]
[JsonDerivedType(typeof(ContractSigned), "contract-signed")]
[JsonDerivedType(typeof(ContractEnded), "contract-ended")]
[JsonDerivedType(typeof(IdlePolicySet), "idle-policy-set")]
[JsonDerivedType(typeof(UnitMoveScheduled), "unit-move-scheduled")]
[JsonDerivedType(typeof(UnitMoved), "unit-moved")]
[JsonDerivedType(typeof(UnitMoveCancelled), "unit-move-cancelled")]
[JsonDerivedType(typeof(ContractServiceChanged), "contract-service-changed")]
[JsonDerivedType(typeof(StockReceived), "stock-received")]
[JsonDerivedType(typeof(StockMoved), "stock-moved")]
[JsonDerivedType(typeof(RuleAdded), "rule-added")]
[JsonDerivedType(typeof(RuleRemoved), "rule-removed")]
[JsonDerivedType(typeof(AdmissionRefused), "admission-refused")]
[JsonDerivedType(typeof(ScarcitySeen), "scarcity-seen")]
[JsonDerivedType(typeof(InvoiceIssued), "invoice-issued")]
[JsonDerivedType(typeof(CreditNoteIssued), "credit-note-issued")]
[JsonDerivedType(typeof(BudgetSet), "budget-set")]
[JsonDerivedType(typeof(BudgetRemoved), "budget-removed")]
[JsonDerivedType(typeof(BudgetAlerted), "budget-alerted")]
[JsonDerivedType(typeof(RequestStarted), "request-started")]
[JsonDerivedType(typeof(RequestsMarked), "requests-marked")]
[JsonDerivedType(typeof(RequestClosed), "request-closed")]
[JsonDerivedType(typeof(RequestsRecovered), "requests-recovered")]
[JsonDerivedType(typeof(LeaseFunded), "lease-funded")]
[JsonDerivedType(typeof(PriceChanged), "price-changed")]
[JsonDerivedType(typeof(CommitmentMade), "commitment-made")]
[JsonDerivedType(typeof(CommitmentEnded), "commitment-ended")]
[JsonDerivedType(typeof(ReservedIdleCharged), "reserved-idle-charged")]
[JsonDerivedType(typeof(CommitmentShortfallCharged), "commitment-shortfall-charged")]
[JsonDerivedType(typeof(IdleDevicesShared), "idle-devices-shared")]
[JsonDerivedType(typeof(CloudStarted), "cloud-started")]
[JsonDerivedType(typeof(CloudStopped), "cloud-stopped")]
public abstract record JournalEvent;

/// <summary>The first record of every journal.</summary>
public sealed record CloudFounded(string Currency, string Version) : JournalEvent;

public sealed record CloudStarted(string Version) : JournalEvent;

public sealed record CloudStopped(string Why) : JournalEvent;

public sealed record UnitSet(Unit Unit) : JournalEvent;

public sealed record UnitRemoved(string Name) : JournalEvent;

public sealed record KeyCreated(ApiKey Key) : JournalEvent;

public sealed record KeyRevoked(string KeyId) : JournalEvent;

public sealed record PriceSet(Price Price) : JournalEvent;

public sealed record WorkloadSubmitted(string WorkloadId, WorkloadSpec Spec) : JournalEvent;

public sealed record WorkloadScaled(string WorkloadId, int Wanted, string Why) : JournalEvent;

public sealed record WorkloadStopRequested(string WorkloadId) : JournalEvent;

/// <summary>A start failed: not again before <paramref name="NotBeforeMs"/>. Zero failures = it runs well again.</summary>
public sealed record WorkloadDelayed(string WorkloadId, int Failures, long NotBeforeMs, string Why) : JournalEvent;

public sealed record WorkloadEnded(string WorkloadId, WorkloadResult Result, int? ExitCode, string Detail) : JournalEvent;

public sealed record LeaseStarted(Lease Lease) : JournalEvent;

public sealed record LeaseEnding(string LeaseId, LeaseEnd Because, string? Beneficiary) : JournalEvent;

/// <param name="ToMs">When the member really ended, which may lie before the record.</param>
public sealed record LeaseEnded(string LeaseId, long ToMs, LeaseEnd Because, int? ExitCode, string? Detail) : JournalEvent;

public sealed record LeaseCharged(LeaseSlice Slice) : JournalEvent;

/// <summary>One settled request. <paramref name="ChargeId"/> is unique for ever.</summary>
/// <param name="Unit">Of the caller's key: it pays.</param>
/// <param name="InputTokens">All input tokens, the cached ones included.</param>
public sealed record TokensCharged(
    string ChargeId,
    string RequestId,
    string KeyId,
    string Unit,
    string Model,
    string WorkloadId,
    string LeaseId,
    string ChipClass,
    string Endpoint,
    long InputTokens,
    long CachedInputTokens,
    long OutputTokens,
    string Outcome,
    bool Estimated,
    int PriceVersion,
    long InputNano,
    long CachedInputNano,
    long OutputNano,
    ImmutableArray<Entry> Entries) : JournalEvent
{
    public long AmountNano => InputNano + CachedInputNano + OutputNano;

    /// <summary>The instant whose price holds: when the request began. Null in journals that did not say: the record's.</summary>
    public long? PricedAtMs { get; init; }

    /// <summary>The contract that held back the price.</summary>
    public string? ContractId { get; init; }

    /// <summary>Why this price, in words; null = it is the list price of <see cref="PriceVersion"/>.</summary>
    public string? Rule { get; init; }

    /// <summary>The month's quantities after this request, where the price depends on them.</summary>
    public IReadOnlyList<Counted>? Counted { get; init; }
}

/// <summary>Tokens per second of one model file on one class, all sequences together; from `bench` or from real work.</summary>
public sealed record SpeedMeasured(string ModelKey, string ChipClass, string Runtime, long DecodeMilliTokensPerSecond, long PromptMilliTokensPerSecond) : JournalEvent;

/// <summary>What a replica was thought to need and what it took.</summary>
public sealed record MemoryObserved(string ModelKey, string Runtime, string ChipClass, long EstimatedMiB, long UsedMiB) : JournalEvent;

/// <summary>The inventory changed. Only what is new or different, so that one broken device of a large cloud is a small record.</summary>
/// <param name="Gone">Names of nodes that no engine knows any more.</param>
public sealed record NodesSeen(ImmutableArray<NodeState> Changed, ImmutableArray<string> Gone) : JournalEvent;

/// <summary>How fast each class runs these workloads, as far as is known now; a class that is not named cannot.</summary>
public sealed record WorkloadsFitted(ImmutableArray<string> WorkloadIds, ImmutableArray<ClassSpeed> Speeds) : JournalEvent;

/// <summary>
/// A cycle of the allocator that decided something. With the state before this record and what was owed, the same plan can be made again.
/// </summary>
/// <param name="HistoryBefore">What units were owed when the cycle began; it changes in cycles that decide nothing and leave no record.</param>
/// <param name="Decisions">One line each, see <see cref="Cloud.DecisionText"/>.</param>
/// <param name="OnlyChanged">The history names only the debts that differ from those of the records before.</param>
public sealed record PlanMade(
    AllocationHistory HistoryBefore, ImmutableArray<string> Decisions,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool OnlyChanged = false) : JournalEvent;
