using System.Collections.Immutable;

namespace Amalgam.Core.Ledger.Focus;

/// <summary>
/// The columns of the datasets of FOCUS 1.4 and 1.2 that this cloud has facts for. Source: FinOps Open Cost and Usage Specification, tables "Columns" and "Content Constraints" of each
/// dataset and column (github.com/FinOps-Open-Cost-and-Usage-Spec/FOCUS_Spec, folders specification/datasets/*). Columns that are conditional on what this cloud does not do (tax,
/// regions, tags, a second currency) are left out, as the specification wants.
/// </summary>
public static class FocusSchema
{
    public const string CostAndUsage = "CostAndUsage";
    public const string InvoiceDetail = "InvoiceDetail";
    public const string BillingPeriod = "BillingPeriod";
    public const string ContractCommitment = "ContractCommitment";

    public static ImmutableArray<string> Versions { get; } = ["1.4", "1.2"];

    /// <summary>The datasets of a version. Before 1.3 there is one.</summary>
    public static ImmutableArray<string> Datasets(string version) => version == "1.2" ? [CostAndUsage] : [CostAndUsage, InvoiceDetail, BillingPeriod, ContractCommitment];

    public static ImmutableArray<FocusColumn> Of(string dataset, string version) => dataset switch
    {
        CostAndUsage => version == "1.2" ? CostAndUsage12 : CostAndUsage14,
        InvoiceDetail => InvoiceDetail14,
        BillingPeriod => BillingPeriod14,
        ContractCommitment => ContractCommitment14,
        _ => throw new ArgumentException($"FOCUS {version} has no dataset {dataset}", nameof(dataset)),
    };

    private static readonly string[] ServiceCategories =
    [
        "AI and Machine Learning", "Analytics", "Business Applications", "Compute", "Databases", "Developer Tools", "Multicloud", "Identity", "Integration", "Internet of Things",
        "Management and Governance", "Media", "Migration", "Mobile", "Networking", "Security", "Storage", "Web", "Other",
    ];

    private static readonly ImmutableArray<FocusColumn> Common = Define(CostAndUsage,
    [
        ("BilledCost", "D!"), ("BillingAccountId", "S!"), ("BillingAccountName", "S"), ("BillingCurrency", "S!"), ("BillingPeriodEnd", "T!"), ("BillingPeriodStart", "T!"),
        ("CapacityReservationId", "S"), ("CapacityReservationStatus", "S:Used|Unused"), ("ChargeCategory", "S!:Usage|Purchase|Tax|Credit|Adjustment"), ("ChargeClass", "S:Correction"),
        ("ChargeDescription", "S"), ("ChargeFrequency", "S!?:One-Time|Recurring|Usage-Based"), ("ChargePeriodEnd", "T!"), ("ChargePeriodStart", "T!"),
        ("CommitmentDiscountCategory", "S:Spend|Usage"), ("CommitmentDiscountId", "S"), ("CommitmentDiscountName", "S"), ("CommitmentDiscountQuantity", "D"),
        ("CommitmentDiscountStatus", "S:Used|Unused"), ("CommitmentDiscountType", "S"), ("CommitmentDiscountUnit", "S"), ("ConsumedQuantity", "D"),
        ("ConsumedUnit", "S"), ("ContractedCost", "D!"), ("ContractedUnitPrice", "D"), ("EffectiveCost", "D!"), ("InvoiceIssuerName", "S!"), ("ListCost", "D!"), ("ListUnitPrice", "D"),
        ("PricingCategory", "S:Standard|Dynamic|Committed|Other"), ("PricingQuantity", "D"), ("PricingUnit", "S"), ("ResourceId", "S"), ("ResourceName", "S"), ("ResourceType", "S"),
        ("ServiceCategory", $"S!:{string.Join('|', ServiceCategories)}"), ("ServiceName", "S!"), ("ServiceSubcategory", "S!?"), ("SkuId", "S"), ("SkuMeter", "S"), ("SkuPriceDetails", "J"),
        ("SkuPriceId", "S"), ("SubAccountId", "S"), ("SubAccountName", "S"),
    ]);

    private static readonly ImmutableArray<FocusColumn> CostAndUsage14 = Sorted(Common, Define(CostAndUsage,
        [("ContractApplied", "J"), ("HostProviderName", "S!"), ("InvoiceDetailId", "S"), ("InvoiceId", "S"), ("ServiceProviderName", "S!")]));

    private static readonly ImmutableArray<FocusColumn> CostAndUsage12 = Sorted(Common, Define(CostAndUsage, [("InvoiceId", "S?"), ("ProviderName", "S!"), ("PublisherName", "S!")]));

