using System.Text.Json;
using System.Text.RegularExpressions;

namespace Amalgam.Core.Ledger.Focus;

/// <summary>Rules about what was agreed: contracted prices, commitments, reservations. Sections are those of the specification's column pages, heading "Requirements".</summary>
internal static partial class FocusAgreementRules
{
    private static readonly string[] OfCommitment =
        ["CommitmentDiscountCategory", "CommitmentDiscountName", "CommitmentDiscountQuantity", "CommitmentDiscountStatus", "CommitmentDiscountType", "CommitmentDiscountUnit"];

    public static IEnumerable<FocusViolation> CostAndUsage(FocusTable table, int row)
    {
        string? Cell(string column) => table.Cell(row, column);
        FocusViolation Wrong(string column, string detail) => new($"CostAndUsage.{column}", row + 1, column, detail);

        // Where nothing was negotiated list and contract are one: our own column says which rule set the price.
        if (Cell("x_Rule") == "list price" && Cell("ContractedUnitPrice") != Cell("ListUnitPrice"))
        {
            yield return Wrong("ContractedUnitPrice", "must equal ListUnitPrice when no negotiated pricing terms apply");
        }

        if (Cell("ContractedUnitPrice") is { } agreed && agreed == Cell("ListUnitPrice") && Cell("ContractedCost") != Cell("ListCost"))
        {
            yield return Wrong("ContractedCost", "must equal ListCost when no negotiated pricing terms apply");
        }

        foreach (var wrong in Commitment(table, row).Concat(Reservation(table, row)).Concat(Contract(table, row)))
        {
            yield return wrong;
        }
    }

    public static IEnumerable<FocusViolation> ContractCommitment(FocusTable table, int row)
    {
        string? Cell(string column) => table.Cell(row, column);
        FocusViolation Wrong(string column, string detail) => new($"ContractCommitment.{column}", row + 1, column, detail);

        foreach (var wrong in FocusRowRules.Periods(table, row, "ContractPeriodStart", "ContractPeriodEnd")
            .Concat(FocusRowRules.Periods(table, row, "ContractCommitmentPeriodStart", "ContractCommitmentPeriodEnd")))
        {
            yield return wrong;
        }

        var usage = Cell("ContractCommitmentCategory") == "Usage";
        if (usage && (Cell("ContractCommitmentQuantity") is null || Cell("ContractCommitmentUnit") is null))
        {
            yield return Wrong("ContractCommitmentQuantity", "quantity and unit must not be null for a commitment of usage");
        }

        if (!usage && Cell("ContractCommitmentCost") is null)
        {
            yield return Wrong("ContractCommitmentCost", "must not be null for a commitment of spend");
        }

        var (benefit, share) = (Cell("ContractCommitmentBenefitCategory"), FocusRowRules.Number(Cell("ContractCommitmentDiscountPercentage")));
        if ((benefit == "Discount" && share is null) || (benefit == "Availability" && share is not null) || share is < 0 or > 1)
        {
            yield return Wrong("ContractCommitmentDiscountPercentage", "is a share from 0 to 1, not null for a discount and null for availability");
        }

        var upfront = FocusRowRules.Number(Cell("ContractCommitmentPaymentUpfrontPercentage"));
        if (Cell("ContractCommitmentPaymentModel") switch { "No Upfront" => upfront != 0, "All Upfront" => upfront != 1, _ => upfront is not (> 0 and < 1) })
        {
            yield return Wrong("ContractCommitmentPaymentUpfrontPercentage", "is 0 for No Upfront, 1 for All Upfront, between them for Partial Upfront");
        }

        if (Cell("ContractCommitmentPaymentModel") == "All Upfront" && Cell("ContractCommitmentPaymentInterval") != "One-Time")
        {
            yield return Wrong("ContractCommitmentPaymentInterval", "must be One-Time when all is paid upfront");
        }

        if (Cell("ContractCommitmentModel") == "Continuous" && Cell("ContractCommitmentFulfillmentInterval") == "Full Commitment Period")
        {
            yield return Wrong("ContractCommitmentFulfillmentInterval", "must not be the full period when the model is Continuous");
        }

        if (Cell("ContractCommitmentDurationType") is { } duration && !Duration().IsMatch(duration))
        {
            yield return Wrong("ContractCommitmentDurationType", $"'{duration}' is no number with a unit of time, such as 1 Year");
        }

        if (Cell("ContractCommitmentApplicability") is { } applicability && !IsApplicability(applicability))
        {
            yield return Wrong("ContractCommitmentApplicability", "is global, or complex, or has InclusionOperator and Inclusions");
        }
    }

    /// <summary>Ids of the commitments that a charge counts for; none for a text that is not what the specification wants.</summary>
    internal static IEnumerable<string> Applied(string? json) =>
        Elements(json) is { } elements ? elements.Select(element => Text(element, "ContractCommitmentId")).OfType<string>() : [];

