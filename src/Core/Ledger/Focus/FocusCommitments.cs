using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using Amalgam.Core.Cloud;
using Amalgam.Core.Ledger.Contracts;
using Amalgam.Core.Ledger.Invoices;
using Amalgam.Core.Ledger.Pricing;

namespace Amalgam.Core.Ledger.Focus;

/// <summary>The dataset Contract Commitment of FOCUS 1.4: contracts (devices for their whole period) and commitments (device-hours of every month).</summary>
public static class FocusCommitments
{
    public static FocusTable Table(CloudState state, string version, string top, long nowMs) => FocusDocuments.Table(FocusSchema.ContractCommitment, version,
    [
        .. state.Contracts.All.Where(contract => FocusExport.Within(state, contract.Unit, top)).Select(contract => Row(state, contract, nowMs)),
        .. state.Commitments.All.Where(commitment => FocusExport.Within(state, commitment.Unit, top)).Select(commitment => Row(state, commitment, nowMs)),
    ]);

    private static Dictionary<string, string?> Row(CloudState state, Contract contract, long nowMs)
    {
        var (signedMs, changedMs) = state.Contracts.Recorded(contract.Id);
        var row = Common(state, contract.Id, contract.Unit, contract.ChipClass, contract.FromMs, contract.ToMs);
        row["ContractCommitmentBenefitCategory"] = "Availability";
        row["ContractCommitmentCreated"] = FocusExport.Instant(signedMs);
        row["ContractCommitmentDescription"] = $"{FocusExport.Text(contract.MilliDevices / 1000m)} devices of {contract.ChipClass} for {contract.Unit}";
        row["ContractCommitmentFulfillmentInterval"] = "Hourly";
        row["ContractCommitmentLastUpdated"] = FocusExport.Instant(changedMs);
        row["ContractCommitmentLifecycleStatus"] = contract.EndedMs is not null && contract.EndMs <= nowMs ? "Canceled" : Lifecycle(contract.FromMs, contract.EndMs, nowMs);
        row["ContractCommitmentModel"] = "Continuous";
        row["ContractCommitmentQuantity"] = Hours((decimal)(contract.ToMs - contract.FromMs) * contract.MilliDevices / 3_600_000_000m);
        row["ContractCommitmentType"] = contract.Reserved ? "Reserved devices" : "Guaranteed devices";
        return row;
    }

    private static Dictionary<string, string?> Row(CloudState state, Commitment commitment, long nowMs)
    {
        var months = CalendarMonth.Of(commitment.ToMs - 1).Number - CalendarMonth.Of(commitment.FromMs).Number + 1;
        var row = Common(state, commitment.Id, commitment.Unit, commitment.ChipClass, commitment.FromMs, commitment.ToMs);
        row["ContractCommitmentBenefitCategory"] = "Discount";
        row["ContractCommitmentCreated"] = row["ContractCommitmentLastUpdated"] = FocusExport.Instant(state.Commitments.MadeMs(commitment.Id) ?? commitment.FromMs);
        row["ContractCommitmentDescription"] = $"{commitment.DeviceHours} device-hours of {commitment.ChipClass} for {commitment.Unit} in every month";
        row["ContractCommitmentDiscountPercentage"] = FocusExport.Text(Discount(state, commitment));
        row["ContractCommitmentFulfillmentInterval"] = "Monthly";
        row["ContractCommitmentLifecycleStatus"] = commitment.EndedMs is not null && commitment.EndMs <= nowMs ? "Canceled" : Lifecycle(commitment.FromMs, commitment.EndMs, nowMs);
        row["ContractCommitmentModel"] = "Discontinuous";
        row["ContractCommitmentQuantity"] = Hours((decimal)commitment.DeviceHours * months);
        row["ContractCommitmentType"] = "Monthly device-hours";
        return row;
    }

    private static Dictionary<string, string?> Common(CloudState state, string id, string unit, string chipClass, long fromMs, long toMs)
    {
        var house = Invoicing.Of(state.Units, state.Units.Root.Name, null).Name;
        return new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["BillingCurrency"] = state.Currency,
            ["ContractCommitmentApplicability"] = Applicability(state, unit, chipClass),
            ["ContractCommitmentCategory"] = "Usage",
            ["ContractCommitmentDurationType"] = Duration(fromMs, toMs),
            ["ContractCommitmentId"] = id,
            ["ContractCommitmentOfferCategory"] = "Negotiated",
            ["ContractCommitmentPaymentInterval"] = "Monthly",
            ["ContractCommitmentPaymentModel"] = "No Upfront",
            ["ContractCommitmentPaymentUpfrontPercentage"] = "0",
            ["ContractCommitmentPeriodStart"] = FocusExport.Instant(fromMs),
            ["ContractCommitmentPeriodEnd"] = FocusExport.Instant(toMs),
            ["ContractCommitmentUnit"] = "Device-Hours",
            ["ContractId"] = id,
            ["ContractPeriodStart"] = FocusExport.Instant(fromMs),
            ["ContractPeriodEnd"] = FocusExport.Instant(toMs),
            ["InvoiceIssuerName"] = house,
            ["ServiceProviderName"] = house,
        };
    }

    /// <summary>The unit with all below it, on one chip class.</summary>
    private static string Applicability(CloudState state, string unit, string chipClass)
    {
        static JsonObject Rule(string dimension, IEnumerable<string> values) =>
            new() { ["Dimension"] = dimension, ["Operator"] = "In", ["Values"] = new JsonArray([.. values.Select(value => (JsonNode)JsonValue.Create(value))]) };
        var units = state.Units.Find(unit) is null ? [unit] : state.Units.Subtree(unit).Select(item => item.Unit.Name);
        return new JsonObject { ["InclusionOperator"] = "And", ["Inclusions"] = new JsonArray(Rule("SubAccountId", units), Rule("x_ChipClass", [chipClass])) }.ToJsonString();
    }

    /// <summary>Of the list price when it begins; a share from 0 to 1.</summary>
    private static decimal Discount(CloudState state, Commitment commitment) =>
        state.Prices.List(PriceKind.DeviceHour, commitment.ChipClass, null, commitment.FromMs)?.DeviceHourNano is > 0 and var list && list > commitment.DeviceHourNano
            ? decimal.Round(1 - ((decimal)commitment.DeviceHourNano / list), 6) : 0;

    private static string Lifecycle(long fromMs, long toMs, long nowMs) => nowMs < fromMs ? "Pending" : nowMs < toMs ? "Active" : "Expired";

    /// <summary>`2 Years`, `3 Months`, `10 Days`: calendar units where they fit, else days, rounded up.</summary>
    private static string Duration(long fromMs, long toMs)
    {
        var (from, to) = (DateTimeOffset.FromUnixTimeMilliseconds(fromMs), DateTimeOffset.FromUnixTimeMilliseconds(toMs));
        var months = ((to.Year - from.Year) * 12) + to.Month - from.Month;
        return months > 0 && from.AddMonths(months) == to ? months % 12 == 0 ? Count(months / 12, "Year") : Count(months, "Month") : Count((toMs - fromMs + BillBook.DayMs - 1) / BillBook.DayMs, "Day");
    }

    private static string Count(long number, string what) => string.Create(CultureInfo.InvariantCulture, $"{number} {what}{(number == 1 ? "" : "s")}");

    private static string Hours(decimal hours) => FocusExport.Text(decimal.Round(hours, 12));
}