    private static readonly ImmutableArray<FocusColumn> InvoiceDetail14 = Define(InvoiceDetail,
    [
        ("BilledCost", "D!"), ("BillingAccountId", "S!"), ("BillingCurrency", "S!"), ("BillingPeriodEnd", "T!"), ("BillingPeriodStart", "T!"),
        ("ChargeCategory", "S!:Usage|Purchase|Tax|Credit|Adjustment"), ("InvoiceDetailCreated", "T!"), ("InvoiceDetailDescription", "S"), ("InvoiceDetailGrain", "J"), ("InvoiceDetailId", "S!"),
        ("InvoiceDetailLastUpdated", "T!"), ("InvoiceId", "S!"), ("InvoiceIssueDate", "T"), ("InvoiceIssueStatus", "S!:Open|Issued|Voided"), ("InvoiceIssuerName", "S!"),
        ("PaymentCurrency", "S!"), ("PaymentDueDate", "T"), ("PaymentTerms", "S!"), ("PurchaseOrderNumber", "S"), ("ReferenceInvoiceId", "S!"),
    ]);

    private static readonly ImmutableArray<FocusColumn> BillingPeriod14 = Define(BillingPeriod,
    [
        ("BillingPeriodCreated", "T!"), ("BillingPeriodEnd", "T!"), ("BillingPeriodLastUpdated", "T!"), ("BillingPeriodStart", "T!"), ("BillingPeriodStatus", "S!:Open|Closed"), ("InvoiceIssuerName", "S!"),
    ]);

    private static readonly ImmutableArray<FocusColumn> ContractCommitment14 = Define(ContractCommitment,
    [
        ("BillingCurrency", "S"), ("ContractCommitmentApplicability", "J!"), ("ContractCommitmentBenefitCategory", "S!:Discount|Monetary Pool|Entitlement|Availability|Other"),
        ("ContractCommitmentCategory", "S!:Spend|Usage"), ("ContractCommitmentCost", "D"), ("ContractCommitmentCreated", "T!"), ("ContractCommitmentDescription", "S"),
        ("ContractCommitmentDiscountPercentage", "D"), ("ContractCommitmentDurationType", "S!"),
        ("ContractCommitmentFulfillmentInterval", "S!:Hourly|Daily|Weekly|Monthly|Quarterly|Semi-Annual|Annual|Full Commitment Period|Transactional|Custom"),
        ("ContractCommitmentId", "S!"), ("ContractCommitmentLastUpdated", "T!"),
        ("ContractCommitmentLifecycleStatus", "S!:Proposed|Pending|Active|Exhausted|Expired|Canceled|Superseded"), ("ContractCommitmentModel", "S!:Continuous|Discontinuous"),
        ("ContractCommitmentOfferCategory", "S!:Public|Negotiated"), ("ContractCommitmentPaymentInterval", "S!:One-Time|Monthly|Quarterly|Semi-Annual|Annual|Custom"),
        ("ContractCommitmentPaymentModel", "S!:No Upfront|Partial Upfront|All Upfront"), ("ContractCommitmentPaymentUpfrontPercentage", "D!"),
        ("ContractCommitmentPeriodEnd", "T!"), ("ContractCommitmentPeriodStart", "T!"), ("ContractCommitmentQuantity", "D"), ("ContractCommitmentType", "S!"),
        ("ContractCommitmentUnit", "S"), ("ContractId", "S!"), ("ContractPeriodEnd", "T!"), ("ContractPeriodStart", "T!"), ("InvoiceIssuerName", "S!"), ("ServiceProviderName", "S!"),
    ]);

    /// <summary>`D!` a decimal that is never null; `S?` a text whose column may be left out; `S:A|B` a text of these values.</summary>
    private static ImmutableArray<FocusColumn> Define(string dataset, (string Id, string Form)[] columns) => [.. columns.Select(column =>
    {
        var (form, allowed) = column.Form.Split(':', 2) is [var kind, var values] ? (kind, values.Split('|')) : (column.Form, []);
        var type = form[0] switch { 'D' => FocusType.Decimal, 'T' => FocusType.DateTime, 'J' => FocusType.Json, _ => FocusType.String };
        return new FocusColumn(column.Id, type, !form.Contains('!', StringComparison.Ordinal), !form.Contains('?', StringComparison.Ordinal), $"{dataset}.{column.Id}", [.. allowed]);
    })];

    private static ImmutableArray<FocusColumn> Sorted(params ReadOnlySpan<ImmutableArray<FocusColumn>> parts)
    {
        var all = new List<FocusColumn>();
        foreach (var part in parts)
        {
            all.AddRange(part);
        }

        return [.. all.OrderBy(column => column.Id, StringComparer.Ordinal)];
    }
}