    private static IEnumerable<FocusViolation> Commitment(FocusTable table, int row)
    {
        string? Cell(string column) => table.Cell(row, column);
        FocusViolation Wrong(string column, string detail) => new($"CostAndUsage.{column}", row + 1, column, detail);
        var (id, status) = (Cell("CommitmentDiscountId"), Cell("CommitmentDiscountStatus"));
        foreach (var column in OfCommitment.Where(column => id is null && Cell(column) is not null))
        {
            yield return Wrong(column, "must be null when CommitmentDiscountId is null");
        }

        var usage = Cell("ChargeCategory") == "Usage";
        foreach (var column in OfCommitment.Where(column => id is not null && Cell(column) is null && (usage || column is "CommitmentDiscountCategory" or "CommitmentDiscountType")))
        {
            yield return Wrong(column, "must not be null when CommitmentDiscountId is not null");
        }

        if (usage && Cell("ChargeClass") != "Correction" && (Cell("PricingCategory") == "Committed") != (id is not null))
        {
            yield return Wrong("PricingCategory", "is Committed exactly when a commitment discount applies");
        }

        if (status == "Unused" && Cell("ResourceId") != id)
        {
            yield return Wrong("CommitmentDiscountId", "must be equal to ResourceId for the unused portion of the commitment discount");
        }

        if (status == "Unused" && Cell("ConsumedQuantity") is not null)
        {
            yield return Wrong("ConsumedQuantity", "must be null when CommitmentDiscountStatus is Unused");
        }
    }

    private static IEnumerable<FocusViolation> Reservation(FocusTable table, int row)
    {
        string? Cell(string column) => table.Cell(row, column);
        FocusViolation Wrong(string column, string detail) => new($"CostAndUsage.{column}", row + 1, column, detail);
        var (id, status, idle) = (Cell("CapacityReservationId"), Cell("CapacityReservationStatus"), Cell("SkuMeter")?.StartsWith("Reserved idle", StringComparison.Ordinal) == true);
        if (id is null && status is not null)
        {
            yield return Wrong("CapacityReservationStatus", "must be null when CapacityReservationId is null");
        }

        if (id is not null && status is null && Cell("ChargeCategory") == "Usage")
        {
            yield return Wrong("CapacityReservationStatus", "must not be null for the usage of a reservation");
        }

        if (idle && id is null)
        {
            yield return Wrong("CapacityReservationId", "must not be null when a charge represents the unused portion of a capacity reservation");
        }

        if (id is not null && idle != (status == "Unused"))
        {
            yield return Wrong("CapacityReservationStatus", "is Unused exactly for the unused portion of a capacity reservation");
        }
    }

    /// <summary>ContractAppliedObject: an array of elements, each with its contract, its commitment, and a cost or a quantity with its unit.</summary>
    private static IEnumerable<FocusViolation> Contract(FocusTable table, int row)
    {
        FocusViolation Wrong(string detail) => new("CostAndUsage.ContractApplied", row + 1, "ContractApplied", detail);
        var json = table.Cell(row, "ContractApplied");
        if (json is null)
        {
            // Not of FOCUS 1.2, which has no such column.
            if (table.Columns.Contains("ContractApplied") && (table.Cell(row, "CommitmentDiscountId") ?? table.Cell(row, "CapacityReservationId")) is not null)
            {
                yield return Wrong("must not be null when contract commitments are applied to the charge");
            }

            yield break;
        }

        if (Elements(json) is not { Count: > 0 } elements)
        {
            yield return Wrong("must have an array Elements with at least one contract commitment");
            yield break;
        }

        foreach (var element in elements)
        {
            var quantity = element.TryGetProperty("ContractCommitmentAppliedQuantity", out _);
            if (Text(element, "ContractId") is null || Text(element, "ContractCommitmentId") is null)
            {
                yield return Wrong("each element must name a ContractId and a ContractCommitmentId");
            }
            else if (quantity != (Text(element, "ContractCommitmentAppliedUnit") is not null) || (!quantity && !element.TryGetProperty("ContractCommitmentAppliedCost", out _)))
            {
                yield return Wrong("each element must have a cost, or a quantity with its unit");
            }
        }

        var unused = table.Cell(row, "CommitmentDiscountStatus") == "Unused" || table.Cell(row, "CapacityReservationStatus") == "Unused";
        if (unused && !Applied(json).Contains(table.Cell(row, "ResourceId"), StringComparer.Ordinal))
        {
            yield return Wrong("ContractCommitmentId must match ResourceId when the charge represents an unused portion of that contract commitment");
        }
    }

    private static bool IsApplicability(string json)
    {
        using var read = JsonDocument.Parse(json);
        bool Is(string name) => read.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;
        var rules = read.RootElement.TryGetProperty("Inclusions", out var inclusions) && inclusions.ValueKind == JsonValueKind.Array && inclusions.GetArrayLength() > 0
            && Text(read.RootElement, "InclusionOperator") is "And" or "Or";
        return (Is("IsGlobalScope") ? 1 : 0) + (Is("IsComplexScope") ? 1 : 0) + (rules ? 1 : 0) == 1;
    }

    private static List<JsonElement>? Elements(string? json)
    {
        try
        {
            using var read = JsonDocument.Parse(json ?? "{}");
            return read.RootElement.ValueKind == JsonValueKind.Object && read.RootElement.TryGetProperty("Elements", out var elements) && elements.ValueKind == JsonValueKind.Array
                ? [.. elements.EnumerateArray().Where(element => element.ValueKind == JsonValueKind.Object).Select(element => element.Clone())]
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;

    [GeneratedRegex("^[1-9][0-9]* (Minute|Hour|Day|Week|Month|Quarter|Year)s?$")]
    private static partial Regex Duration();
}
