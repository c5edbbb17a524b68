using System.Text.Json.Serialization;

namespace Amalgam.Contracts;

/// <summary>
/// All wire types of /api/v1, camelCase, null members left out. Members with a default are `set`, not `init`: what the source generator makes gives an
/// init-only member that is missing in the JSON the default of its type instead of ours.
/// </summary>
[JsonSourceGenerationOptions(
    RespectNullableAnnotations = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(RunRequest))]
[JsonSerializable(typeof(ServeRequest))]
[JsonSerializable(typeof(WorkloadView))]
[JsonSerializable(typeof(IReadOnlyList<WorkloadView>))]
[JsonSerializable(typeof(IReadOnlyList<LeaseView>))]
[JsonSerializable(typeof(ExplainView))]
[JsonSerializable(typeof(QuoteView))]
[JsonSerializable(typeof(LogLineView))]
[JsonSerializable(typeof(IReadOnlyList<UnitView>))]
[JsonSerializable(typeof(UnitRequest))]
[JsonSerializable(typeof(KeyRequest))]
[JsonSerializable(typeof(IReadOnlyList<KeyView>))]
[JsonSerializable(typeof(KeyCreatedView))]
[JsonSerializable(typeof(IReadOnlyList<AuditLine>))]
[JsonSerializable(typeof(BillView))]
[JsonSerializable(typeof(IReadOnlyList<PriceView>))]
[JsonSerializable(typeof(PriceView))]
[JsonSerializable(typeof(UnitView))]
[JsonSerializable(typeof(PriceRequest))]
[JsonSerializable(typeof(IReadOnlyList<ChipView>))]
[JsonSerializable(typeof(StatusView))]
[JsonSerializable(typeof(WhoAmI))]
[JsonSerializable(typeof(BenchRequest))]
[JsonSerializable(typeof(IReadOnlyList<BenchLine>))]
[JsonSerializable(typeof(ModelFetchRequest))]
[JsonSerializable(typeof(ModelView))]
[JsonSerializable(typeof(InvoiceRequest))]
[JsonSerializable(typeof(CreditRequest))]
[JsonSerializable(typeof(MoveRequest))]
[JsonSerializable(typeof(IdlePolicyRequest))]
[JsonSerializable(typeof(IReadOnlyList<IdlePolicyView>))]
[JsonSerializable(typeof(PoolBillView))]
[JsonSerializable(typeof(MoveView))]
[JsonSerializable(typeof(IReadOnlyList<MoveView>))]
[JsonSerializable(typeof(IReadOnlyList<DocumentView>))]
[JsonSerializable(typeof(DocumentDetailView))]
[JsonSerializable(typeof(BudgetRequest))]
[JsonSerializable(typeof(BudgetView))]
[JsonSerializable(typeof(IReadOnlyList<BudgetView>))]
[JsonSerializable(typeof(ErrorView))]
[JsonSerializable(typeof(ContractRequest))]
[JsonSerializable(typeof(ContractEndRequest))]
[JsonSerializable(typeof(ContractView))]
[JsonSerializable(typeof(IReadOnlyList<ContractView>))]
[JsonSerializable(typeof(StockReceiveRequest))]
[JsonSerializable(typeof(StockMoveRequest))]
[JsonSerializable(typeof(StockView))]
[JsonSerializable(typeof(IReadOnlyList<StockView>))]
[JsonSerializable(typeof(PolicyRequest))]
[JsonSerializable(typeof(IReadOnlyList<PolicyView>))]
[JsonSerializable(typeof(PolicyTestView))]
[JsonSerializable(typeof(RiskView))]
[JsonSerializable(typeof(ForecastView))]
public sealed partial class ContractsJson : JsonSerializerContext;
